"""Two small help desks of one customer, linked, and a bridge between them."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from django.db import transaction
from pytest_django.fixtures import Settings

from integrations.kit.lenses import choice
from integrations.kit.mapping import Mapping
from tenants import accounts
from tenants.models import LinkedAccount
from tenants.vault import Secret
from tests import stub
from unified_api import registry
from unified_api.engine.values import Side
from unified_api.models.ticketing import Ticket
from unified_api.sync import job, streams, tasks
from unified_api.sync.bridge import setup, showing
from unified_api.sync.bridge.waiting import Round
from unified_api.sync.models import Job
from unified_api.sync.models_bridge import Bridge, Pair

#: The other desk knows two states only, and shouts.
PLAIN = replace(
    stub.PROVIDER,
    slug="plain",
    name="Plain",
    resources=(
        replace(
            stub.TICKETS,
            mapping=Mapping(
                Ticket,
                remote_id="id",
                name="title",
                description="text",
                status=choice("state", {"OPEN": "open", "CLOSED": "done"}),
                priority=choice("priority", {"URGENT": "p1", "NORMAL": "p2", "LOW": "p3"}),
                merged_into="master",
            ),
        ),
    ),
)
WORDS = (("status", Side.B, "IN_PROGRESS", "OPEN"),)


@dataclass
class Bridged:
    """Two desks with an account at each, and the bridge."""

    tenant: uuid.UUID
    a: stub.Desk
    b: stub.Desk
    accounts: tuple[LinkedAccount, LinkedAccount]
    bridge_id: uuid.UUID = field(default_factory=uuid.uuid4)

    def wish(self, **more: Any) -> setup.Wish:
        """What the tests bridge, unless they say otherwise."""
        fields = ("name", "description", "status", "priority")
        given: dict[str, Any] = {"winner": "a", "fields": fields, "words": WORDS, "mode": "live"}
        return setup.Wish(*self.accounts, "ticketing.Ticket", **(given | more))

    def join(self, **more: Any) -> None:
        """Make the bridge."""
        with transaction.atomic():
            self.bridge_id = setup.create(self.wish(**more)).id

    def round(self) -> dict[str, Any]:
        """Read both sides and settle all; how the bridge stands then."""
        turn = Round(self.tenant, self.bridge_id, patience=30, sleep=lambda _: None)
        turn.read(lambda: None)
        assert turn.settle()
        return self.standing()

    def read(self) -> None:
        """Read both sides, and no more."""
        Round(self.tenant, self.bridge_id, sleep=lambda _: None).read(lambda: None)

    def work_once(self, kinds: Sequence[str] = ("bridge", "write")) -> None:
        """Each due job of these kinds, once."""
        for kind in kinds:
            with transaction.atomic():
                due = list(
                    Job.objects.filter(kind=kind, tenant_id=self.tenant).values_list("reference", flat=True)
                )
            for reference in due:
                if lease := job.claim(kind, reference):
                    tasks.do(lease, time.monotonic() + 20)

    def relink(self) -> None:
        """Link the account of side b again, with the credential that is right now."""
        link(PLAIN, self.b)

    def standing(self) -> dict[str, Any]:
        """How the bridge stands."""
        with transaction.atomic():
            return showing.standing(Bridge.objects.get(id=self.bridge_id))

    def pairs(self) -> list[Pair]:
        """The pairs as stored."""
        with transaction.atomic():
            return list(Pair.objects.filter(bridge_id=self.bridge_id))

    def both(self, name: str) -> tuple[list[Any], list[Any]]:
        """The values of a remote field at either desk, sorted."""
        a, b = (sorted(str(t.get(name)) for t in d.tables["tickets"].values()) for d in (self.a, self.b))
        return a, b

    def writes(self) -> int:
        """Writing requests that reached either desk."""
        return len(self.a.writes()) + len(self.b.writes())


def link(provider: Any, desk: stub.Desk, end_user: str = "customer-1") -> LinkedAccount:
    """Link a desk, and have it read."""
    account, _, _ = accounts.link(
        category=provider.category,
        integration=provider.slug,
        end_user_origin_id=end_user,
        settings={"base_url": desk.url},
        credential={"token": Secret(desk.token)},
        remote_identity=desk.account,
    )
    with transaction.atomic():
        streams.start(account)
    return account


@pytest.fixture
def desks(
    tenant: uuid.UUID, no_broker: None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Bridged]:
    """Two desks, linked, not bridged yet."""
    settings.ALLOW_PRIVATE_HOSTS = ["127.0.0.1"]
    settings.PROVIDER_REQUESTS_PER_SECOND = settings.PROVIDER_BURST = 10_000
    for provider in (stub.PROVIDER, PLAIN):
        monkeypatch.setitem(registry._providers, provider.slug, provider)
    with stub.running() as a, stub.running() as b:
        yield Bridged(tenant, a, b, (link(stub.PROVIDER, a), link(PLAIN, b)))


@pytest.fixture
def bridged(desks: Bridged) -> Bridged:
    """One ticket on both sides, at rest."""
    desks.a.add(title="Printer", text="It is on fire", state="open", priority="p2")
    desks.join()
    desks.round()
    return desks
