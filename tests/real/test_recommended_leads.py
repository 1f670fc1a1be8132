"""The ready-made file for recommended leads, as it stands in docs/, between a product and a real Tryton.

The product pushes and reads by its token; people work in Tryton as its own client would.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import psycopg
import pytest
from pytest_django import Settings

from tenants.scope import scope
from tests.emulators.world import Clock
from tests.integrations.bridged.house import hasten
from tests.integrations.bridged.recommended import Recommended, play
from tests.integrations.providers.tryton.filled import Filled
from tests.people import Person
from tests.real.unsteady import Faults
from tests.unified_api.commands.conftest import Call, call
from tests.unified_api.sync.conftest import no_broker
from unified_api.link.linking import Request
from unified_api.sync import clock, connect

__all__ = ["call", "no_broker"]  # fixtures

#: The first run of all installs the server and fills its first database.
pytestmark = pytest.mark.timeout(2700)
FILE: Final = "recommended-leads-tryton.yaml"
SALE: Final = "sale.opportunity"


@dataclass
class Desk:
    """Sales at Tryton: a lead and the sale that comes of it are one record."""

    filled: Filled

    def known(self, address: str) -> dict[str, Any]:
        """See Sales."""
        there = self._there(address)
        last, _, first = there["contact"]["name"].partition(", ")
        return {"first_name": first, "last_name": last, "company": there["party"]["name"]}

    def correct(self, address: str, company: str) -> None:
        """See Sales."""
        self.filled.change("party.party", int(self._there(address)["party"]["id"]), name=company)

    def accept(self, address: str, sale: str) -> None:
        """See Sales."""
        number = self._number(address)
        self.filled.change(SALE, number, employee=self.filled.employees[0], description=sale)
        self.filled.act(SALE, number, "opportunity")

    def decline(self, address: str) -> str:
        """See Sales."""
        self.filled.act(SALE, self._number(address), "cancel")
        return "UNQUALIFIED"

    def win(self, address: str, amount: str) -> None:
        """See Sales."""
        self.filled.won(self._number(address), amount)

    def lose(self, address: str, reason: str) -> None:
        """See Sales."""
        number = self._number(address)
        self.filled.change(SALE, number, lost_reason=reason)
        self.filled.act(SALE, number, "lost")

    def _number(self, address: str) -> int:
        return int(self._there(address)["id"])

    def _there(self, address: str) -> dict[str, Any]:
        """The lead of somebody, of which there has to be one."""
        told = ["contact.value", "contact.name", "party.id", "party.name"]
        every = self.filled.tryton.rest("GET", SALE, f=told)
        (found,) = [one for one in every if (one["contact"] or {}).get("value") == address]
        return dict(found)


class AtTryton(Recommended):
    """A product that recommends, and a Tryton where sales work on it: a server that has leads of other tests, too."""

    filled: Filled

    def writes(self) -> int:
        """Requests that change something, by Tryton's own log."""
        return self.filled.tryton.writes()


@pytest.fixture
def house(
    alice: Person,
    tryton: Any,
    call: Call,
    database: psycopg.Connection,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[AtTryton]:
    """Both linked for one customer, and the file applied."""
    made = AtTryton(alice.tenant_id, (), Clock(clock.now()), call, database)
    hasten(made, settings, monkeypatch)
    made.filled, made.mark = Filled.little(tryton, uuid.uuid4().hex[:8]), uuid.uuid4().hex[:8]
    made.sales = Desk(made.filled)
    with scope(alice.tenant_id):
        made.begin(
            alice, "crm", Request("tryton", "customer-1", {**tryton.settings, **tryton.secrets}, "crm")
        )
        made.apply(FILE)
        yield made


def test_whatever_goes_wrong_recommended_leads_come_back_as_what_they_were_worth(
    house: AtTryton, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reads refused or cut, writes refused, not sent, or done with their answer lost; each lead is there once."""
    faults = Faults(lambda request: request.method != "GET")
    monkeypatch.setattr(connect, "OUTSIDE", replace(connect.OUTSIDE, wire=faults.way))
    play(house, still=3)

    assert {"503", "cut", "429", "not sent", "answer lost"} <= set(faults.happened)
