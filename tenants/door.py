"""Doors: from something presented before the tenant is known (a key, a token) to its tenant.

The table holds digests only and stands behind no tenant's policy, so nothing of a customer may ever be put
into it.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db.models import Q
from django.utils import timezone

from tenants.models import Door
from tenants.scope import current_tenant
from tenants.tokens import digest
from tenants.vault import Secret


def open_door(
    kind: str, secret: Secret, *, reference: uuid.UUID | None = None, expires_at: datetime | None = None
) -> Door:
    """Let whoever presents this secret in to the tenant in scope. IntegrityError if it is in use."""
    return Door.objects.create(
        digest=digest(kind, secret),
        kind=kind,
        tenant_id=current_tenant(),
        reference=reference,
        expires_at=expires_at,
    )


def claim(kind: str, name: Secret, *, reference: uuid.UUID | None = None) -> bool:
    """Take a name that only one may have, for the tenant in scope; False if it is taken."""
    _, is_new = Door.objects.get_or_create(
        digest=digest(kind, name),
        defaults={"kind": kind, "tenant_id": current_tenant(), "reference": reference},
    )
    return is_new


def enter(kind: str, secret: Secret, *, now: datetime | None = None) -> Door | None:
    """The door that this secret opens; None for an unknown, closed or expired one. Needs no scope.

    now: the moment to compare expiry with, by default the present.
    """
    unexpired = Q(expires_at=None) | Q(expires_at__gt=now or timezone.now())
    return Door.objects.filter(unexpired, digest=digest(kind, secret), kind=kind).first()


def use_up(kind: str, secret: Secret, *, now: datetime | None = None) -> bool:
    """Enter a door of the tenant in scope for the last time: of several at once, one may. In the open transaction."""
    door = enter(kind, secret, now=now)
    if door is None or door.tenant_id != current_tenant():
        return False
    used, _ = Door.objects.filter(digest=door.digest).delete()
    return bool(used)


def close_doors(reference: uuid.UUID, *, expired: datetime | None = None) -> int:
    """Close every door of the tenant in scope that leads to this; returns how many there were.

    expired: those alone that nobody could enter any more at that moment.
    """
    over = Q() if expired is None else Q(expires_at__lte=expired)
    closed, _ = Door.objects.filter(over, tenant_id=current_tenant(), reference=reference).delete()
    return closed


def forget_expired(*, now: datetime) -> int:
    """Remove doors that nobody can enter any more; returns how many there were."""
    expired, _ = Door.objects.filter(expires_at__lte=now).delete()
    return expired
