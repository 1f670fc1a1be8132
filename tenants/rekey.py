"""Giving tenants new keys of their own, and sealing all their secrets anew, while everything is being served.

For when a tenant's key may be known to somebody: a copy of the database together with its master key, or the memory
of a process. Per tenant, each step a short transaction, and each found again in the rows after a run that ended:

1. a new key is put before the old one: from here on it seals, and both open;
2. row by row, what is under the old key is sealed under the new one;
3. the old key is dropped.

Who seals holds the tenant's row until it has stored (tenants/secrets.py), so after step 1 nothing is sealed under the
old key any more, and step 3 finds every envelope. Who opened the keys before step 1, or read a row before step 2 and
opens it after step 3, meets a key that it does not know, and reads key and row again.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from functools import reduce
from operator import or_

from django.db import models, transaction
from django.db.models import Q

from tenants import audit, secrets
from tenants.models import Tenant, TenantModel
from tenants.operators import as_operator
from tenants.rotation import Shut, Told
from tenants.scope import scope
from tenants.sealed import KeyIdOf, sealed_columns
from tenants.vault import KeyRing, Malformed, VaultError


def tenants(reason: str) -> list[uuid.UUID]:
    """The tenants that have a key."""
    with as_operator(reason):
        return list(Tenant.objects.exclude(sealed_key=b"").order_by("id").values_list("id", flat=True))


def rekey_all(
    found: Iterable[uuid.UUID], *, before: datetime, told: Told = lambda _d, _f: None
) -> list[Shut]:
    """Give each of these tenants a new key, if its own is older than that moment; finish what was begun.

    Returns the tenants of which a key or a secret does not open: these keep their old keys beside the new one.
    """
    every, shut = list(found), list[Shut]()
    for done, tenant_id in enumerate(every, 1):
        try:
            with scope(tenant_id):
                rekey(tenant_id, before=before)
        except VaultError as error:
            shut.append(Shut(tenant_id, str(error)))
        except Tenant.DoesNotExist:  # deleted since it was looked up
            continue
        told(done, len(every))
    return shut


def rekey(tenant_id: uuid.UUID, *, before: datetime) -> None:
    """Give the tenant in scope a new key, unless its own is of that moment or later, and seal its secrets under it."""
    ring = _begin(tenant_id, before)
    if len(list(ring)) == 1:
        return
    for model, columns in sealed_columns().items():
        for row in _outdated(model, columns, ring.primary.id):
            _reseal(model, row, columns)
    _finish(tenant_id)


def _begin(tenant_id: uuid.UUID, before: datetime) -> KeyRing:
    """Step 1; the tenant's keys as they are then, only one if there is nothing to do."""
    with transaction.atomic():
        row = Tenant.objects.select_for_update().get(pk=tenant_id)
        ring = secrets.unwrap(row)
        if len(list(ring)) > 1 or secrets.made(ring.primary) >= before:
            return ring
        new = secrets.later_key()
        _store(row, KeyRing(new, *ring), "tenant.key_changed", ring.primary.id)
    secrets.forget_key(tenant_id)
    return KeyRing(new, *ring)


def _outdated(model: type[TenantModel], columns: list[str], key_id: str) -> list[uuid.UUID]:
    """The rows of which a column is sealed under another key than this, in an order that is always the same."""
    under = {f"{name}_under": KeyIdOf(name, output_field=models.TextField()) for name in columns}
    conditions = (~Q(**{f"{name}_under": key_id}) & ~Q(**{name: b""}) for name in columns)
    rows = model.objects.annotate(**under).filter(reduce(or_, conditions))
    with transaction.atomic():
        return list(rows.order_by("pk").values_list("pk", flat=True))


def _reseal(model: type[TenantModel], pk: uuid.UUID, columns: list[str]) -> None:
    """Step 2, of one row."""
    with transaction.atomic():
        row = model.objects.select_for_update().filter(pk=pk).first()
        if row is None:  # deleted since it was looked up
            return
        for name in columns:
            if getattr(row, name):
                secrets.put(secrets.opened(row, name), row, name)
        row.save(update_fields=columns)


def _finish(tenant_id: uuid.UUID) -> None:
    """Step 3. Malformed when something is still under an old key."""
    with transaction.atomic():
        row = Tenant.objects.select_for_update().get(pk=tenant_id)
        ring = secrets.unwrap(row)
        for model, columns in sealed_columns().items():
            if left := _outdated(model, columns, ring.primary.id):
                raise Malformed(
                    f"{len(left)} rows of {model._meta.label} are still under an old key; try again."
                )
        dropped = ", ".join(key.id for key in ring if key is not ring.primary)
        _store(row, KeyRing(ring.primary), "tenant.old_key_dropped", dropped)
    secrets.forget_key(tenant_id)


def _store(row: Tenant, ring: KeyRing, action: str, old: str) -> None:
    row.sealed_key = secrets.wrap(ring, row.pk)
    row.save(update_fields=["sealed_key"])
    audit.record(action, subject=str(row.pk), before=old, after=ring.primary.id)
