"""Linked accounts: linking, linking again, finding by token, deleting."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from tenants import audit, door, permissions
from tenants.events import EventType
from tenants.models import Door, LinkedAccount, LinkToken, Permission
from tenants.scope import current_tenant
from tenants.tokens import Prefix, digest, new_token
from tenants.vault import Randomness, Secret

#: Doors to an account: by its token, and by its id.
TOKEN_DOOR = "account token"  # noqa: S105 - a kind of token, not one
ID_DOOR = "account id"


class OtherRemoteAccount(ValueError):
    """A relink met another account at the provider than the one that was linked."""


class OtherKind(ValueError):
    """A production account is where a test account was to be linked, or the other way round."""


@dataclass(frozen=True)
class _Linking:
    """What is being linked."""

    category: str
    integration: str
    end_user_origin_id: str
    about: Mapping[str, Any]
    credential: Mapping[str, Secret]
    remote_identity: str | None
    former_identity: str | None
    is_test: bool
    replaces_remote_account: bool
    is_renamed: bool
    now: datetime
    randomness: Randomness = field(repr=False)


def link(
    *,
    category: str,
    integration: str,
    end_user_origin_id: str,
    end_user_organization_name: str = "",
    end_user_email_address: str = "",
    settings: Mapping[str, Any],
    credential: Mapping[str, Secret],
    remote_identity: str | None = None,
    former_identity: str | None = None,
    is_test: bool = False,
    replaces_remote_account: bool = False,
    is_renamed: bool = False,
    now: datetime | None = None,
    randomness: Randomness = os.urandom,
) -> tuple[LinkedAccount, Secret, bool]:
    """Link an end user's account of the tenant in scope; returns it, its token, whether this was a relink.

    The same end user, category and integration is a relink: same id, same token, new settings and credential
    (a new token too if the old one was given up with a lost master key).
    remote_identity: the provider's own name of the account, None if it tells none. former_identity: another one by
    which it may be known from before. OtherRemoteAccount, and nothing is changed, if a relink meets another than the
    first time; unless it replaces_remote_account, whose records are the caller's to see to, or is_renamed, so that it
    is the same under another name. OtherKind, and nothing is changed, if only one of them is a test account.
    """
    linking = _Linking(
        category=category,
        integration=integration,
        end_user_origin_id=end_user_origin_id,
        about={
            "end_user_organization_name": end_user_organization_name,
            "end_user_email_address": end_user_email_address,
            "settings": dict(settings),
        },
        credential=credential,
        remote_identity=remote_identity,
        former_identity=former_identity,
        is_test=is_test,
        replaces_remote_account=replaces_remote_account,
        is_renamed=is_renamed,
        now=now or timezone.now(),
        randomness=randomness,
    )
    with transaction.atomic():
        found = _linked_before(linking)
        account = _relink(found, linking) if found else _first_link(linking)
        told: dict[str, Any] = {"integration": integration, "end_user_origin_id": end_user_origin_id}
        audit.record(_action(linking, relinked=found is not None), subject=str(account.id), **told)
        return account, account.token(), found is not None


def linked(*, category: str, integration: str, end_user_origin_id: str) -> LinkedAccount | None:
    """The account that a link of these would be a relink of, or None."""
    found: LinkedAccount | None = LinkedAccount.objects.filter(
        category=category, integration=integration, end_user_origin_id=end_user_origin_id, deleted_at=None
    ).first()
    return found


def by_token(token: str | Secret) -> LinkedAccount | None:
    """The account of the tenant in scope that has this token, or None."""
    secret = token if isinstance(token, Secret) else Secret(token)
    found: LinkedAccount | None = LinkedAccount.objects.filter(
        token_digest=digest(TOKEN_DOOR, secret), deleted_at=None
    ).first()
    return found


def locate(token_or_id: str | Secret) -> tuple[uuid.UUID, uuid.UUID] | None:
    """(tenant id, account id) of an account token or id, for who does not know the tenant; needs no scope."""
    secret = token_or_id if isinstance(token_or_id, Secret) else Secret(token_or_id)
    entered = door.enter(TOKEN_DOOR, secret) or door.enter(ID_DOOR, secret)
    return (entered.tenant_id, entered.reference) if entered and entered.reference else None


def only_account(*, category: str, end_user_origin_id: str, is_test: bool) -> LinkedAccount | None:
    """The end user's account of this kind in this category if there is exactly one: the one to relink."""
    found: list[LinkedAccount] = list(
        LinkedAccount.objects.filter(
            category=category, end_user_origin_id=end_user_origin_id, is_test=is_test, deleted_at=None
        )[:2]
    )
    return found[0] if len(found) == 1 else None


