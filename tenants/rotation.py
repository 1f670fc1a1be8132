"""Bringing the keys of all tenants under the newest master key, while everything goes on being served.

One short transaction per tenant: it is under the old key or under the new one, and whoever holds both reads it at
every moment. What is done is seen in the rows themselves, so a run that ended half-way is gone on with by the next.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from django.db.models import Count

from tenants import secrets
from tenants.masters import master_keys
from tenants.models import Tenant
from tenants.operators import as_operator
from tenants.scope import scope
from tenants.vault import VaultError

#: How many tenants are looked up at once.
LOOK = 10_000

#: Told after each tenant: how many were done, and how many were found to do.
Told = Callable[[int, int], None]


class Shut(NamedTuple):
    """A tenant whose key could not be re-wrapped, and why."""

    tenant_id: uuid.UUID
    reason: str


class Rotated(NamedTuple):
    """What a rotation did."""

    rewrapped: int
    shut: list[Shut]


def in_use(reason: str) -> Counter[str]:
    """How many tenants' keys are under each master key, by its id; the id is empty for what is no envelope.

    Tenants whose key was erased do not count.
    """
    with as_operator(reason):
        rows = Tenant.objects.exclude(sealed_key=b"").values_list("sealed_under").annotate(Count("id"))
        return Counter(dict(rows.order_by("sealed_under")))


def rotate(reason: str, told: Told = lambda _done, _found: None) -> Rotated:
    """Re-wrap every tenant's key that is not under the newest master key. Safe to repeat, and to run twice at once.

    A key that does not open is left as it is, and told; the others go on.
    """
    rewrapped, shut, last = 0, list[Shut](), uuid.UUID(int=0)
    while found := _outdated(reason, after=last):
        last = found[-1]
        for done, tenant_id in enumerate(found, 1):
            try:
                rewrapped += _rewrap(tenant_id)
            except VaultError as error:
                shut.append(Shut(tenant_id, str(error)))
            told(done, len(found))
    return Rotated(rewrapped, shut)


def _outdated(reason: str, *, after: uuid.UUID) -> list[uuid.UUID]:
    with as_operator(reason):
        rows = Tenant.objects.exclude(sealed_under=master_keys().primary.id).exclude(sealed_key=b"")
        return list(rows.filter(id__gt=after).order_by("id").values_list("id", flat=True)[:LOOK])


def _rewrap(tenant_id: uuid.UUID) -> bool:
    with scope(tenant_id):
        try:
            return secrets.rewrap(tenant_id)
        except Tenant.DoesNotExist:  # deleted since it was looked up
            return False
