"""The ready-made files for employees and leads, as they stand in docs/, over sandboxes and a tenant's own product."""

from __future__ import annotations

import io
import json
import re
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from django.core.management import call_command

from tenants.scope import scope
from tests.docs.pages import ROOT
from tests.integrations.bridged.product import Product
from tests.integrations.sandbox.conftest import Account, MakeRemote, Remote
from tests.people import Person
from unified_api.link.linking import Request, link
from unified_api.sync.bridge import showing
from unified_api.sync.bridge.waiting import Round
from unified_api.sync.models import Change, Write
from unified_api.sync.models_bridge import Bridge

#: Rounds of five bridges take their time on a machine that does much else.
pytestmark = pytest.mark.timeout(1200)
_WRITES: Final = re.compile(r'^"(?:POST|PUT|PATCH|DELETE) /sandbox/')


@dataclass
class Kept:
    """The bridges of a file, in its order, and the access log of the sandboxes that they are between."""

    person: Person
    bridges: dict[str, uuid.UUID]
    access_log: list[str]

    def rounds(self) -> None:
        """A round of each bridge."""
        for bridge in self.bridges.values():
            turn = Round(self.person.tenant_id, bridge, patience=60, sleep=lambda _: None)
            turn.read(lambda: None)
            assert turn.settle()

    def problems(self) -> dict[str, Any]:
        """What keeps values from going over, by model."""
        with self.person.at_work():
            told = {one.model: showing.standing(one) for one in Bridge.objects.all()}
        return {
            model: (one["problems"], one["review"], one["status"])
            for model, one in told.items()
            if one["problems"] or one["review"] or one["status"] != Bridge.Status.QUIET
        }

    def written(self) -> tuple[int, int, int]:
        """Requests that change something at the sandboxes, by the access log; writes and changes that Isthmus knows."""
        with self.person.at_work():
            known = Write.objects.count(), Change.objects.count()
        return sum(1 for line in self.access_log if _WRITES.match(line)), *known

    def stays_quiet(self) -> bool:
        """Whether further rounds write nothing."""
        before = self.written()
        for _ in range(3):
            self.rounds()
        return self.written() == before


def bridged(person: Person, access_log: list[str], tmp_path: Path, name: str, **named: str) -> Kept:
    """Apply a ready-made file in which the accounts are named."""
    text = (ROOT / "docs" / "bridges" / name).read_text(encoding="utf-8")
    for side, account in named.items():
        text, found = re.subn(rf"(?m)^{side}: .*$", f"{side}: {account}", text)
        assert found == 1
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    out = io.StringIO()
    call_command("bridge", "apply", str(path), "--live", "--across-end-users", "--json", stdout=out)
    made = json.loads(out.getvalue())["bridges"]
    return Kept(person, {one["model"]: uuid.UUID(one["bridge_id"]) for one in made}, access_log)


def linked(person: Person, remote: Remote, customer: str) -> Account:
    """A customer's account at a sandbox."""
    wish = Request(f"sandbox-{remote.category}", customer, {"key": remote.key.reveal()})
    with scope(person.tenant_id):
        return Account(person, remote, link(wish).token)


@pytest.fixture
def product(alice: Person) -> Product:
    """Alice's learning product, linked for her customer."""
    with scope(alice.tenant_id):
        token = link(Request("product", "customer-1", {}, category="hris")).token
    return Product(alice, {**alice.headers, "X-Account-Token": token.reveal()})


def thinned(remote: Remote, **few: int) -> None:
    """Remove all but the first objects of some kinds."""
    for kind, left in few.items():
        for one in remote.all(kind)[left:]:
            edit(remote, "DELETE", f"{kind}/{one['id']}")


def edit(remote: Remote, method: str, path: str, **values: Any) -> dict[str, Any]:
    """Somebody makes, changes or removes an object; the object."""
    answer = remote.call(method, f"objects/{path}", values or None)
    assert answer.ok, answer.content
    return dict(answer.json()) if answer.content else {}


