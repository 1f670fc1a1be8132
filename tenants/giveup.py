"""Going on without a master key that is lost for good: what was sealed under it is erased, everything else stays.

Each tenant under it gets a new key of its own, under an id of its own: a process that holds the old one opened looks
again when it meets the new one. Its linked accounts have to be linked again: they keep their ids and
records, and their account tokens work until then; whoever links again gets a new one, since nobody can read the old.
"""

from __future__ import annotations

import uuid

from django.db import transaction

from tenants import audit, secrets
from tenants.masters import master_keys
from tenants.models import LinkedAccount, Tenant
from tenants.operators import as_operator
from tenants.scope import scope
from tenants.sealed import sealed_columns
from tenants.vault import KeyRing

DETAIL = "The key that this account's credential was sealed under is lost; link it again."


class StillThere(ValueError):
    """The key is not lost: the ring holds it."""


def give_up(key_id: str, reason: str) -> int:
    """Erase what is sealed under this lost master key; returns of how many tenants. Safe to repeat.

    StillThere: the ring holds a key of this id.
    """
    if key_id in master_keys():
        raise StillThere(
            f"MASTER_KEYS holds a key {key_id}, so nothing was given up; if it is another one than the lost one, give"
            " it another id first."
        )
    with as_operator(reason):
        found = list(Tenant.objects.filter(sealed_under=key_id).order_by("id").values_list("id", flat=True))
    return sum(_give_up(tenant_id, key_id) for tenant_id in found)


def _give_up(tenant_id: uuid.UUID, key_id: str) -> bool:
    """One tenant, in one transaction."""
    with scope(tenant_id), transaction.atomic():
        # In the order in which linking takes them: first an account, then its tenant.
        list(LinkedAccount.objects.select_for_update().order_by("id").values_list("id"))
        row = Tenant.objects.select_for_update().filter(pk=tenant_id, sealed_under=key_id).first()
        if row is None:  # done by somebody else, or deleted
            return False
        row.sealed_key = secrets.wrap(KeyRing(secrets.later_key()), tenant_id)
        row.save(update_fields=["sealed_key"])
        for model, columns in sealed_columns().items():
            model.objects.update(**dict.fromkeys(columns, b""))
        waiting = LinkedAccount.objects.filter(deleted_at=None)
        number = waiting.update(status=LinkedAccount.Status.RELINK_NEEDED, status_detail=DETAIL)
        audit.record("tenant.key_given_up", subject=str(tenant_id), before=key_id, linked_accounts=number)
    secrets.forget_key(tenant_id)
    return True
