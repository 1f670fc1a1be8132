"""An account that takes part in two bridges: what happens at one end of the chain arrives at the other."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.db import transaction
from pytest_django.fixtures import Settings

from demo import directly
from demo.servers import HelpDesk, Roundup
from tenants.models import LinkedAccount
from tests.real.systems import CRITICAL, NORMAL, Real, empty, link
from tests.unified_api.sync.conftest import no_broker, tenant
from unified_api.engine.values import Side
from unified_api.sync.bridge import setup

__all__ = ["no_broker", "tenant"]  # fixtures


@pytest.fixture(scope="module")
def other_roundup(software: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Roundup]:
    """A second tracker."""
    with Roundup(software, tmp_path_factory.mktemp("other-roundup")) as server:
        yield server


@dataclass
class Chain:
    """Tracker, desk, other tracker; `first` joins the tracker and the desk, `second` the desk and the other one."""

    first: Real
    second: Real
    ends: tuple[LinkedAccount, LinkedAccount]

    def rounds(self) -> None:
        """A round of each bridge in either order, so that what enters at one end comes out at the other."""
        for bridge in (self.first, self.second, self.first):
            bridge.round()

    def writes(self) -> int:
        """Requests that change something, by the logs of all three."""
        return self.first.writes() + self.second.roundup.writes()


def _joined(a: LinkedAccount, b: LinkedAccount) -> uuid.UUID:
    wish = setup.Wish(
        a,
        b,
        "ticketing.Ticket",
        winner="a",
        fields=("name", "description", "status", "priority"),
        words=[("status", Side.B, "IN_PROGRESS", "OPEN")] if b.integration == "django-helpdesk" else [],
        mode="live",
        crossing=a.end_user_origin_id != b.end_user_origin_id,
    )
    with transaction.atomic():
        made: uuid.UUID = setup.create(wish).id
    return made


@pytest.fixture
def chain(
    systems: tuple[Roundup, HelpDesk],
    other_roundup: Roundup,
    tenant: uuid.UUID,
    no_broker: None,
    settings: Settings,
) -> Chain:
    """All three, emptied and linked, and two bridges."""
    settings.ALLOW_PRIVATE_HOSTS = ["127.0.0.1"]
    roundup, desk = systems
    empty(roundup, desk)
    tracker, middle = link("roundup", roundup), link("django-helpdesk", desk)
    other = link("roundup", other_roundup, "customer-2")  # one account of an integration for each
    first = Real(tenant, roundup, desk, _joined(tracker, middle))
    second = Real(tenant, other_roundup, desk, _joined(other, middle))
    return Chain(first, second, (tracker, other))


def test_a_chain_converges_and_a_ring_is_refused(chain: Chain) -> None:
    """Tickets of all three are in all three, edits of either end reach the other, then nothing is written any more."""
    directly.add_issue(chain.first.roundup, "First", "text")
    directly.add_issue(chain.second.roundup, "Last", "text")
    directly.add_ticket(chain.first.desk, "Middle", "text", NORMAL)
    chain.rounds()
    for real in (chain.first, chain.second):
        assert directly.issues_named(real.roundup, "") == ["First", "Last", "Middle"]
        assert [len(real.tickets(title)) for title in ("First", "Last", "Middle")] == [1, 1, 1]

    directly.edit_issue(chain.second.roundup, chain.second.issue("First")["id"], priority="critical")
    directly.edit_issue(chain.first.roundup, chain.first.issue("Last")["id"], title="Very last")
    chain.rounds()
    assert chain.first.issue("First")["priority"] == "critical"
    assert chain.first.ticket("First")["priority"] == CRITICAL
    assert chain.second.issue("Very last")

    before = chain.writes()
    for _ in range(3):
        chain.rounds()
    assert chain.writes() == before
    with pytest.raises(setup.BridgeRefused, match="close a ring"):
        _joined(*chain.ends)