def known_to_hris(hris: Remote) -> dict[str, tuple[Any, ...]]:
    """By address: name, whether they are there, until when, at whom, where they live, and their titles."""
    people = {one["id"]: one for one in hris.all("employee")}
    homes = {one["id"]: one["street1"] for one in hris.all("location")}
    titles = [(one["employeeKey"], one["jobTitle"]) for one in hris.all("employment")]
    return {
        one["workEmail"]: (
            one["familyName"],
            {"employed": "ACTIVE", "hired": "PENDING", "left": "INACTIVE"}[one["standing"]],
            (one["terminationDate"] or "")[:10],
            people[one["reportsToKey"]]["workEmail"] if one["reportsToKey"] else None,
            homes.get(one["homeLocationKey"]),
            [title for who, title in titles if who == one["id"]],
        )
        for one in people.values()
    }


def known_to_product(product: Product) -> dict[str, tuple[Any, ...]]:
    """The same of the product."""
    people = {one["id"]: one for one in product.all("hris/v1/employees")}
    homes = {one["id"]: one["street_1"] for one in product.all("hris/v1/locations")}
    titles = [(one["employee"], one["job_title"]) for one in product.all("hris/v1/employments")]
    return {
        one["work_email"]: (
            one["last_name"],
            one["employment_status"],
            (one["termination_date"] or "")[:10],
            people[one["manager"]]["work_email"] if one["manager"] else None,
            homes.get(one["home_location"]),
            [title for who, title in titles if who == one["id"]],
        )
        for one in people.values()
    }


def completions(hris: Remote, course: str) -> list[tuple[Any, ...]]:
    """Who is how far with a course, by the HRIS."""
    [key] = [one["id"] for one in hris.all("training-course") if one["name"] == course]
    people = {one["id"]: one["workEmail"] for one in hris.all("employee")}
    found = [one for one in hris.all("training-completion") if one["courseKey"] == key]
    return sorted((people[one["employeeKey"]], one["status"], one["score"]) for one in found)


def test_employees(
    alice: Person, remote: MakeRemote, product: Product, access_log: list[str], tmp_path: Path
) -> None:
    """Employees and all their changes reach the product, what they completed comes back; then nothing is written."""
    hris = remote("hris")
    thinned(hris, employee=4, employment=4, location=7)
    linked(alice, hris, "customer-1")
    told = {"a": "{end_user: customer-1, integration: sandbox-hris}"}
    kept = bridged(alice, access_log, tmp_path, "employees.yaml", **told)
    kept.rounds()
    assert known_to_product(product) == known_to_hris(hris)

    ada, ben, *_ = product.all("hris/v1/employees")
    product.push("training.TrainingCourse", "safety", code="S-1", name="Safety", is_mandatory=True)
    for name, who in (("c1", ada), ("c2", ben)):
        named = {"employee": {"remote_id": who["remote_id"]}, "course": {"remote_id": "safety"}}
        begun = {"status": "ASSIGNED", "assigned_at": "2026-03-01T08:00:00Z"}
        product.push("training.TrainingCompletion", name, **named, **begun)
    new = {"workEmail": "new@example.com", "givenName": "Noa", "familyName": "New", "standing": "hired"}
    hired = edit(hris, "POST", "employee", **new, reportsToKey="employee-1001")
    edit(hris, "POST", "employment", employeeKey=hired["id"], jobTitle="Pilot", effectiveDate="2026-04-01")
    edit(hris, "PATCH", "employee/employee-1002", familyName="Married")
    edit(hris, "PATCH", "employment/employment-1003", jobTitle="Head of Everything")
    edit(hris, "PATCH", "employee/employee-1004", standing="left", terminationDate="2026-05-31T00:00:00Z")
    kept.rounds()
    assert known_to_product(product) == known_to_hris(hris)
    waits = [(one["work_email"], "assigned", None) for one in (ada, ben)]
    assert completions(hris, "Safety") == sorted(waits)

    done = {"completed_at": "2026-03-02T08:00:00Z", "score": 92.0}
    product.push("training.TrainingCompletion", "c1", status="COMPLETED", **done)
    product.push("training.TrainingCompletion", "c2", status="OVERDUE")
    edit(hris, "PATCH", f"employee/{hired['id']}", standing="employed", reportsToKey="employee-1002")
    kept.rounds()
    kept.rounds()
    assert known_to_product(product) == known_to_hris(hris)
    done_and_not = [(ada["work_email"], "completed", 92.0), (ben["work_email"], "overdue", None)]
    assert completions(hris, "Safety") == sorted(done_and_not)
    assert kept.problems() == {}
    assert kept.stays_quiet()


