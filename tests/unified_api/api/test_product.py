"""A product as one side of a bridge: what it pushes arrives at the other side, what is edited there it reads."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping as Words
from dataclasses import dataclass, replace
from typing import Any

import pytest
from django.db import transaction

from integrations.kit.endpoints import GET, PATCH, POST
from integrations.kit.lenses import choice, day
from integrations.kit.mapping import Mapping
from integrations.kit.paging import ByPage
from integrations.kit.provider import Resource
from tenants.scope import scope
from tests import stub
from tests.people import Person
from tests.unified_api.api.conftest import Link, Linked
from tests.unified_api.api.pushing import Product, product_of
from unified_api import registry
from unified_api.engine.values import Side
from unified_api.models.crm import Lead, Opportunity
from unified_api.models.hris import Employee
from unified_api.models.training import TrainingCompletion, TrainingCourse
from unified_api.sync import job, tasks
from unified_api.sync.bridge import setup, stirring
from unified_api.sync.bridge.waiting import Round
from unified_api.sync.models import Change, Write
from unified_api.sync.models_bridge import Bridge


def resource(path: str, mapping: Mapping, recognise: tuple[str, ...]) -> Resource:
    """A table of the stub."""
    return Resource(
        mapping=mapping,
        list=GET(f"/{path}", items="items", paging=ByPage(size_param="size", size=stub.PAGE)),
        get=GET(f"/{path}/{{remote_id}}", item=""),
        create=POST(f"/{path}", answer=""),
        update=PATCH(f"/{path}/{{remote_id}}", answer=""),
        recent=GET(f"/{path}", items="items", params={"newest": "1"}),
        recognise=recognise,
    )


CRM = replace(
    stub.PROVIDER,
    slug="sales",
    name="Sales",
    category="crm",
    resources=(
        resource(
            "leads",
            Mapping(
                Lead,
                company="firm",
                last_name="person",
                lead_source="source",
                status=choice("state", {"OPEN": "new", "QUALIFIED": "accepted", "UNQUALIFIED": "no"}),
            ),
            ("company",),
        ),
        resource(
            "deals",
            Mapping(
                Opportunity,
                name="name",
                amount="amount",
                lost_reason="why",
                status=choice("state", {"OPEN": "open", "WON": "won", "LOST": "lost"}),
            ),
            ("name",),
        ),
    ),
)


HRIS = replace(
    stub.PROVIDER,
    slug="people",
    name="People",
    category="hris",
    resources=(
        resource(
            "people",
            Mapping(Employee, work_email="mail", first_name="first", start_date=day("starts")),
            ("work_email",),
        ),
        resource("courses", Mapping(TrainingCourse, name="name"), ("name",)),
        resource(
            "trainings",
            Mapping(TrainingCompletion, employee="who", course="what", status="state", score="points"),
            ("employee", "course"),
        ),
    ),
)


@dataclass
class Both:
    """A product and the other system of one customer, with a bridge between them; side a is the product's."""

    product: Product
    other: Linked
    desk: stub.Desk
    bridge_id: uuid.UUID

    def round(self) -> None:
        """Read the other side and settle all."""
        turn = Round(self.other.person.tenant_id, self.bridge_id, patience=60, sleep=lambda _: None)
        turn.read(lambda: None)
        assert turn.settle()

    def configure(self, **configuration: Any) -> None:
        """Tell the bridge more than `setup` takes."""
        with self.other.person.at_work():
            Bridge.objects.filter(id=self.bridge_id).update(configuration=configuration)

    def bridge_once(self) -> None:
        """One slice of the bridge's own job, and of no write."""
        with scope(self.other.person.tenant_id):
            with transaction.atomic():
                job.ask(stirring.KIND, self.bridge_id)
            lease = job.claim(stirring.KIND, self.bridge_id)
            assert lease is not None
            tasks.do(lease, time.monotonic() + 20)


def bridge(product: Product, other: Linked, desk: stub.Desk, model: str, **wish: Any) -> Both:
    """Keep the model equal on both sides."""
    with other.person.at_work():
        made = setup.create(setup.Wish(product.linked.account, other.account, model, mode="live", **wish))
    return Both(product, other, desk, made.id)


@pytest.fixture
def tickets(alice: Person, link: Link, desk: stub.Desk) -> Both:
    """The tickets of Alice's product and of a help desk."""
    fields = ("name", "description", "status", "priority")
    words = (("priority", Side.B, "HIGH", "URGENT"),)
    return bridge(
        product_of(alice, link, "ticketing"),
        link(alice),
        desk,
        "ticketing.Ticket",
        fields=fields,
        winner="a",
        words=words,
    )


def only(table: Words[str, dict[str, Any]]) -> dict[str, Any]:
    """The one record of a table of the stub."""
    (record,) = table.values()
    return record


