"""What one history has of its own: a tenant with both servers linked, made as the commands make it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from tests.chaos.plan import A, B
from tests.chaos.remotes import Remote


@dataclass(frozen=True)
class Account:
    """A linked account."""

    id: uuid.UUID
    token: str


@dataclass(frozen=True)
class Scene:
    """What one history has of its own: tenant, API key, accounts by side, perhaps a bridge."""

    tenant: uuid.UUID
    key: str
    accounts: dict[str, Account]
    bridge: uuid.UUID | None


def scene(remotes: dict[str, Remote], *, bridged: bool) -> Scene:
    """Link both for a new tenant, and bridge them if that is wanted."""
    from django.db import connections, transaction

    from tenants import apikeys
    from tenants.models import Tenant
    from tenants.scope import scope
    from unified_api.link.linking import Request, link
    from unified_api.sync.models import Stream

    connections.close_all()
    tenant = Tenant.create(f"chaos {uuid.uuid4()}")
    with scope(tenant.id):
        _, key = apikeys.issue("chaos")
        linked = {side: link(Request(r.slug, "customer", r.link)) for side, r in remotes.items()}
        with transaction.atomic():
            Stream.objects.filter(model="ticketing.Ticket").update(frequency=2.0)
        bridge = _bridge(linked) if bridged else None
    connections.close_all()
    accounts = {side: Account(one.account.id, one.token.reveal()) for side, one in linked.items()}
    return Scene(tenant.id, key.reveal(), accounts, bridge)


def _bridge(linked: dict[str, Any]) -> uuid.UUID:
    from django.db import transaction

    from unified_api.engine.values import Side
    from unified_api.sync.bridge import setup

    wish = setup.Wish(
        linked[A].account,
        linked[B].account,
        "ticketing.Ticket",
        winner="a",
        fields=("name", "description", "status", "priority"),
        words=[("status", Side.B, "IN_PROGRESS", "OPEN")],
        frequency=10.0,
        mode="live",
    )
    with transaction.atomic():
        return setup.create(wish).id
