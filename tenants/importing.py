"""Linked accounts that come from elsewhere, under the ids and tokens that their owner has stored."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import transaction

from tenants import accounts, audit, door, permissions
from tenants.models import LinkedAccount
from tenants.vault import Secret

#: What an account says of itself until somebody brings its credential.
WAITS = "It was imported without a credential: import that, or have it linked again."


class NotImported(ValueError):
    """The account cannot be taken over as it is; the sentence says why and what to do."""


def bring_in(
    account_id: uuid.UUID,
    token: Secret,
    *,
    category: str,
    integration: str,
    end_user_origin_id: str,
    end_user_organization_name: str,
    end_user_email_address: str,
    is_test: bool,
    completed_at: datetime,
) -> LinkedAccount:
    """An account of the tenant in scope, without a credential; it rests until it is linked again.

    Within the transaction that is open. Raises NotImported, and then nothing may be kept of that transaction.
    """
    account = LinkedAccount(
        id=account_id,
        category=category,
        integration=integration,
        end_user_origin_id=end_user_origin_id,
        end_user_organization_name=end_user_organization_name,
        end_user_email_address=end_user_email_address,
        is_test=is_test,
        completed_at=completed_at,
        status=LinkedAccount.Status.RELINK_NEEDED,
        status_detail=WAITS,
        permissions=permissions.limits(permissions.of_all()),
    )
    accounts.take_turns(category=category, integration=integration, end_user_origin_id=end_user_origin_id)
    refuse_taken(account)
    if not door.claim(accounts.ID_DOOR, Secret(str(account_id)), reference=account_id):
        raise NotImported(
            "This id is taken in this installation: by another tenant's account, or imported just now."
        )
    if not door.claim(accounts.TOKEN_DOOR, token, reference=account_id):
        raise NotImported("This account token is taken in this installation, by another linked account.")
    account.store_token(token)
    with transaction.atomic():
        account.save(force_insert=True)
    audit.record(
        "account.imported",
        subject=str(account_id),
        integration=integration,
        end_user_origin_id=end_user_origin_id,
    )
    return account


def refuse_taken(account: LinkedAccount) -> None:
    """Raise NotImported where the tenant has an account with this id, or one in its place."""
    found = LinkedAccount.objects.filter(id=account.id).first()
    if found is not None and found.deleted_at is not None:
        raise NotImported("It was imported and deleted here since, so its id is used up.")
    if found is not None:
        raise NotImported("A linked account with this id is here already, and was not imported.")
    same = accounts.linked(
        category=account.category,
        integration=account.integration,
        end_user_origin_id=account.end_user_origin_id,
    )
    if same is not None:
        raise NotImported(
            f"{account} was linked here already, as {same.id}. Delete that account (delete-account) and import again;"
            " or leave it: its records have ids of this installation."
        )
