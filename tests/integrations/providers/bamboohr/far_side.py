"""An emulated company as the far side of the adapter, with a few people, courses, and what they completed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import pytest

from tenants.vault import Secret
from tests.conformance.far_side import Samples, Started, emulated
from tests.emulators.engine import emulating
from tests.emulators.vendors.bamboohr import KEY, absences, employees, training, vendor
from tests.emulators.world import Clock, World
from tests.integrations.providers.bamboohr.company import START
from unified_api.models.hris import Dependent, Employee, Employment, Group, TimeOff
from unified_api.models.training import TrainingCompletion, TrainingCourse


@contextmanager
def _start(_request: pytest.FixtureRequest) -> Iterator[Started]:
    with emulating(vendor, Clock(START)) as company:
        _fill(company.world)
        samples = _samples(company.world)
        company.world.clock.forward(7200)
        yield Started(
            values={"base_url": company.url, "api_key": KEY, "failures": "notes"},
            samples=lambda _client, resource: samples[resource.model],
            now=company.world.clock.now,
            sleep=company.world.clock.forward,
            refusal=lambda _status: b"",
            asks=("/reports/custom",),
            whole=frozenset({Dependent, Employment, Group, TrainingCourse}),
            deliveries=company.packed,
        )


def _fill(world: World) -> None:
    """More people, and courses that they completed."""
    for number in range(3):
        mail = f"worker{number}@acme.example"
        employees.add_employee(world, f"Worker {number}", "of Acme", workEmail=mail, hireDate="2024-01-02")
        employees.add_row(world, world.rows("employee")[-1], "jobInfo", date="2024-01-02", jobTitle="Worker")
    pay = {"rate": {"value": "52000.00", "currency": "USD"}, "paidPer": "Year", "exempt": "Exempt"}
    employees.add_row(world, world.rows("employee")[-1], "compensation", startDate="2025-01-01", **pay)
    kinds = [training.add_type(world, name)["id"] for name in ("Safety", "First aid")]
    for number, one in enumerate(world.rows("employee")):
        absences.add_request(world, one["id"], f"{2024 + number}-07-01", f"{2024 + number}-07-02")
        absences.add_balance(world, one["id"], 78, "24.50", "12.25")
        born = {"dateOfBirth": "2015-02-03", "gender": "Female", "isStudent": "yes"}
        absences.add_dependent(world, one["id"], f"Child {number}", "Child", **born)
    for one, kind in zip(world.rows("employee"), 2 * kinds, strict=False):
        training.add_record(world, one["id"], kind, "2026-01-20", notes="In the hall.")


def _person(name: str, number: int, **more: Any) -> Mapping[str, Any]:
    mail = {"work_email": f"{name}@acme.example", "personal_email": f"{name}@home.example"}
    said = {"first_name": name, "last_name": "Newcomer", "preferred_name": f"{name}'"}
    facts = {
        "employee_number": str(number),
        "mobile_phone_number": f"+{number}",
        "ssn": Secret(f"123-45-{number}"),
    }
    days = {"date_of_birth": date(1990, 1, number), "hire_date": date(2026, 1, number)}
    return {**said, **mail, **facts, **days, **more}


def _course(name: str, *, mandatory: bool) -> Mapping[str, Any]:
    said = {"description": f"All about {name}.", "url": f"https://learn.example/{name}"}
    return {"name": name, "is_mandatory": mandatory, **said}


def _completed(status: str, score: float, day: int) -> Mapping[str, Any]:
    return {
        "status": status,
        "score": score,
        "completed_at": datetime(2026, 1, day, 9, 15, 30, 123_456, tzinfo=UTC),
    }


def _samples(world: World) -> dict[Any, Samples]:
    eve = _person("Eve", 11, gender="FEMALE", ethnicity="WHITE", marital_status="SINGLE")
    eva = _person("Eva", 12, gender="OTHER", ethnicity="TWO_OR_MORE_RACES", marital_status="SINGLE")
    about = {"employee": world.rows("employee")[0]["id"], "course": str(world.rows("type")[1]["id"])}
    off = {"units": "DAYS", "amount": 2.0, "employee_note": "Off to the hills."}
    days = {name: datetime(2026, 8, 3, 9, 15, 30, 123_456, tzinfo=UTC) for name in ("start_time", "end_time")}
    asked = {"employee": about["employee"], "status": "REQUESTED", "request_type": "SICK", **off, **days}
    return {
        TimeOff: Samples([asked], [{"status": "APPROVED"}]),
        Employee: Samples([eve], [eva], only=frozenset({"last_name", "marital_status"})),
        TrainingCourse: Samples([_course("ladders", mandatory=True)], [_course("ropes", mandatory=False)]),
        TrainingCompletion: Samples(
            [{**about, **_completed("FAILED", 40.5, 11)}], [_completed("COMPLETED", 92.0, 12)]
        ),
    }


far_side = emulated(
    vendor,
    _start,
    drawn={"Location list": {"totalPages": 1}},
    undrawn={
        "Group list": "no list that is drawn is that of departments or divisions, by its alias",
        "Employment get": "no row that is drawn begins on the day that the id tells",
    },
)
