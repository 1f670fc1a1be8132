"""Sealing a tenant's secrets: the master key seals the tenant's key, the tenant's key seals the secret.

Each envelope is bound to tenant, row and purpose. Rotating the master key re-wraps one small key per tenant;
losing a tenant's key erases all its secrets, in backups too. Opened tenant keys are kept for a few minutes in
this process, no longer, so that an erased key is soon forgotten everywhere.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import lru_cache

from django.conf import settings
from django.db import transaction

from tenants import vault
from tenants.models import Tenant
from tenants.scope import ScopeConflict, current_tenant
from tenants.vault import Key, KeyRing, Secret

#: The id of a tenant's key, as envelopes name it. A second generation would get another one.
TENANT_KEY = "t1"

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
_parse_ring = lru_cache(maxsize=2)(KeyRing.parse)


def master_keys() -> KeyRing:
    """The ring of master keys, from settings."""
    return _parse_ring(settings.MASTER_KEYS)


def new_tenant_key(tenant_id: uuid.UUID) -> bytes:
    """A new key for a tenant, sealed under the primary master key."""
    return _wrap(Key.generate(TENANT_KEY), tenant_id)


def seal_text(text: str | Secret, *, row: uuid.UUID, purpose: str) -> bytes:
    """The envelope of a text of the tenant in scope, which opens for this row and purpose only."""
    secret = text if isinstance(text, Secret) else Secret(text)
    return vault.seal(secret, ring=_tenant_key(), bound_to=_bound_to(row, purpose))


def unseal_text(sealed: bytes | memoryview, *, row: uuid.UUID, purpose: str) -> Secret:
    """The text of an envelope of the tenant in scope; a VaultError if it is not of this row and purpose."""
    return vault.unseal(bytes(sealed), ring=_tenant_key(), bound_to=_bound_to(row, purpose))


def pack(secrets: Mapping[str, Secret]) -> Secret:
    """Named secrets as one."""
    return Secret(json.dumps({name: secret.reveal() for name, secret in secrets.items()}, sort_keys=True))


def unpack(packed: Secret) -> dict[str, Secret]:
    """Named secrets from one."""
    return {name: Secret(value) for name, value in json.loads(packed.reveal()).items()}


def rewrap(tenant: Tenant) -> bool:
    """Bring a tenant's key under the primary master key; False if it was already. Safe to repeat.

    Secrets stay as they are, for the tenant's key does not change.
    """
    with transaction.atomic():
        row = Tenant.objects.select_for_update().get(pk=tenant.pk)
        ring = master_keys()
        if vault.sealed_under(bytes(row.sealed_key)) == ring.primary.id:
            return False
        row.sealed_key = _wrap(_unwrap(row).primary, row.pk)
        row.save(update_fields=["sealed_key"])
    _kept.forget(row.pk)
    return True


def forget_key(tenant_id: uuid.UUID) -> None:
    """Forget a tenant's opened key in this process: after its rotation or erasure."""
    _kept.forget(tenant_id)


def _tenant_key() -> KeyRing:
    tenant_id = current_tenant()
    ring = _kept.get(tenant_id)
    if ring is None:
        with transaction.atomic():
            ring = _unwrap(Tenant.objects.get(pk=tenant_id))
        _kept.keep(tenant_id, ring)
    return ring


def _wrap(key: Key, tenant_id: uuid.UUID) -> bytes:
    return vault.seal(key.text(), ring=master_keys(), bound_to=vault.binding("tenant key", str(tenant_id)))


def _unwrap(tenant: Tenant) -> KeyRing:
    opened = vault.unseal(
        bytes(tenant.sealed_key), ring=master_keys(), bound_to=vault.binding("tenant key", str(tenant.pk))
    )
    return KeyRing(Key.parse(TENANT_KEY, opened.reveal()))


def _bound_to(row: uuid.UUID, purpose: str) -> bytes:
    if not isinstance(row, uuid.UUID):
        raise ScopeConflict(f"A secret is bound to the UUID of its row, not to {type(row).__name__}.")
    return vault.binding("secret", str(current_tenant()), str(row), purpose)
