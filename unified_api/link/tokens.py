"""Link tokens and public tokens: how a tenant lets its customer link an account, and gets hold of that.

    issue ─▶ link token ─▶ (the customer gives settings and secrets) complete ─▶ public token ─▶ exchange ─▶ account

A link token is used up when an account was linked by it, and not before; a public token when it is exchanged.
"""

from __future__ import annotations

import datetime as dt
import os
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import transaction

from tenants import accounts, audit, door, permissions
from tenants.models import LinkedAccount, LinkToken
from tenants.tokens import Prefix, new_token
from tenants.vault import Randomness, Secret
from unified_api.link.linking import LinkRefused, Request, link
from unified_api.sync import clock
from unified_api.sync.permissions import set_own

LINK_DOOR: Final = "link token"
PUBLIC_DOOR: Final = "public token"
#: How long a public token can be exchanged.
PUBLIC_LASTS: Final = dt.timedelta(minutes=10)


@dataclass(frozen=True)
class Wish:
    """For whom a link token is, and what it allows; the fields are those of `LinkToken`."""

    end_user_origin_id: str
    end_user_organization_name: str
    end_user_email_address: str
    categories: tuple[str, ...]
    lasts: dt.timedelta
    integration: str = ""
    is_test: bool = False
    are_syncs_disabled: bool = False
    language: str = "en"
    permissions: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)


def issue(wish: Wish, *, randomness: Randomness = os.urandom) -> tuple[LinkToken, Secret]:
    """A link token of the tenant in scope.

    Without an integration, for an end user who has exactly one account in the only category, it links that one again;
    a test account by a token for these alone. Raises `tenants.accounts.OtherKind` where the integration that it names
    has an account of the end user that is of the other kind.
    """
    text = new_token(Prefix.LINK, randomness)
    now = clock.now()
    about = {name: value for name, value in vars(wish).items() if name != "lasts"}
    with transaction.atomic():
        _refuse_other_kind(wish)
        LinkToken.objects.filter(used_at=None, expires_at__lt=now).delete()  # nobody can use them
        made = LinkToken(**about, created_at=now, expires_at=now + wish.lasts)
        made.integration = made.integration or _linked_before(wish)
        made.save(force_insert=True)
        door.open_door(LINK_DOOR, text, reference=made.id, expires_at=made.expires_at)
        audit.record("link_token.issued", subject=str(made.id), end_user_origin_id=wish.end_user_origin_id)
    return made, text


def _refuse_other_kind(wish: Wish) -> None:
    """No customer is sent to a page that must refuse him."""
    if len(wish.categories) != 1 or not wish.integration:
        return
    found = accounts.linked(
        category=wish.categories[0],
        integration=wish.integration,
        end_user_origin_id=wish.end_user_origin_id,
    )
    if found is not None:
        accounts.refuse_other_kind(found, is_test=wish.is_test)


def _linked_before(wish: Wish) -> str:
    if len(wish.categories) != 1:
        return ""
    found = accounts.only_account(
        category=wish.categories[0], end_user_origin_id=wish.end_user_origin_id, is_test=wish.is_test
    )
    return found.integration if found else ""


def tenant_of(text: Secret) -> uuid.UUID | None:
    """The tenant whose link token this is; None for one that is unknown, used up or expired. Needs no scope."""
    entered = door.enter(LINK_DOOR, text, now=clock.now())
    return entered.tenant_id if entered else None


def complete(
    text: Secret,
    values: Mapping[str, str],
    *,
    integration: str = "",
    told: Mapping[str, str] | None = None,
    randomness: Randomness = os.urandom,
) -> Secret:
    """Link an account of the tenant in scope by its link token; the public token by which the tenant gets hold of it.

    values: settings and secrets, as the adapter declares them. integration: where the token names none.
    told: see `linking.Request`. Raises LinkRefused; the token can be used again then.
    """
    token = named_by(text)
    public = new_token(Prefix.LINKED, randomness)
    request = Request(
        integration=integration_of(token, integration),
        category=token.categories[0] if len(token.categories) == 1 else "",
        categories=tuple(token.categories),
        end_user_origin_id=token.end_user_origin_id,
        end_user_organization_name=token.end_user_organization_name,
        end_user_email_address=token.end_user_email_address,
        is_test=token.is_test,
        are_syncs_disabled=token.are_syncs_disabled,
        values=values,
        told=told or {},
    )

    def stored(account: LinkedAccount) -> None:
        _use_up(token, text, account)
        if token.permissions:
            set_own(account, permissions.read(token.permissions))
        door.open_door(PUBLIC_DOOR, public, reference=account.id, expires_at=clock.now() + PUBLIC_LASTS)

    link(request, stored=stored)
    return public


def named_by(text: Secret) -> LinkToken:
    """The link token of the tenant in scope; raises LinkRefused for one that cannot be used (any more)."""
    entered = door.enter(LINK_DOOR, text, now=clock.now())
    with transaction.atomic():
        rows = LinkToken.objects.filter(id=entered.reference) if entered else LinkToken.objects.none()
        found: LinkToken | None = rows.first()
    if found is None:
        raise LinkRefused("This link token is unknown, used up or expired; ask for a new one.")
    return found


def integration_of(token: LinkToken, wanted: str) -> str:
    """The slug that is to be linked by a token, which may leave it open; raises LinkRefused."""
    if token.integration and wanted not in {"", token.integration}:
        raise LinkRefused(f"This link token is for {token.integration} alone.")
    return str(token.integration or wanted)


def _use_up(token: LinkToken, text: Secret, account: LinkedAccount) -> None:
    """Within the transaction that links: whoever came second with the same token links nothing."""
    if not door.use_up(LINK_DOOR, text, now=clock.now()):
        raise LinkRefused("This link token was used, or expired, in the meantime; ask for a new one.")
    token.used_at, token.linked_account_id = clock.now(), account.id
    token.save(update_fields=["used_at", "linked_account_id"])


def exchange(text: Secret, may_have: Callable[[LinkedAccount], bool]) -> LinkedAccount | None:
    """The account behind a public token of the tenant in scope, which is used up by that; None if there is none.

    may_have: whether the caller reaches that account; else the token stays as it is.
    """
    entered = door.enter(PUBLIC_DOOR, text, now=clock.now())
    if entered is None:
        return None
    with transaction.atomic():
        account: LinkedAccount | None = LinkedAccount.objects.filter(
            id=entered.reference, deleted_at=None
        ).first()
        if account is None or not may_have(account):
            return None
        return account if door.use_up(PUBLIC_DOOR, text, now=clock.now()) else None
