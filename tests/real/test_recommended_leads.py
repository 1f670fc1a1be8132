"""The ready-made file for recommended leads, as it stands in docs/, between a product and a real Tryton.

The product pushes and reads by its token; people work in Tryton as its own client would.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from typing import Any, Final

import psycopg
import pytest
from pytest_django import Settings

from tenants.scope import scope
from tests.docs.pages import ROOT
from tests.integrations.bridged.house import pass_by
from tests.integrations.providers.tryton.filled import Filled
from tests.integrations.sandbox.test_ready_made import Product
from tests.people import Person
from tests.real.unsteady import Faults
from tests.unified_api.commands.conftest import Call, call
from tests.unified_api.sync.conftest import no_broker
from unified_api.link.linking import Request, link
from unified_api.sync import connect, journal
from unified_api.sync.bridge import showing
from unified_api.sync.bridge.waiting import Round
from unified_api.sync.models import Change, Write
from unified_api.sync.models_bridge import Bridge

__all__ = ["call", "no_broker"]  # fixtures

#: The first run of all installs the server and fills its first database.
pytestmark = pytest.mark.timeout(600)
LEAD, OPPORTUNITY, SALE = "crm.Lead", "crm.Opportunity", "sale.opportunity"
#: Rounds in a row in which nothing may be written.
QUIET: Final = 10
#: Rounds until each write has an end, with seconds between them; so many calm ones in a row are enough: of one that is
#: calm the reading may have been refused.
MOST, LONG, CALM = 20, 120.0, 3


@dataclass
class Recommended:
    """A product that recommends, a Tryton where sales work on it, and the bridges of the file by their models."""

    person: Person
    product: Product
    filled: Filled
    call: Call
    owner: psycopg.Connection
    bridges: dict[str, uuid.UUID]

    def rounds(self, times: int = 1) -> None:
        """Rounds of each bridge: what is sold, then the leads that name it."""
        for bridge in [*self.bridges.values()] * times:
            turn = Round(self.person.tenant_id, bridge, patience=60)
            turn.read(lambda: None)
            assert turn.settle()

    def through_it(self) -> None:
        """Rounds while things go wrong, a long while apart, until some begin no write and leave none open."""
        known, calm = -1, 0
        for _ in range(MOST):
            for bridge in self.bridges.values():
                turn = Round(self.person.tenant_id, bridge, patience=3)
                turn.read(lambda: None)
                turn.settle()
            pass_by(self.owner, LONG)
            with self.person.at_work():
                before, known = known, Write.objects.count()
                is_open = Write.objects.exclude(state__in=journal.FINAL).exists()
            calm = 0 if is_open or known != before else calm + 1
            if calm == CALM:
                return
        raise AssertionError(f"no rest after {MOST} rounds")

    def rest(self) -> None:
        """From now on nothing is written: ten rounds leave no line in Tryton's own log, and none in ours."""
        before = self.written()
        self.rounds(QUIET)
        assert self.written() == before

    def approve(self, model: str) -> None:
        """Approve what a bridge has planned."""
        with scope(self.person.tenant_id):
            plan: Any = self.call("bridge", "plan", str(self.bridges[model]), "--json").document
            self.call("bridge", "approve", str(plan["bridge_id"]), plan["hash"])

    def plans(self, model: str) -> bool:
        """Whether a bridge writes nothing by itself yet."""
        with self.person.at_work():
            return bool(Bridge.objects.get(model=model).mode == Bridge.Mode.PLAN)

    def recommend(self, name: str) -> None:
        """The product pushes a lead."""
        self.product.push(
            LEAD,
            name,
            first_name=name.title(),
            last_name="de la Cruz",
            company=f"{name.title()} Mills {self.filled.mark}",
            email_addresses=[{"email_address": self.address(name)}],
            status="OPEN",
        )

    def address(self, name: str) -> str:
        """Where somebody is reached."""
        return f"{name}@{self.filled.mark}.example"

    def looms(self, name: str) -> str:
        """What is sold to somebody."""
        return f"{name}: looms {self.filled.mark}"

    def there(self, name: str) -> dict[str, Any]:
        """The lead of somebody at Tryton, of which there has to be one."""
        fields = ["state", "contact.value", "contact.name", "party.name", "amount", "employee"]
        every = self.filled.tryton.rest("GET", SALE, f=fields)
        [found] = [one for one in every if (one["contact"] or {}).get("value") == self.address(name)]
        return dict(found)

    def accept(self, name: str) -> int:
        """Sales take a lead on; its number."""
        number = int(self.there(name)["id"])
        self.filled.change(SALE, number, employee=self.filled.employees[0], description=self.looms(name))
        self.filled.act(SALE, number, "opportunity")
        return number

    def learned(self, name: str) -> dict[str, Any]:
        """What the product reads of a lead, with the sale that came of it."""
        [lead] = [one for one in self.product.all("crm/v1/leads") if one["remote_id"] == name]
        sales = {one["id"]: one for one in self.product.all("crm/v1/opportunities")}
        sale = sales.get(lead["converted_opportunity"])
        shown = ("name", "status", "amount", "lost_reason")
        return {"status": lead["status"], "sale": tuple(sale[one] for one in shown) if sale else None}

    def open_points(self) -> dict[str, Any]:
        """What keeps values of ours from going over, by model: the server has leads of other tests, too."""
        with self.person.at_work():
            told = {one.model: showing.standing(one) for one in Bridge.objects.all()}
        return {
            model: [one for one in state["problems"] + state["review"] if self.filled.mark in str(one["key"])]
            for model, state in told.items()
        }

    def written(self) -> tuple[int, int, int]:
        """Requests that change something, by Tryton's own log; writes and changes that Isthmus knows."""
        with self.person.at_work():
            return self.filled.tryton.writes(), Write.objects.count(), Change.objects.count()