def refuse_other_kind(account: LinkedAccount, *, is_test: bool) -> None:
    """Raise OtherKind where a link of this kind would be a relink of an account that is of the other."""
    if account.is_test == is_test:
        return
    kinds = {True: "a test account", False: "a production account"}
    asked, advice = kinds[is_test], "" if is_test else ", link that one as a test account,"
    raise OtherKind(
        f"Linked account {account.id} of {account} is {kinds[account.is_test]}, and {asked} was to be linked: the one"
        f" never becomes the other. Link under another id of the end user{advice} or delete the linked account first."
    )


def delete(account: LinkedAccount, *, now: datetime | None = None) -> bool:
    """End a linked account: erase token and credential, close its doors. False if it was ended before.

    Its records, and what else was read through it, are erased by the caller.
    """
    with transaction.atomic():
        row = LinkedAccount.objects.select_for_update().get(pk=account.pk)
        if row.deleted_at is not None:
            return False
        row.deleted_at = now or timezone.now()
        row.token_digest, row.sealed_token, row.sealed_credential = None, b"", b""
        row.save()
        door.close_doors(row.pk)
        for told in (Permission, LinkToken):
            told.objects.filter(linked_account_id=row.pk).delete()
        event_type = EventType.DELETED_LINKED_ACCOUNT
        audit.record(
            "account.deleted", subject=str(row.pk), event_type=event_type, integration=row.integration
        )
    return True


def replace_token(account: LinkedAccount, *, randomness: Randomness = os.urandom) -> Secret:
    """A new account token in the place of the one that there was, which opens nothing from now on."""
    with transaction.atomic():
        row = LinkedAccount.objects.select_for_update().get(pk=account.pk)
        _give_token(row, randomness)
        row.save(update_fields=["sealed_token", "token_digest"])
        audit.record("account.token_replaced", subject=str(row.pk))
        token: Secret = row.token()
    return token


def take_turns(*, category: str, integration: str, end_user_origin_id: str) -> None:
    """Let nobody else make an account of these until the open transaction ends."""
    same = [str(current_tenant()), category, integration, end_user_origin_id]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", ["\x1f".join(same)])


def _linked_before(linking: _Linking) -> LinkedAccount | None:
    """The account that this would relink. Two links of the same account at once go one after the other."""
    same = {
        "category": linking.category,
        "integration": linking.integration,
        "end_user_origin_id": linking.end_user_origin_id,
    }
    take_turns(**same)
    found: LinkedAccount | None = (
        LinkedAccount.objects.filter(**same, deleted_at=None).select_for_update().first()
    )
    return found


def _first_link(linking: _Linking) -> LinkedAccount:
    account = LinkedAccount(
        category=linking.category,
        integration=linking.integration,
        end_user_origin_id=linking.end_user_origin_id,
        remote_identity=linking.remote_identity,
        is_test=linking.is_test,
        completed_at=linking.now,
        permissions=permissions.limits(permissions.of_all()),
        **linking.about,
    )
    _give_token(account, linking.randomness)
    account.store_credential(linking.credential)
    account.save(force_insert=True)
    door.open_door(ID_DOOR, Secret(str(account.id)), reference=account.id)
    return account


def _relink(account: LinkedAccount, linking: _Linking) -> LinkedAccount:
    refuse_other_kind(account, is_test=linking.is_test)
    if not (linking.replaces_remote_account or linking.is_renamed):
        _refuse_other_remote(account, linking.remote_identity, linking.former_identity)
    for name, value in linking.about.items():
        setattr(account, name, value)
    account.remote_identity = linking.remote_identity or account.remote_identity
    account.status, account.status_detail = LinkedAccount.Status.COMPLETE, ""
    account.store_credential(linking.credential)
    if not account.sealed_token:  # it was given up together with a lost master key
        _give_token(account, linking.randomness)
    account.save()
    return account


def _action(linking: _Linking, *, relinked: bool) -> str:
    if relinked and linking.replaces_remote_account:
        return "account.replaced"
    return "account.relinked" if relinked else "account.linked"


def _give_token(account: LinkedAccount, randomness: Randomness) -> None:
    """A new token, in place of an earlier one if there was one; saving is the caller's."""
    Door.objects.filter(tenant_id=account.tenant_id, reference=account.id, kind=TOKEN_DOOR).delete()
    token = new_token(Prefix.ACCOUNT, randomness)
    account.store_token(token)
    door.open_door(TOKEN_DOOR, token, reference=account.id)


def _refuse_other_remote(account: LinkedAccount, remote_identity: str | None, former: str | None) -> None:
    known = account.remote_identity
    if known and remote_identity and known not in (remote_identity, former):
        raise OtherRemoteAccount(
            f"Linked account {account.id} is {known!r} at {account.integration}; this credential opens "
            f"{remote_identity!r}. Use a credential of the same account; if it is the same, whose address or name was"
            " changed there, say so: manage.py link --renamed. Or, if that one is lost, have this one take its place:"
            " manage.py link --replaces-remote-account. If both are to be there, link this one under another id of the"
            " end user (--end-user): each has one account of a category at an integration."
        )
