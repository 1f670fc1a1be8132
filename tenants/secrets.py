"""Sealing a tenant's secrets: the master key seals the tenant's key, the tenant's key seals the secret.

Each envelope is bound to tenant, row and purpose. Rotating the master key re-wraps one small key per tenant;
losing a tenant's key erases all its secrets, in backups too. Opened tenant keys are kept for a few minutes in
this process, no longer, so that an erased key is soon forgotten everywhere. While a tenant's key is changed
(tenants/rekey.py) it has two: the new one seals, both open.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from django.db import connection, transaction

from tenants import audit, vault
from tenants.masters import master_keys
from tenants.models import Tenant, TenantModel
from tenants.scope import ScopeConflict, current_tenant
from tenants.sealed import purpose_of
from tenants.vault import Key, KeyRing, Secret, UnknownKey

#: The id of a tenant's first key, as envelopes name it.
TENANT_KEY = "t1"

#: Every later key is named after the moment it was made, so that a run of tenants/rekey.py can tell older ones.
_MOMENT = "t%Y%m%dT%H%M%S.%fZ"

#: How many opened tenant keys a process keeps, and for how many seconds.
KEPT_KEYS = 1000
KEPT_SECONDS = 300.0


class KeptKeys:
    """The opened keys of tenants, the least recently used forgotten first."""

    def __init__(self, size: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._size, self._seconds, self._clock = size, seconds, clock
        self._kept: OrderedDict[uuid.UUID, tuple[float, KeyRing]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, tenant_id: uuid.UUID) -> KeyRing | None:
        """The tenant's key, if it was opened not long ago."""
        with self._lock:
            opened, ring = self._kept.get(tenant_id, (0.0, None))
            if ring is None or self._clock() - opened > self._seconds:
                self._kept.pop(tenant_id, None)
                return None
            self._kept.move_to_end(tenant_id)
            return ring

    def keep(self, tenant_id: uuid.UUID, ring: KeyRing) -> None:
        """Remember the tenant's key."""
        with self._lock:
            self._kept[tenant_id] = (self._clock(), ring)
            self._kept.move_to_end(tenant_id)
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)

    def forget(self, tenant_id: uuid.UUID) -> None:
        """Forget the tenant's key."""
        with self._lock:
            self._kept.pop(tenant_id, None)


_kept = KeptKeys(KEPT_KEYS, KEPT_SECONDS)


def new_tenant_key(tenant_id: uuid.UUID) -> bytes:
    """A new key for a tenant, sealed under the primary master key."""
    return wrap(KeyRing(Key.generate(TENANT_KEY)), tenant_id)


def later_key() -> Key:
    """A further key for a tenant, named after this moment."""
    return Key.generate(datetime.now(UTC).strftime(_MOMENT))


def made(key: Key) -> datetime:
    """When a tenant's key was made; the first one before all others."""
    if key.id == TENANT_KEY:
        return datetime.min.replace(tzinfo=UTC)
    return datetime.strptime(key.id, _MOMENT).replace(tzinfo=UTC)


def seal_text(text: str | Secret, *, row: uuid.UUID, purpose: str) -> bytes:
    """The envelope of a text of the tenant in scope, which opens for this row and purpose only.

    In the transaction that stores it: until that ends the tenant's key does not change.
    """
    secret = text if isinstance(text, Secret) else Secret(text)
    bound_to = _bound_to(row, purpose)
    return vault.seal(secret, ring=_key_held_fast(), bound_to=bound_to)


#: Seals a text for a row and purpose, as `seal_text` does.
Seal = Callable[..., bytes]


def seal_with_key_held() -> Seal:
    """`seal_text` for many texts in one transaction: the tenant's key is looked up once, and held until it ends."""
    ring = _key_held_fast()

    def seal(secret: Secret, *, row: uuid.UUID, purpose: str) -> bytes:
        return vault.seal(secret, ring=ring, bound_to=_bound_to(row, purpose))

    return seal


def unseal_text(sealed: bytes | memoryview, *, row: uuid.UUID, purpose: str) -> Secret:
    """The text of an envelope of the tenant in scope; a VaultError if it is not of this row and purpose."""
    envelope, bound_to = bytes(sealed), _bound_to(row, purpose)
    try:
        return vault.unseal(envelope, ring=_tenant_key(), bound_to=bound_to)
    except UnknownKey:
        forget_key(current_tenant())  # it may have been changed since it was opened here
        return vault.unseal(envelope, ring=_tenant_key(), bound_to=bound_to)


