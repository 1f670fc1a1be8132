"""What is odd in what BambooHR shows: who is listed, days, ids, histories, formats."""

from __future__ import annotations

from datetime import date

import pytest

from integrations.kit.client import Client
from integrations.kit.errors import Gone
from tests.emulators.engine import Emulator
from tests.emulators.vendors.bamboohr import employees, training
from tests.emulators.vendors.bamboohr.common import API, REPORTS_KNOW_NO_IDS, ZERO
from tests.integrations.providers.bamboohr.company import everything, named, pages_of, resource_of
from unified_api.models.hris import Employee
from unified_api.models.training import TrainingCompletion, TrainingCourse


def test_who_has_left_is_listed_though_no_directory_shows_them(company: Emulator, client: Client) -> None:
    """The directory has active people alone: it is not asked."""
    ben = everything(client, Employee)[named(company, "Ben")["id"]]

    assert ben.values["employment_status"] == "INACTIVE"
    assert ben.values["termination_date"] == date(2025, 11, 30)
    assert company.asked("GET", f"{API}/employees/directory") == []


def test_who_is_to_begin_is_pending_and_what_begins_later_does_not_hold_yet(
    company: Emulator, client: Client
) -> None:
    """What holds is told by days: of rows in the future nothing is shown, and from their day on they are."""
    boss = named(company, "Ada")
    fay = employees.add_employee(company.world, "Fay", "Future", hireDate="2026-03-01")
    employees.add_row(
        company.world,
        named(company, "Ben"),
        "employmentStatus",
        date="2026-02-02",
        employmentStatus="Full-Time",
    )
    employees.add_row(
        company.world, fay, "jobInfo", date="2026-03-01", department="Sales", reportsTo=boss["id"]
    )
    before = everything(client, Employee)
    company.world.clock.forward(35 * 86_400)
    after = everything(client, Employee)
    shown = [
        (told[fay["id"]].values["employment_status"], told[fay["id"]].values["manager"])
        for told in (before, after)
    ]

    assert shown == [("PENDING", None), ("ACTIVE", boss["id"])]
    assert [told[named(company, "Ben")["id"]].values["employment_status"] for told in (before, after)] == [
        "INACTIVE",
        "ACTIVE",
    ]


def test_a_day_of_zeros_is_none_and_days_stay_days(company: Emulator, client: Client) -> None:
    """In a report and by id, whatever the hour; nothing is set aside for it."""
    made = employees.add_employee(company.world, "Zoe", "Zero", hireDate=ZERO, dateOfBirth="1990-12-31")
    listed, read = everything(client, Employee)[made["id"]], client.read(resource_of(Employee), made["id"])

    for shown in (listed, read):
        assert shown.values["hire_date"] is None
        assert shown.values["date_of_birth"] == date(1990, 12, 31)
        assert shown.values["termination_date"] is None


def test_an_id_is_the_same_as_number_and_as_text(company: Emulator, client: Client) -> None:
    """A new record names its type by a number, a listed one by a text; both are the course."""
    kind = training.add_type(company.world, "Safety")
    values = {"employee": named(company, "Ada")["id"], "course": str(kind["id"])}
    made = client.create(
        resource_of(TrainingCompletion), {**values, "completed_at": client.connection.clock()}
    )
    listed = everything(client, TrainingCompletion)

    assert list(listed) == [made.remote_id]
    assert {one.values["course"] for one in (made, listed[made.remote_id])} == {str(kind["id"])}
    assert list(everything(client, TrainingCourse)) == [str(kind["id"])]


def test_changes_are_asked_for_and_deletions_are_told_by_them_alone(
    company: Emulator, client: Client
) -> None:
    """A row of a table moves its employee; who did not change is not read, and who was deleted is gone."""
    ada, ben = named(company, "Ada"), named(company, "Ben")
    gone = employees.add_employee(company.world, "Gil", "Gone")
    cursor = pages_of(client, Employee)[-1].cursor
    company.world.clock.forward(3600)
    employees.add_row(company.world, ada, "jobInfo", date="2026-01-30", department="Sales")
    employees.remove(company.world, gone)
    found = everything(client, Employee, cursor)

    assert {one: shown.gone for one, shown in found.items()} == {ada["id"]: False, gone["id"]: True}
    assert found[ada["id"]].values["groups"] == [f"department-{company.world.rows('option')[1]['id']}"]
    assert ben["id"] not in found


def test_pages_of_employees_neither_skip_nor_repeat(company: Emulator, client: Client) -> None:
    """Somebody deleted in between moves nobody out of sight."""
    for number in range(205):
        employees.add_employee(company.world, f"Number {number}", "Of many")
    pages = client.pages(resource_of(Employee), None)
    first = next(pages)
    employees.remove(company.world, named(company, "Number 3"))
    rest = [one.remote_id for page in pages for one in page.observations]

    assert [len(first.observations), len(rest)] == [100, 107]
    assert len({*rest, *(one.remote_id for one in first.observations)}) == 207


def test_where_reports_know_no_ids_employees_are_read_one_by_one(company: Emulator, client: Client) -> None:
    """So that managers and groups are known by ids in any case."""
    company.world.table("quirk")[REPORTS_KNOW_NO_IDS] = {}
    ben = everything(client, Employee)[named(company, "Ben")["id"]]

    assert ben.values["manager"] == named(company, "Ada")["id"]
    assert len(ben.values["groups"]) == 2


def test_an_employee_with_the_id_zero_is_nobody(client: Client) -> None:
    """It would be whoever has the key."""
    for number in ("0", "000", "all", "1/tables/jobInfo"):
        with pytest.raises(Gone):
            client.read(resource_of(Employee), number)


def test_what_may_not_be_seen_is_not_taken_for_empty(company: Emulator, client: Client) -> None:
    """A field that the key may not see is left out there, and said nothing of."""
    company.world.table("restricted").update({"ssn": {}, "dateOfBirth": {}, "status": {}})
    shown = everything(client, Employee)[named(company, "Ada")["id"]].values

    assert {"ssn", "date_of_birth", "employment_status"} & set(shown) == set()


def test_a_sensitive_number_is_in_no_raw_answer(company: Emulator, client: Client) -> None:
    """It is read into its field, sealed, and stands nowhere else."""
    made = employees.add_employee(company.world, "Sue", "Secret", ssn="123-45-6789")
    for shown in (everything(client, Employee)[made["id"]], client.read(resource_of(Employee), made["id"])):
        assert shown.values["ssn"].reveal() == "123-45-6789"
        assert "6789" not in repr(shown)


def test_own_fields_are_read_by_alias_or_number_and_described(company: Emulator, client: Client) -> None:
    """Those in tables and those out of use are none."""
    shirt, badge = "customTShirt", str(company.world.rows("field")[1]["id"])
    employees.edit(company.world, named(company, "Ada"), **{shirt: "M", badge: "77"})
    listed = everything(client, Employee)[named(company, "Ada")["id"]]
    described = client.field_classes(resource_of(Employee))

    assert listed.raw["own"] == {shirt: "M", badge: "77"}
    assert [(one.key, one.name, one.kind) for one in described] == [
        (shirt, "T-Shirt", "string"),
        (badge, "Badge", "string"),
    ]


def test_json_is_asked_for_everywhere(company: Emulator, client: Client) -> None:
    """Else the answer is XML; and a report takes its question by this type alone."""
    everything(client, Employee)
    everything(client, TrainingCompletion)
    told = [one.request for one in company.exchanges]

    assert {one.headers["accept"] for one in told} == {"application/json"}
    assert {one.headers["content-type"] for one in told if one.method == "POST"} == {"application/json"}