def test_what_is_pushed_arrives_and_what_is_edited_there_is_read(tickets: Both) -> None:
    """A ticket of the product is made at the desk; the desk's edit is in the product's next list of changes."""
    tickets.product.push("ticketing.Ticket", "4711", {"name": "Printer", "status": "OPEN", "priority": "LOW"})
    tickets.round()
    there = {**only(tickets.desk.tables["tickets"])}
    seen = tickets.product.call("get", "ticketing/v1/tickets").json()["results"][0]["modified_at"]
    tickets.desk.edit(there["id"], state="done", text="New toner")
    tickets.round()
    query = {"modified_after": seen}
    (read,) = tickets.product.linked.get("tickets", query).json()["results"]

    assert (there["title"], there["state"], there["priority"]) == ("Printer", "open", "p3")
    assert (read["remote_id"], read["status"], read["description"]) == ("4711", "CLOSED", "New toner")
    assert read["modified_at"] > seen


def test_what_is_made_there_is_the_products_too(tickets: Both) -> None:
    """A ticket of the desk gets an id in the product's account, by which the product edits it."""
    tickets.desk.add(title="Door", state="open")
    tickets.round()
    (read,) = tickets.product.linked.get("tickets").json()["results"]
    edited = tickets.product.push("ticketing.Ticket", read["remote_id"], {"status": "CLOSED"})
    tickets.round()

    assert read["name"] == "Door"
    assert edited.status_code == 200
    assert only(tickets.desk.tables["tickets"])["state"] == "done"


def test_it_comes_to_rest(tickets: Both) -> None:
    """Once both say the same, rounds journal nothing, log nothing, and send nothing."""
    tickets.product.push("ticketing.Ticket", "1", {"name": "Printer", "status": "OPEN"})
    tickets.round()
    before = tickets.product.count(Write), tickets.product.count(Change), len(tickets.desk.writes())
    for _ in range(3):
        tickets.round()

    assert (tickets.product.count(Write), tickets.product.count(Change)) == before[:2]
    assert len(tickets.desk.writes()) == before[2]


def test_a_push_in_the_midst_of_a_round_is_not_overwritten(tickets: Both) -> None:
    """The bridge's write is judged by the record that it would replace, so there is no window: the winner decides."""
    tickets.product.push("ticketing.Ticket", "1", {"name": "Printer", "status": "OPEN"})
    tickets.round()
    tickets.desk.edit(only(tickets.desk.tables["tickets"])["id"], title="Theirs")
    turn = Round(tickets.other.person.tenant_id, tickets.bridge_id, sleep=lambda _: None)
    turn.read(lambda: None)
    tickets.bridge_once()  # its write to the product is journalled now, and waits
    tickets.product.push("ticketing.Ticket", "1", {"name": "Mine"})
    tickets.round()

    states = [state for operation, state, source in tickets.product.writes() if source == "bridge"]
    assert "moved" in states
    assert only(tickets.desk.tables["tickets"])["title"] == "Mine"
    assert tickets.product.linked.get("tickets").json()["results"][0]["name"] == "Mine"


def test_deletes_travel_where_the_rule_says_so(tickets: Both) -> None:
    """What the product deletes is gone at the desk, and the other way round."""
    with tickets.other.person.at_work():
        told = Bridge.objects.get(id=tickets.bridge_id).configuration
    rule = {"a": "propagate", "b": "propagate"}
    tickets.configure(**{**told, "policy": {**told["policy"], "deletes": rule}})
    for remote_id in ("1", "2"):
        tickets.product.push("ticketing.Ticket", remote_id, {"name": f"Ticket {remote_id}", "status": "OPEN"})
    tickets.round()
    table = tickets.desk.tables["tickets"]
    theirs = next(number for number, ticket in table.items() if ticket["title"] == "Ticket 2")

    tickets.product.call("delete", "sync/v1/records/ticketing.Ticket/1")
    tickets.round()
    assert [ticket["title"] for ticket in table.values()] == ["Ticket 2"]

    del table[theirs]
    tickets.round()
    assert tickets.product.linked.get("tickets").json()["results"] == []


def test_a_record_that_is_made_again_at_the_product_stays_the_same(tickets: Both) -> None:
    """By the rule that restores: behind its Isthmus id, and behind the product's own."""
    with tickets.other.person.at_work():
        told = Bridge.objects.get(id=tickets.bridge_id).configuration
    tickets.configure(**{**told, "policy": {**told["policy"], "deletes": {"a": "restore", "b": "restore"}}})
    tickets.product.push("ticketing.Ticket", "4711", {"name": "Printer", "status": "OPEN"})
    tickets.round()
    (before,) = tickets.product.linked.get("tickets").json()["results"]
    tickets.product.call("delete", "sync/v1/records/ticketing.Ticket/4711")
    tickets.round()
    (after,) = tickets.product.linked.get("tickets").json()["results"]

    assert (after["id"], after["remote_id"], after["name"]) == (before["id"], "4711", "Printer")
    assert len(tickets.desk.tables["tickets"]) == 1


