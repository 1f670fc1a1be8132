"""BambooHR and a learning product, kept equal as `bamboohr-product.yaml` says: people go there, results come back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest
from django.core.management.base import CommandError
from django.db import transaction
from pytest_django.fixtures import Settings

from tenants.scope import scope
from tests.emulators.engine import Emulator, emulating
from tests.emulators.exchange import Request
from tests.emulators.faults import PAGE
from tests.emulators.vendors import bamboohr
from tests.emulators.vendors.bamboohr import employees, training
from tests.emulators.vendors.bamboohr.common import API
from tests.emulators.world import Clock, Record
from tests.integrations.bridged.house import FILES, hasten
from tests.integrations.bridged.product import Beside
from tests.people import Person
from tests.unified_api.commands.conftest import Call, call
from tests.unified_api.sync.conftest import no_broker
from unified_api.link.linking import Request as Wish
from unified_api.models.hris import Employee, Employment, Location
from unified_api.sync import clock

__all__ = ["call", "no_broker"]  # fixtures

#: Rounds of five bridges take their time on a machine that does much else.
pytestmark = pytest.mark.timeout(1800)
FILE: Final = "bamboohr-product.yaml"
_HOME: Final = {"city": "Orem", "state": "UT", "zipcode": "84057", "country": "United States"}


class Learning(Beside):
    """A company, and a product in which its people learn."""

    def changes(self, request: Request) -> bool:
        """A report is asked for by POST."""
        return super().changes(request) and not request.path.endswith("/reports/custom")

    def meet(self, person: Person) -> None:
        """Link both; what the company holds by then was there before."""
        values = {"base_url": self.a.url, "api_key": bamboohr.KEY, "failures": "notes"}
        self.begin(person, "hris", Wish("bamboohr", "customer-1", values))

    def hire(self, name: str, title: str, begins: str, **told: str) -> Record:
        """Have somebody hired; what begins later has a row of the future."""
        mail = {"workEmail": f"{name.lower()}@acme.example"}
        made = employees.add_employee(self.a.world, name, f"of {name}", hireDate=begins, **mail, **told)
        employees.add_row(self.a.world, made, "jobInfo", date=begins, jobTitle=title, location="Lindon")
        employees.add_row(self.a.world, made, "employmentStatus", date=begins, employmentStatus="Full-Time")
        return made

    def learner(self, employee: Record) -> Employee:
        """Somebody as the product knows them."""
        with transaction.atomic():
            found: Employee = Employee.objects.get(
                linked_account_id=self.accounts[1], work_email=employee["fields"]["workEmail"]
            )
        return found

    def result(self, name: str, who: Record, course: str, status: str, **told: Any) -> None:
        """Have the product say how far somebody is."""
        ends = {"employee": {"remote_id": self.learner(who).remote_id}, "course": {"remote_id": course}}
        self.push("training.TrainingCompletion", name, **ends, status=status, **told)

    def records(self) -> Counter[tuple[str, str, str, str | None]]:
        """Training records at the company: who, what, when, and their notes."""
        people = {one["id"]: one["fields"]["firstName"] for one in self.a.world.rows("employee")}
        kinds = {one["id"]: one["name"] for one in self.a.world.rows("type")}
        return Counter(
            (people[one["employeeId"]], kinds[one["type"]], one["completed"], one["notes"])
            for one in self.a.world.rows("record")
        )

    def differences(self) -> list[str]:
        """Of those who work there, or will, what the product says otherwise."""
        with transaction.atomic():
            mine = {"linked_account_id": self.accounts[1], "is_shell": False}
            there = {one.work_email: self._shown(one) for one in Employee.objects.filter(**mine)}
        found = {one["fields"]["workEmail"]: self._told(one) for one in self.a.world.rows("employee")}
        return [
            f"{mail}: {told} there, {there.get(mail)} here"
            for mail, told in found.items()
            if there.get(mail) != told and (told[3] != "INACTIVE" or mail in there)
        ]

    def places(self) -> list[str | None]:
        """What the product knows of places, by their names; a home has none."""
        with transaction.atomic():
            mine = Location.objects.filter(linked_account_id=self.accounts[1], is_shell=False)
            return [one.name for one in mine]

    def _shown(self, one: Employee) -> tuple[Any, ...]:
        jobs = Employment.objects.filter(linked_account_id=self.accounts[1], employee=one.id)
        titles = sorted((job.effective_date, job.job_title) for job in jobs)
        works = Location.objects.filter(id=one.work_location).first()
        boss = Employee.objects.filter(id=one.manager).first()
        facts = (one.last_name, one.start_date, one.termination_date, one.employment_status)
        return (*facts, works and works.name, boss and boss.work_email, titles)

    def _told(self, one: Record) -> tuple[Any, ...]:
        told, today = one["fields"], self.clock.now().date().isoformat()
        job = employees.current(self.a.world, one, "jobInfo")
        state = employees.current(self.a.world, one, "employmentStatus")
        left = state.get("employmentStatus") == "Terminated"
        standing = "INACTIVE" if left else "PENDING" if told["hireDate"] > today else "ACTIVE"
        mine = [row for row in self.a.world.rows("row") if row["employeeId"] == one["id"]]
        jobs = [row for row in mine if row["_table"] == "jobInfo"]
        boss = self.a.world.table("employee").get(job.get("reportsTo") or "")
        return (
            *(told["lastName"], date.fromisoformat(told["hireDate"])),
            *(date.fromisoformat(state["date"]) if left else None, standing, job.get("location")),
            boss and boss["fields"]["workEmail"],
            sorted((date.fromisoformat(row["date"]), row["jobTitle"]) for row in jobs),
        )


@pytest.fixture
def learning(
    alice: Person,
    call: Call,
    no_broker: None,
    database: psycopg.Connection,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Learning]:
    """A company of three and one who has left, running, and not linked yet."""
    shared = Clock(clock.now())
    with emulating(bamboohr.vendor, shared) as company, scope(alice.tenant_id):
        house = Learning(alice.tenant_id, (company,), shared, call, database)
        hasten(house, settings, monkeypatch)
        ada = next(one for one in company.world.rows("employee") if one["fields"]["firstName"] == "Ada")
        employees.add_row(company.world, ada, "jobInfo", date="2020-02-03", jobTitle="Boss")
        house.hire("Cleo", "Engineer", "2024-05-06", address1="8 Oak Street", **_HOME)
        yield house


def _named(house: Learning, name: str) -> Record:
    return next(one for one in house.a.world.rows("employee") if one["fields"]["firstName"] == name)


def _in_days(house: Learning, days: int) -> str:
    return (house.clock.now() + timedelta(days=days)).date().isoformat()


def test_people_go_to_the_product_and_their_results_become_records(learning: Learning, alice: Person) -> None:
    """Who is employed or will be, with titles and where they work, but no homes; what was done or failed, once."""
    world = learning.a.world
    ada, cleo = _named(learning, "Ada"), _named(learning, "Cleo")
    aid = training.add_type(world, "First aid")
    training.add_record(world, ada["id"], aid["id"], "2026-03-02", notes="In the hall.")
    learning.meet(alice)
    learning.apply(FILE, "--live")
    learning.rounds()
    assert learning.differences() == []
    assert learning.learner(cleo).employment_status == "ACTIVE"

    learning.push("training.TrainingCourse", "aid", name="First aid", url="https://learn.example/aid")
    learning.push("training.TrainingCourse", "safety", name="Safety", is_mandatory=True)
    learning.result("r1", ada, "aid", "COMPLETED", completed_at="2026-03-02T15:30:00Z")
    learning.result("r2", ada, "safety", "COMPLETED", completed_at="2026-03-05T08:00:00Z", score=92.0)
    learning.result("r3", cleo, "safety", "FAILED", completed_at="2026-03-06T23:59:59Z", score=40.5)
    learning.result("r4", cleo, "aid", "ASSIGNED", assigned_at="2026-03-01T08:00:00Z")
    dan = learning.hire("Dan", "Pilot", _in_days(learning, 20))
    employees.add_row(
        world, cleo, "jobInfo", date=_in_days(learning, 9), jobTitle="Head", reportsTo=ada["id"]
    )
    employees.edit(world, cleo, lastName="Married", address1="9 Ash Street")
    learning.rounds()
    assert learning.differences() == []
    assert learning.learner(dan).employment_status == "PENDING"
    assert learning.records() == Counter(
        {
            ("Ada", "First aid", "2026-03-02", "In the hall."): 1,
            ("Ada", "Safety", "2026-03-05", "Score: 92 %"): 1,
            ("Cleo", "Safety", "2026-03-06", "Failed\nScore: 40.5 %"): 1,
        }
    )
    assert {(one["name"], one["required"], one["linkUrl"]) for one in world.rows("type")} == {
        ("First aid", None, "https://learn.example/aid"),
        ("Safety", True, None),
    }

    learning.result("r3", cleo, "safety", "COMPLETED", completed_at="2026-03-09T10:00:00Z", score=71.0)
    learning.result("r5", cleo, "aid", "COMPLETED", completed_at="2026-03-10T10:00:00Z")
    employees.add_row(world, dan, "jobInfo", date=_in_days(learning, 60), jobTitle="Captain")
    learning.rounds()
    assert learning.records()["Cleo", "Safety", "2026-03-09", "Score: 71 %"] == 1
    assert sum(learning.records().values()) == 4

    employees.add_row(
        world, cleo, "employmentStatus", date=_in_days(learning, 0), employmentStatus="Terminated"
    )
    learning.rounds()
    assert learning.differences() == []
    assert learning.learner(cleo).employment_status == "INACTIVE"
    assert learning.places() == ["Lindon"]
    models = ("Location", "Employee", "Employment", "TrainingCourse", "TrainingCompletion")
    assert [learning.problems(model) for model in models] == [set() for _ in models]


def test_whatever_goes_wrong_there_is_one_record_of_each_result(learning: Learning, alice: Person) -> None:
    """Limits by either word, failures, lost and halved answers, edits meanwhile; then not a write any more."""
    ada, cleo = _named(learning, "Ada"), _named(learning, "Cleo")
    learning.meet(alice)
    _trouble(learning.a)
    learning.apply(FILE, "--live")
    learning.rounds()
    for number in range(2):
        learning.push("training.TrainingCourse", f"c{number}", name=f"Course {number}", is_mandatory=True)
        for who in (ada, cleo):
            told = {"completed_at": f"2026-04-0{number + 1}T12:00:00Z", "score": 80.0 + number}
            name = f"{who['id']}-{number}"
            learning.result(name, who, f"c{number}", ("COMPLETED", "FAILED")[number % 2], **told)
    learning.round()
    employees.edit(learning.a.world, cleo, lastName="Married", address1="9 Ash Street")
    dan = learning.hire("Dan", "Pilot", _in_days(learning, 20))
    learning.push("training.TrainingCourse", "c0", name="Course 0", is_mandatory=True, description="All new.")
    learning.rounds()
    learning.result("again", ada, "c0", "COMPLETED", completed_at="2026-05-01T12:00:00Z")
    employees.edit(learning.a.world, dan, hireDate=_in_days(learning, 21))
    learning.rounds(still=2)
    assert [f"{one.on}: {one.times}" for one in learning.a.faults.all if one.times] == []
    before = learning.writes()
    for _ in range(10):
        learning.round()

    assert (learning.differences(), learning.writes()) == ([], before)
    notes = ("Score: 80 %", "Failed\nScore: 81 %")
    due = [(who, f"Course {n}", f"2026-04-0{n + 1}", notes[n]) for who in ("Ada", "Cleo") for n in range(2)]
    assert learning.records() == Counter([*due, ("Ada", "Course 0", "2026-05-01", None)])
    assert len(learning.a.world.rows("type")) == 2
    assert learning.problems("TrainingCompletion") == set()


def _trouble(company: Emulator) -> None:
    """What may go wrong, some times each."""
    company.faults.lose(f"POST {API}/training/type", every=2)
    company.faults.lose(f"POST {API}/training/record/*", every=3, times=2)
    company.faults.refuse(503, "*", every=9, times=4, body=b"", headers={"Retry-After": "3"})
    company.faults.refuse(429, "*", every=11, times=3, body=b"", headers={"Retry-After": "5"})
    company.faults.refuse(502, "*", every=8, times=5, body=PAGE)
    company.faults.cut("GET *", every=13, times=4)


def test_the_file_for_any_hris_names_what_this_one_has_no_place_for(
    learning: Learning, alice: Person, tmp_path: Path
) -> None:
    """Such as codes of courses; nothing is applied then."""
    learning.meet(alice)
    path = tmp_path / "employees.yaml"
    text = (FILES / path.name).read_text(encoding="utf-8")
    path.write_text(text.replace("integration: hris}", "integration: bamboohr}"), encoding="utf-8")
    with pytest.raises(CommandError, match="code"):
        learning.call("bridge", "apply", str(path))