def put(secret: Secret, row: TenantModel, column: str) -> None:
    """Seal a secret into a `SealedField` of a row; saving is the caller's, in the same transaction."""
    setattr(row, column, seal_text(secret, row=row.pk, purpose=purpose_of(type(row), column)))


def opened(row: TenantModel, column: str) -> Secret:
    """The secret in a `SealedField` of a row."""
    purpose = purpose_of(type(row), column)
    try:
        return unseal_text(getattr(row, column), row=row.pk, purpose=purpose)
    except UnknownKey:  # the tenant's key was changed since the row was read
        with transaction.atomic():
            row.refresh_from_db(fields=[column])
        return unseal_text(getattr(row, column), row=row.pk, purpose=purpose)


def pack(secrets: Mapping[str, Secret]) -> Secret:
    """Named secrets as one."""
    return Secret(json.dumps({name: secret.reveal() for name, secret in secrets.items()}, sort_keys=True))


def unpack(packed: Secret) -> dict[str, Secret]:
    """Named secrets from one."""
    return {name: Secret(value) for name, value in json.loads(packed.reveal()).items()}


def rewrap(tenant_id: uuid.UUID) -> bool:
    """Bring the key of the tenant in scope under the primary master key; False if it was already. Safe to repeat.

    Secrets stay as they are, for the tenant's key does not change.
    """
    with transaction.atomic():
        row = Tenant.objects.select_for_update().get(pk=tenant_id)
        before, after = vault.sealed_under(bytes(row.sealed_key)), master_keys().primary.id
        if before == after:
            return False
        row.sealed_key = wrap(unwrap(row), row.pk)
        row.save(update_fields=["sealed_key"])
        audit.record("tenant.key_rewrapped", subject=str(tenant_id), before=before, after=after)
    return True


def opens(tenant: Tenant) -> bool:
    """Whether a tenant's key opens under the master keys at hand."""
    try:
        unwrap(tenant)
    except vault.VaultError:
        return False
    return True


def forget_key(tenant_id: uuid.UUID) -> None:
    """Forget a tenant's opened key in this process: after its rotation or erasure."""
    _kept.forget(tenant_id)


def _tenant_key() -> KeyRing:
    tenant_id = current_tenant()
    ring = _kept.get(tenant_id)
    if ring is None:
        with transaction.atomic():
            ring = unwrap(Tenant.objects.get(pk=tenant_id))
        _kept.keep(tenant_id, ring)
    return ring


def _key_held_fast() -> KeyRing:
    """The tenant's key as it is now, and until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM tenants_tenant WHERE id = %s FOR SHARE", [current_tenant()])
    ring = unwrap(Tenant.objects.get(pk=current_tenant()))
    _kept.keep(current_tenant(), ring)
    return ring


def wrap(ring: KeyRing, tenant_id: uuid.UUID) -> bytes:
    """A tenant's keys, the one that seals first, under the primary master key."""
    lone = len(list(ring)) == 1 and ring.primary.id == TENANT_KEY
    text = ring.primary.text() if lone else ring.text()  # version 0.1 knew one key, and no ring
    return vault.seal(text, ring=master_keys(), bound_to=_tenant_binding(tenant_id))


def unwrap(tenant: Tenant) -> KeyRing:
    """The keys of a tenant; a VaultError if they do not open."""
    sealed = bytes(tenant.sealed_key)
    opened = vault.unseal(sealed, ring=master_keys(), bound_to=_tenant_binding(tenant.pk))
    if ":" in opened.reveal():
        return KeyRing.parse(opened.reveal())
    return KeyRing(Key.parse(TENANT_KEY, opened.reveal()))


def _tenant_binding(tenant_id: uuid.UUID) -> bytes:
    return vault.binding("tenant key", str(tenant_id))


def _bound_to(row: uuid.UUID, purpose: str) -> bytes:
    if not isinstance(row, uuid.UUID):
        raise ScopeConflict(f"A secret is bound to the UUID of its row, not to {type(row).__name__}.")
    return vault.binding("secret", str(current_tenant()), str(row), purpose)