REFERENCE = {"winner": "b", "reference": True}


@pytest.fixture
def people(alice: Person, link: Link, desk: stub.Desk, monkeypatch: pytest.MonkeyPatch) -> Linked:
    """Alice's customer's account at an HRIS that knows trainings, too."""
    monkeypatch.setitem(registry._providers, HRIS.slug, HRIS)
    desk.tables |= {"people": {}, "courses": {}, "trainings": {}}
    return link(alice, integration=HRIS.slug, category="hris")


def test_a_learning_product_gets_employees_and_gives_completions_back(
    alice: Person, link: Link, people: Linked, desk: stub.Desk
) -> None:
    """Who was hired is there with the day of the start; what was learned stands beside the right person over there."""
    product = product_of(alice, link)
    grace = desk.add("people", mail="grace@x.example", first="Grace", starts="2026-03-01")
    hired = bridge(
        product,
        people,
        desk,
        "hris.Employee",
        fields=("work_email", "first_name", "start_date"),
        match=("work_email",),
        winner="b",
    )
    courses = bridge(product, people, desk, "training.TrainingCourse", fields=("name",), winner="a")
    learned = bridge(
        product,
        people,
        desk,
        "training.TrainingCompletion",
        fields=("status",),
        match=("status",),
        winner="a",
    )
    learned.configure(
        policy={"fields": {"employee": REFERENCE, "course": REFERENCE, "status": {}, "score": {}}},
        match=["employee", "course"],
        references={"employee": "pairs", "course": "pairs"},
    )
    hired.round()
    (employee,) = product.call("get", "hris/v1/employees").json()["results"]
    product.push("training.TrainingCourse", "safety", {"name": "Safety"})
    said = {"employee": {"remote_id": employee["remote_id"]}, "course": {"remote_id": "safety"}}
    product.push("training.TrainingCompletion", "c-1", {**said, "status": "OVERDUE"})
    courses.round()
    learned.round()
    product.push("training.TrainingCompletion", "c-1", {"status": "FAILED", "score": 12.5})
    learned.round()

    training = only(desk.tables["trainings"])
    assert (employee["first_name"], employee["start_date"]) == ("Grace", "2026-03-01T00:00:00Z")
    assert (training["who"], training["what"]) == (grace, only(desk.tables["courses"])["id"])
    assert (training["state"], training["points"]) == ("FAILED", 12.5)


@pytest.fixture
def sales(alice: Person, link: Link, desk: stub.Desk, monkeypatch: pytest.MonkeyPatch) -> Linked:
    """Alice's customer's account at a CRM."""
    monkeypatch.setitem(registry._providers, CRM.slug, CRM)
    desk.tables |= {"leads": {}, "deals": {}}
    return link(alice, integration=CRM.slug, category="crm")


def test_a_recommended_lead_comes_back_with_outcome_and_amount(
    alice: Person, link: Link, sales: Linked, desk: stub.Desk
) -> None:
    """It goes out as a lead, comes back as accepted or not, and the sale with its amount and why it was lost."""
    product = product_of(alice, link, "crm")
    leads = bridge(
        product,
        sales,
        desk,
        "crm.Lead",
        fields=("company", "last_name", "lead_source", "status"),
        match=("company", "last_name"),
        winner="b",
        words=(("status", Side.B, "CLOSED", "UNQUALIFIED"),),
    )
    deals = bridge(
        product,
        sales,
        desk,
        "crm.Opportunity",
        fields=("name", "amount", "status", "lost_reason"),
        winner="b",
    )
    for remote_id, company in (("r-1", "Acme"), ("r-2", "Globex")):
        said = {"company": company, "last_name": "Doe", "lead_source": "recommended", "status": "OPEN"}
        product.push("crm.Lead", remote_id, said)
    leads.round()
    for lead in desk.tables["leads"].values():
        lead["state"] = "accepted" if lead["firm"] == "Acme" else "no"
    deal = desk.add("deals", name="Acme, first order", amount=12_000, state="open")
    for joined in (leads, deals):
        joined.round()
    desk.tables["deals"][deal] |= {"amount": 9_500, "state": "lost", "why": "price"}
    deals.round()

    read = product.call("get", "crm/v1/leads").json()["results"]
    (sale,) = product.call("get", "crm/v1/opportunities?status=LOST").json()["results"]
    assert {lead["source"] for lead in desk.tables["leads"].values()} == {"recommended"}
    assert {lead["remote_id"]: lead["status"] for lead in read} == {"r-1": "QUALIFIED", "r-2": "UNQUALIFIED"}
    assert (sale["name"], sale["amount"], sale["lost_reason"]) == ("Acme, first order", 9_500, "price")
