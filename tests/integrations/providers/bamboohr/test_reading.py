"""What is odd in what BambooHR shows: who is listed, days, ids, histories, formats."""

from __future__ import annotations

from datetime import UTC, date, datetime
from unittest import mock

import pytest

from integrations.kit.client import Client
from integrations.kit.errors import Forbidden, Gone, Misconfigured
from tests.emulators.engine import Emulator
from tests.emulators.vendors.bamboohr import absences, employees, fields, places, training
from tests.emulators.vendors.bamboohr.common import API, KEYS_SEE_NO_PLACES, REPORTS_KNOW_NO_IDS, ZERO
from tests.integrations.providers.bamboohr.company import account_at, everything, named, pages_of, resource_of
from unified_api.models.hris import (
    Company,
    Dependent,
    Employee,
    Employment,
    Group,
    Location,
    TimeOff,
    TimeOffBalance,
)
from unified_api.models.training import TrainingCompletion, TrainingCourse


def test_who_has_left_is_listed_though_no_directory_shows_them(company: Emulator, client: Client) -> None:
    """The directory has active people alone: it is not asked."""
    ben = everything(client, Employee)[named(company, "Ben")["id"]]

    assert ben.values["employment_status"] == "INACTIVE"
    assert ben.values["termination_date"] == date(2025, 11, 30)
    assert company.asked("GET", f"{API}/employees/directory") == []


def test_rows_of_a_report_that_say_the_same_are_all_read(company: Emulator, client: Client) -> None:
    """Left alone, BambooHR filters duplicates: two who are there and have the same fields would be one."""
    twins = [employees.add_employee(company.world, "Gil", "Twin")["id"] for _ in range(2)]
    found = everything(client, Employee)

    assert set(twins) <= set(found)
    assert len(found) == 4


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


def test_an_employee_with_the_id_zero_is_nobody(company: Emulator, client: Client) -> None:
    """It would be whoever has the key: in no model is it asked for."""
    ids = {Employee: "{}", Employment: "{}-2021-05-03", TimeOffBalance: "{}-78", TrainingCompletion: "{}-1"}
    for model, spelled in {**ids, Location: "home-{}"}.items():
        for number in ("0", "000", "all", "\N{SUPERSCRIPT TWO}", "1/tables/jobInfo"):
            with pytest.raises(Gone):
                client.read(resource_of(model), spelled.format(number))

    assert [one.request.path for one in company.exchanges if "/0" in one.request.path] == []


def test_what_may_not_be_seen_is_not_taken_for_empty(company: Emulator, client: Client) -> None:
    """A field that the key may not see is left out there, and said nothing of."""
    company.world.table("restricted").update({"ssn": {}, "dateOfBirth": {}, "status": {}})
    shown = everything(client, Employee)[named(company, "Ada")["id"]].values

    assert {"ssn", "date_of_birth", "employment_status"} & set(shown) == set()


def test_a_division_that_may_not_be_seen_hides_no_department(company: Emulator, client: Client) -> None:
    """Groups are those that may be seen; where that is neither of the two, nothing is said of them."""
    ben = named(company, "Ben")["id"]
    both = client.read(resource_of(Employee), ben).values["groups"]
    company.world.table("restricted").update({"divisionId": {}})
    one = client.read(resource_of(Employee), ben).values["groups"]
    company.world.table("restricted").update({"departmentId": {}})

    assert [group.partition("-")[0] for group in both] == ["department", "division"]
    assert one == both[:1]
    assert "groups" not in client.read(resource_of(Employee), ben).values


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


def test_more_own_fields_than_a_request_takes_are_all_read(company: Emulator, client: Client) -> None:
    """In further requests, of a list as of a single employee."""
    names = [f"customOwn{number}" for number in range(420)]
    for name in names:
        fields.add_field(company.world, name, "text", name)
    ada = named(company, "Ada")
    employees.edit(company.world, ada, **{names[0]: "first", names[-1]: "last"})
    listed = everything(client, Employee)[ada["id"]]
    shown = [one.raw["own"] for one in (listed, client.read(resource_of(Employee), ada["id"]))]

    assert [(own[names[0]], own[names[-1]]) for own in shown] == [("first", "last")] * 2
    assert listed.values["first_name"] == "Ada"


def test_own_fields_of_lists_tell_their_words(company: Emulator, client: Client) -> None:
    """Those that can still be chosen, so that a write of another one is refused; none where lists may not be seen."""
    for word in ("S", "M", "XXL"):
        fields.add_option(company.world, "customTShirt", word, archived=word == "XXL")
    company.faults.refuse(403, "GET */meta/lists")
    unseen, seen = (client.field_classes(resource_of(Employee)) for _ in range(2))

    assert [one.choices for one in unseen] == [[], []]
    assert [one.choices for one in seen] == [[("S", "S"), ("M", "M")], []]


