"""What tests of the shell share: a tenant in scope, and a provider whose words are made up here."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest

from integrations.kit.observation import Observation
from tenants.models import Tenant
from tenants.scope import scope
from unified_api.models.base import CommonModel
from unified_api.models.ticketing import Ticket
from unified_api.sync import store
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
            model, remote_id, values, version, began, ended, raw, "/tickets", shape  # type: ignore[arg-type]
        )

    def land(self, *observations: Observation, source: str = "pull") -> store.Tally:
        """Store them in one transaction."""
        with store.entry(self.account, began=self.moments.time_of) as entry:
            return entry.land(observations, store.Cause(source))


@pytest.fixture
def mirror(tenant: uuid.UUID) -> Mirror:
    """The records of one linked account."""
    return Mirror()


@pytest.fixture
def numbers() -> Callable[[], int]:
    """Numbers that only grow."""
    return itertools.count(1).__next__