def lead(remote: Remote, mail: str) -> dict[str, Any]:
    """The lead with this address: its numbers, in any order, and its sale as name, status and reason of loss."""
    [found] = [one for one in remote.all("lead") if mail in str(one["emailAddresses"])]
    sales = {one["id"]: (one["name"], one["status"], one["lostReason"]) for one in remote.all("opportunity")}
    numbers = {one["phoneNumber"] for one in found["phoneNumbers"] or ()}
    return {**found, "numbers": numbers, "sale": sales.get(found["convertedOpportunityKey"])}


def test_leads(alice: Person, remote: MakeRemote, access_log: list[str], tmp_path: Path) -> None:
    """What marketing learned reaches sales, what became of it comes back with the reason; then nothing is written."""
    marketing, sales = remote("crm"), remote("crm", "2")
    for one, customer in ((marketing, "customer-1"), (sales, "customer-2")):
        thinned(one, lead=2, opportunity=2)
        linked(alice, one, customer)
    told = {
        side: f"{{end_user: customer-{n}, integration: sandbox-crm}}" for n, side in enumerate("ab", start=1)
    }
    kept = bridged(alice, access_log, tmp_path, "leads.yaml", **told)
    address = [{"mail": "ada@example.com"}]
    ada = edit(marketing, "POST", "lead", emailAddresses=address, familyName="Lace", leadSource="White paper")
    edit(sales, "POST", "lead", emailAddresses=[{"mail": "ben@example.com"}], familyName="Known to sales")
    sale = edit(sales, "POST", "opportunity", name="Lace: looms", status="running", worth=900)
    kept.rounds()
    assert lead(sales, "ada@")["leadSource"] == "White paper"
    assert [len(one.all("lead")) for one in (marketing, sales)] == [3, 4]
    assert [one["worth"] for one in marketing.all("opportunity") if one["name"] == "Lace: looms"] == [900]

    there = lead(sales, "ada@")["id"]
    edit(sales, "PATCH", f"lead/{there}", status="qualified", convertedOpportunityKey=sale["id"])
    edit(sales, "PATCH", f"lead/{there}", phoneNumbers=[{"phoneNumber": "+1 202 555 0101"}])
    edit(
        marketing, "PATCH", f"lead/{ada['id']}", title="Engineer", phoneNumbers=[{"phoneNumber": "+44 20 1"}]
    )
    kept.rounds()
    edit(sales, "PATCH", f"opportunity/{sale['id']}", status="lost", lostReason="Too expensive")
    edit(sales, "PATCH", f"lead/{there}", company="Analytical Engines")
    edit(marketing, "PATCH", f"lead/{ada['id']}", leadSource="Campaign", givenName="Ada")
    kept.rounds()
    kept.rounds()

    here, there_now = lead(marketing, "ada@"), lead(sales, "ada@")
    same = ("givenName", "familyName", "title", "company", "leadSource", "status", "sale", "numbers")
    assert {name: here[name] for name in same} == {name: there_now[name] for name in same}
    assert here["sale"] == ("Lace: looms", "lost", "Too expensive")
    assert (here["company"], there_now["leadSource"]) == ("Analytical Engines", "Campaign")
    assert (here["status"], here["numbers"]) == ("qualified", {"+1 202 555 0101", "+44 20 1"})
    assert kept.problems() == {}
    assert kept.stays_quiet()