def test_json_is_asked_for_everywhere(company: Emulator, client: Client) -> None:
    """Else the answer is XML; and a report takes its question by this type alone."""
    everything(client, Employee)
    everything(client, TrainingCompletion)
    told = [one.request for one in company.exchanges]

    assert {one.headers["accept"] for one in told} == {"application/json"}
    assert {one.headers["content-type"] for one in told if one.method == "POST"} == {"application/json"}


def test_each_day_on_which_something_changes_begins_an_employment(company: Emulator, client: Client) -> None:
    """Job, pay and kind are joined by their days, future ones too; who has left by then begins none."""
    ben = named(company, "Ben")
    pay = {"rate": {"value": "4,200.50", "currency": "EUR"}, "paidPer": "Month", "exempt": "Exempt"}
    employees.add_row(company.world, ben, "compensation", startDate="2023-01-01", **pay)
    employees.add_row(company.world, ben, "compensation", startDate="2027-01-01", rate="5000.00 EUR")
    ada = named(company, "Ada")
    employees.add_row(company.world, ada, "jobInfo", date="0000-00-00", jobTitle="Founder")
    employees.add_row(company.world, ada, "compensation", startDate="2027-01-01", rate="5000.00 EUR")
    found = everything(client, Employment)
    shown = [
        (one.values["effective_date"], one.values["job_title"], one.values.get("pay_rate"))
        for one in found.values()
    ]

    assert shown == [
        (None, "Founder", None),
        (date(2027, 1, 1), "Founder", 5000.0),
        (date(2021, 5, 3), "Engineer", None),
        (date(2023, 1, 1), "Engineer", 4200.5),
    ]
    assert [one.values.get("employment_type") for one in found.values()] == [
        None,
        None,
        "FULL_TIME",
        "FULL_TIME",
    ]
    last = list(found)[-1]
    assert client.read(resource_of(Employment), last).values == found[last].values


def test_pay_that_may_never_be_seen_is_not_said_to_be_none(company: Emulator) -> None:
    """Where the account says so, titles are read all the same, and nobody asks for pay."""
    with account_at(company, unseen="compensation employmentStatus") as client:
        [one] = everything(client, Employment).values()
        assert client.read(resource_of(Employment), one.remote_id).values == one.values

    assert one.values["job_title"] == "Engineer"
    assert {"pay_rate", "employment_type"} & set(one.values) == set()
    assert company.asked("GET", f"{API}/employees/all/tables/compensation") == []


@pytest.mark.parametrize("status", [403, 404])
@pytest.mark.parametrize("table", ["compensation", "employmentStatus"])
def test_a_table_that_may_be_seen_no_more_ends_no_employment(
    company: Emulator, client: Client, table: str, status: int
) -> None:
    """Those that begin by its rows would be taken for deleted; one by its id is not said to be gone, either."""
    who = named(company, "Ben")["id"]
    for whose in ("all", who):
        company.faults.refuse(status, f"GET {API}/employees/{whose}/tables/{table}", body=b"")

    with pytest.raises(Forbidden, match="unseen"):
        everything(client, Employment)
    with pytest.raises(Forbidden, match="unseen"):
        client.read(resource_of(Employment), f"{who}-2021-05-03")


def test_a_table_of_jobs_that_may_not_be_seen_ends_nothing(company: Emulator, client: Client) -> None:
    """Without it nobody knows which employments there are."""
    company.faults.refuse(403, f"GET {API}/employees/all/tables/jobInfo", body=b"")
    with pytest.raises(Forbidden):
        everything(client, Employment)


def test_homes_and_offices_are_places(company: Emulator, client: Client) -> None:
    """All pages of offices; an employee without an address has none, and one that is not in use is not listed."""
    for number in range(3):
        places.add_place(company.world, f"Office {number}")
    company.world.rows("place")[-1]["archived"] = True
    with mock.patch.object(places, "PAGE", 2):
        found = everything(client, Location)
    ada = named(company, "Ada")
    home = found[f"home-{ada['id']}"]

    assert [one.values["name"] for one in found.values()] == ["Lindon", "Office 0", "Office 1", None]
    assert (home.values["street_1"], home.values["country"]) == ("7 Elm Street", "US")
    assert everything(client, Employee)[ada["id"]].values["home_location"] == home.remote_id
    assert client.read(resource_of(Location), home.remote_id).values == home.values


