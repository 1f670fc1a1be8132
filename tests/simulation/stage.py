"""The product's side of a history: a tenant, two linked accounts, a bridge; made and seen as its users do."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Final
from unittest import mock

from django.db import transaction
from django.test.utils import override_settings

from integrations.kit.provider import Provider
from tenants import accounts
from tenants.models import LinkedAccount, Tenant
from tenants.scope import scope
from tenants.vault import Secret
from tests.simulation.adapter import SLUGS
from unified_api import registry
from unified_api.engine.policy import Policy
from unified_api.engine.values import Side
from unified_api.models.ticketing import Ticket
from unified_api.sync import connect, job, pull
from unified_api.sync.bridge import setup
from unified_api.sync.models import Change, Write
from unified_api.sync.models_bridge import Bridge, Overruled, Pair

#: Seconds between rounds of the bridge that no change asks for.
FREQUENCY: Final = 300.0
WORDS: Final = (("status", Side.B, "IN_PROGRESS", "OPEN"),)


@dataclass
class Stage:
    """What there is of the product."""

    tenant: uuid.UUID
    accounts: dict[Side, LinkedAccount]
    bridge: uuid.UUID

    @property
    def policy(self) -> Policy:
        """The policy of the bridge."""
        return Policy.parse(self.of(lambda: Bridge.objects.get(id=self.bridge).configuration["policy"]))

    def of(self, read: Callable[[], Any]) -> Any:
        """What the product says."""
        with scope(self.tenant), transaction.atomic():
            return read()

    def mirrored(self, side: Side) -> list[Ticket]:
        """The records of an account."""
        return list(self.of(lambda: list(Ticket.objects.filter(linked_account_id=self.accounts[side].id))))

    def pairs(self) -> list[Pair]:
        """The pairs as stored."""
        return list(self.of(lambda: list(Pair.objects.filter(bridge_id=self.bridge))))

    def overruled(self) -> list[Overruled]:
        """The edits that gave way, on record."""
        return list(self.of(lambda: list(Overruled.objects.filter(bridge_id=self.bridge))))

    def writes(self) -> list[Write]:
        """The journal."""
        return list(
            self.of(lambda: list(Write.objects.filter(bridge_id=self.bridge).order_by("journalled_at")))
        )

    def changes(self) -> int:
        """Entries of the change log."""
        return int(self.of(Change.objects.count))


@contextmanager
def opened(outside: connect.Outside, providers: Mapping[Side, Provider]) -> Iterator[None]:
    """The product calls these remotes, over these wires, and tells no broker."""
    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(connect, "OUTSIDE", outside))
        stack.enter_context(mock.patch.object(job, "wake", return_value=None))
        stack.enter_context(
            mock.patch.dict(registry._providers, {one.slug: one for one in providers.values()})
        )
        stack.enter_context(override_settings(PROVIDER_REQUESTS_PER_SECOND=10_000, PROVIDER_BURST=10_000))
        yield


def prepared(name: str, options: Mapping[str, Mapping[str, Any]], winner: str) -> Stage:
    """Link both accounts and make the bridge; nothing is read yet."""
    tenant = Tenant.create(name).id
    with scope(tenant):
        linked = {side: _link(side) for side in Side}
        wish = setup.Wish(
            linked[Side.A],
            linked[Side.B],
            "ticketing.Ticket",
            winner=winner,
            fields=("name", "description", "status", "priority"),
            options=options,
            words=WORDS,
            frequency=FREQUENCY,
            mode="live",
        )
        with transaction.atomic():
            bridge = setup.create(wish)
    return Stage(tenant, linked, bridge.id)


def _link(side: Side) -> LinkedAccount:
    account, _, _ = accounts.link(
        category="ticketing",
        integration=SLUGS[side],
        end_user_origin_id="customer-1",
        settings={"base_url": f"https://{side.value}.example"},
        credential={"token": Secret("token")},
        remote_identity=side.value,
    )
    with transaction.atomic():
        pull.start(account)
    return account