@pytest.fixture
def recommended(
    alice: Person, filled: Filled, call: Call, database: psycopg.Connection, settings: Settings
) -> Recommended:
    """Both linked for one customer; the file is applied, and has planned nothing yet."""
    settings.ALLOW_PRIVATE_HOSTS = ["127.0.0.1"]
    settings.PROVIDER_REQUESTS_PER_SECOND = settings.PROVIDER_BURST = 10_000
    path = ROOT / "docs" / "bridges" / "recommended-leads-tryton.yaml"
    tryton = filled.tryton
    with scope(alice.tenant_id):
        token = link(Request("product", "customer-1", {}, category="crm")).token
        link(Request("tryton", "customer-1", {**tryton.settings, **tryton.secrets}, category="crm"))
        made = call("bridge", "apply", str(path), "--json").document["bridges"]
    product = Product(alice, {**alice.headers, "X-Account-Token": token.reveal()})
    bridges = {one["model"]: uuid.UUID(one["bridge_id"]) for one in made}
    return Recommended(alice, product, filled, call, database, bridges)


@pytest.fixture
def filled(tryton: Any) -> Filled:
    """An employee who sells."""
    return Filled.little(tryton, uuid.uuid4().hex[:8])


def test_recommended_leads_come_back_as_what_they_were_worth(recommended: Recommended) -> None:
    """Pushed, accepted or not, won or lost with amount and reason; then nothing is written."""
    filled = recommended.filled
    for name in ("ada", "ben", "cleo", "dan"):
        recommended.recommend(name)
    recommended.rounds()
    for model in (OPPORTUNITY, LEAD):
        recommended.approve(model)
        recommended.rounds()
    ada = recommended.there("ada")
    assert (ada["state"], ada["contact"]["name"]) == ("lead", "de la Cruz, Ada")
    assert ada["party"]["name"] == f"Ada Mills {filled.mark}"

    sold, lost = recommended.accept("ada"), recommended.accept("ben")
    filled.act(SALE, int(recommended.there("cleo")["id"]), "cancel")
    recommended.rounds()
    assert recommended.learned("ada") == {
        "status": "QUALIFIED",
        "sale": (recommended.looms("ada"), "OPEN", None, None),
    }
    assert recommended.learned("cleo") == {"status": "UNQUALIFIED", "sale": None}
    assert recommended.learned("dan") == {"status": "OPEN", "sale": None}

    filled.won(sold, "1250.40")
    filled.change(SALE, lost, lost_reason="Too dear")
    filled.act(SALE, lost, "lost")
    recommended.recommend("eve")
    recommended.rounds()
    recommended.rounds()
    assert recommended.learned("ada")["sale"] == (recommended.looms("ada"), "WON", 1250, None)
    assert recommended.learned("ben")["sale"] == (recommended.looms("ben"), "LOST", None, "Too dear")
    assert recommended.learned("ben")["status"] == "QUALIFIED"
    assert recommended.there("eve")["state"] == "lead"

    assert recommended.open_points() == {LEAD: [], OPPORTUNITY: []}
    recommended.rest()


def test_whatever_goes_wrong_each_lead_and_each_sale_is_there_once(
    recommended: Recommended, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reads refused or cut, writes refused, not sent, or done with their answer lost: the end is the same."""
    filled, faults = recommended.filled, Faults(lambda request: request.method != "GET")
    monkeypatch.setattr(connect, "OUTSIDE", replace(connect.OUTSIDE, wire=faults.way, sleep=lambda _: None))
    for name in ("ada", "ben", "cleo", "dan"):
        recommended.recommend(name)
    recommended.through_it()
    for model in (OPPORTUNITY, LEAD):
        while recommended.plans(model):  # what did not arrive is planned anew
            recommended.approve(model)
            recommended.through_it()

    sold, lost = recommended.accept("ada"), recommended.accept("ben")
    filled.act(SALE, int(recommended.there("cleo")["id"]), "cancel")
    filled.won(sold, "1250.40")
    filled.change(SALE, lost, lost_reason="Too dear")
    filled.act(SALE, lost, "lost")
    recommended.recommend("eve")
    recommended.through_it()
    recommended.through_it()

    assert recommended.learned("ada") == {
        "status": "QUALIFIED",
        "sale": (recommended.looms("ada"), "WON", 1250, None),
    }
    assert recommended.learned("ben") == {
        "status": "QUALIFIED",
        "sale": (recommended.looms("ben"), "LOST", None, "Too dear"),
    }
    assert recommended.learned("cleo") == {"status": "UNQUALIFIED", "sale": None}
    assert [recommended.there(name)["state"] for name in ("dan", "eve")] == ["lead", "lead"]
    assert recommended.open_points() == {LEAD: [], OPPORTUNITY: []}
    assert {"503", "cut", "429", "not sent", "answer lost"} <= set(faults.happened)
    recommended.rest()