def test_more_pages_of_offices_than_there_can_be_are_not_asked_for(company: Emulator, client: Client) -> None:
    """Their number is only what the first answer says."""
    meta = {"page": 0, "pageSize": 500, "totalPages": 1_000_000, "totalItems": 0}
    company.faults.refuse(200, f"GET {API}/hris/org/locations", body={"data": [], "meta": meta})
    with pytest.raises(Misconfigured, match="1000000 pages of offices"):
        everything(client, Location)


def test_offices_that_a_key_may_not_read_are_known_by_name(company: Emulator, client: Client) -> None:
    """By the same ids."""
    there = {one for one in everything(client, Location) if not one.startswith("home-")}
    company.world.table("quirk")[KEYS_SEE_NO_PLACES] = {}
    found = everything(client, Location)

    assert {one for one in found if not one.startswith("home-")} == there
    assert [one.values["name"] for one in found.values()] == ["Lindon", None]
    assert everything(client, Employee)[named(company, "Ben")["id"]].values["work_location"] in there


def test_parts_of_the_company_are_words_in_use(company: Emulator, client: Client) -> None:
    """Departments and divisions; an archived one is listed no more."""
    company.world.rows("option")[1]["archived"] = "yes"

    assert [(one.values["name"], one.values["type"]) for one in everything(client, Group).values()] == [
        ("Engineering", "DEPARTMENT"),
        ("Europe", "BUSINESS_UNIT"),
    ]


@pytest.mark.parametrize(
    ("line", "score"),
    [("Score: B %", None), ("Score: 92,5 %", None), (f"Score: {'9' * 400} %", None), ("Score: 92.5 %", 92.5)],
)
def test_a_score_is_a_number_or_none(
    company: Emulator, client: Client, line: str, score: float | None
) -> None:
    """Whatever somebody writes into the notes, the completion is read."""
    kind = training.add_type(company.world, "Safety")["id"]
    training.add_record(company.world, named(company, "Ada")["id"], kind, "2026-01-20", notes=line)
    [page] = pages_of(client, TrainingCompletion)

    assert [one.values["score"] for one in page.observations] == [score]


def test_time_off_is_read_again_where_it_may_still_change(company: Emulator, client: Client) -> None:
    """All of it once, in pages of years; then what ended in the last year or is to come. Days stay days."""
    ben = named(company, "Ben")["id"]
    old = absences.add_request(company.world, ben, "2019-12-30", "2020-01-02")
    new = absences.add_request(company.world, ben, "2026-02-27", "2026-02-28", 79)
    pages = pages_of(client, TimeOff)
    absences.decide(company.world, new, "canceled")
    company.world.clock.forward(3600)
    again = everything(client, TimeOff, pages[-1].cursor)
    first = {one.remote_id for page in pages for one in page.observations}

    assert first == {str(old["id"]), str(new["id"])}
    assert list(again) == [str(new["id"])]
    told = again[str(new["id"])].values
    assert (told["status"], told["request_type"], told["units"]) == ("CANCELLED", "SICK", "DAYS")
    assert told["start_time"] == datetime(2026, 2, 27, tzinfo=UTC)


def test_balances_are_numbers_though_they_are_told_as_texts(company: Emulator, client: Client) -> None:
    """Of who has none nothing is shown, also where BambooHR knows no such employee for it."""
    ada, ben = (named(company, name)["id"] for name in ("Ada", "Ben"))
    absences.add_balance(company.world, ada, 78, "24.50", "-1.25")
    company.faults.refuse(404, f"GET {API}/employees/{ben}/time_off/calculator", body=b"")
    [one] = everything(client, TimeOffBalance).values()

    assert (one.values["employee"], one.values["balance"], one.values["used"]) == (ada, 24.5, -1.25)


def test_a_masked_number_is_no_number(company: Emulator, client: Client) -> None:
    """What is told of a dependent's is its last digits: they are neither read nor kept."""
    absences.add_dependent(
        company.world, named(company, "Ada")["id"], "Cora", "Child", maskedSSN="xxx-xx-1234", isStudent="yes"
    )
    [one] = everything(client, Dependent).values()

    assert (one.values["relationship"], one.values["is_student"]) == ("CHILD", True)
    assert "ssn" not in one.values
    assert "1234" not in repr(one)


def test_the_company_is_the_account_itself(company: Emulator, client: Client) -> None:
    """It has no id there, and is read alone as it is listed; there is no other."""
    listed = everything(client, Company)
    read = client.read(resource_of(Company), "company")

    assert {one: listed[one].values for one in listed} == {"company": read.values}
    assert (read.values["legal_name"], read.values["display_name"]) == ("Acme Incorporated", "Acme")
    with pytest.raises(Gone):
        client.read(resource_of(Company), "another")
