"""What tests of the shell share: a tenant in scope, and a provider whose words are made up here."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
from django.db import transaction
from pytest_django.fixtures import Settings

from integrations.kit.observation import Observation
from tenants import accounts
from tenants.models import LinkedAccount, Tenant
from tenants.scope import scope
from tenants.vault import Secret
from tests import stub
from unified_api import registry
from unified_api.models.base import CommonModel
from unified_api.models.ticketing import Ticket
from unified_api.sync import job, store, streams, tasks
from unified_api.sync.moments import Moments


@pytest.fixture
def tenant(database: psycopg.Connection) -> Iterator[uuid.UUID]:
    """A tenant, in scope."""
    made = Tenant.create("Alice's company")
    with scope(made.id):
        yield made.id


@dataclass
class Mirror:
    """A linked account's records, and observations of them as an adapter would make them."""

    account: uuid.UUID = field(default_factory=uuid.uuid4)
    moments: Moments = field(default_factory=Moments)

    def seen(
        self,
        remote_id: str,
        *,
        model: type[CommonModel] = Ticket,
        started: int | None = None,
        arrived: int | None = None,
        version: str | None = None,
        shape: str = "list",
        **values: Any,
    ) -> Observation:
        """What an answer said of one record."""
        began = self.moments.draw() if started is None else started
        ended = self.moments.draw() if arrived is None else arrived
        raw = {"id": remote_id, **{k: str(v) for k, v in values.items()}}
        return Observation(
            model,
            remote_id,
            values,
            version,
            began,
            ended,
            raw,
            "/tickets",
            shape,  # type: ignore[arg-type]
        )

    def page(self, many: int, *, model: type[CommonModel] = Ticket) -> list[Observation]:
        """What one answer said of so many records, each of which has its number as its id and in its name."""
        began, ended = self.moments.draw(), self.moments.draw()
        return [
            self.seen(str(n), model=model, started=began, arrived=ended, name=f"n{n}") for n in range(many)
        ]

    def land(self, *observations: Observation, source: str = "pull") -> store.Tally:
        """Store them in one transaction."""
        with store.entry(self.account, began=self.moments.time_of) as entry:
            return entry.land(observations, store.Cause(source))


@pytest.fixture
def mirror(tenant: uuid.UUID) -> Mirror:
    """The records of one linked account."""
    return Mirror()


@pytest.fixture
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wake-ups go nowhere: a test does the due work itself."""
    monkeypatch.setattr(job, "wake", lambda *_args: None)


@pytest.fixture
def desk(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[stub.Desk]:
    """A running help desk whose adapter is registered."""
    settings.ALLOW_PRIVATE_HOSTS = ["127.0.0.1"]
    settings.PROVIDER_REQUESTS_PER_SECOND = 10_000
    settings.PROVIDER_BURST = 10_000
    monkeypatch.setitem(registry._providers, stub.PROVIDER.slug, stub.PROVIDER)
    with stub.running() as running:
        yield running


@pytest.fixture
def account(tenant: uuid.UUID, desk: stub.Desk, no_broker: None) -> LinkedAccount:
    """Alice's customer's account at the help desk, linked and not yet read."""
    linked, _token, _again = accounts.link(
        category="ticketing",
        integration="stub",
        end_user_origin_id="customer-1",
        settings={"base_url": desk.url},
        credential={"token": Secret(desk.token)},
        remote_identity=desk.account,
    )
    with transaction.atomic():
        streams.start(linked)
    return linked


@pytest.fixture
def work_until_idle() -> Callable[[], int]:
    """Do all due jobs in this thread; how many slices that took."""

    def drain() -> int:
        slices = 0
        for queue in job.QUEUES:
            while lease := job.claim_next(queue):
                tasks.do(lease, time.monotonic() + 20)
                slices += 1
        return slices

    return drain
