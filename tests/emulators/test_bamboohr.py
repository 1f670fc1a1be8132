"""BambooHR's emulator, asked as its description has it.

What SEMANTICS.md says of BambooHR with a source, and the test that stands for it:

    JSON for who asks for it; ids as numbers and texts     test_formats, test_training
    key as user of Basic                                   test_who_may_come_in
    directory: active only, 404 when empty                 test_the_directory_has_active_people_alone
    400 fields; onlyCurrent                                test_one_employee, test_what_holds_today
    changed: action, lastChanged, latest, since            test_what_changed
    201 without a body, Location; 409                      test_a_new_employee
    fields by alias or number                              test_one_employee
    histories: jobInfo, compensation, employmentStatus     test_what_holds_today
    time off: start and end, days that overlap             test_time_off
    privateKey shown once; signature, ids alone            test_webhooks, providers/bamboohr/test_sent.py
    503 and 429 with Retry-After                           test_limits, providers/bamboohr/test_writing.py
    types: frequency, dueFromHireDate                      test_training
    records: object or empty list, 201 to a PUT, 405       test_training
    /meta/fields, /meta/lists                              test_formats
    reasons in a header                                    test_a_new_employee

Not looked at here, as the adapter does not use it: the paged list of employees and `_restrictedFields`, datasets,
changed tables, a directory that is not shared, photos and files, writing rows of tables and time off, required fields
of payroll, `/webhooks/{id}/log` and webhooks of fields, monitor fields, and what training has of instructors, hours,
credits, cost and categories.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.emulators.engine import Emulator, emulating
from tests.emulators.exchange import Answer, Request
from tests.emulators.vendors.bamboohr import KEY, TOKEN, absences, employees, hooks, vendor
from tests.emulators.vendors.bamboohr.common import API, REASON
from tests.emulators.world import Clock
from tests.integrations.providers.bamboohr.company import START, named

_JSON = "application/json"


@pytest.fixture
def company() -> Iterator[Emulator]:
    """A company of two."""
    with emulating(vendor, Clock(START)) as running:
        yield running


def ask(company: Emulator, method: str, path: str, body: Any = None, **query: str) -> Answer:
    """The answer to a request with the token."""
    return _asked(company, method, path, body, query, {"authorization": f"Bearer {TOKEN}", "accept": _JSON})


def _asked(
    company: Emulator, method: str, path: str, body: Any, query: dict[str, str], headers: dict[str, str]
) -> Answer:
    kind = {} if body is None else {"content-type": _JSON}
    raw = b"" if body is None else json.dumps(body).encode()
    request = Request(method, f"{API}{path}", [*query.items()], {**kind, **headers}, raw)
    return company.take(request)[0]


def test_who_may_come_in(company: Emulator) -> None:
    """A token, or a key as the user of HTTP Basic; nobody else."""
    basic = {
        name: "Basic " + base64.b64encode(f"{name}:x".encode()).decode() for name in (KEY, "another key")
    }
    told = [f"Bearer {TOKEN}", basic[KEY], basic["another key"], "Bearer another", ""]
    found = [
        _asked(company, "GET", "/meta/fields", None, {}, {"authorization": one, "accept": _JSON}).status
        for one in told
    ]

    assert found == [200, 200, 401, 401, 401]


def test_formats(company: Emulator) -> None:
    """XML is what everybody gets who does not ask for JSON; ids of words are numbers, those of fields may be texts."""
    asked = {"authorization": f"Bearer {TOKEN}", "accept": "*/*"}
    xml = _asked(company, "GET", "/meta/lists", None, {}, asked)
    lists, fields = ask(company, "GET", "/meta/lists").body, ask(company, "GET", "/meta/fields").body

    assert xml.headers["Content-Type"] == "text/xml"
    assert company.violations == ["GET /api/v1/meta/lists: the answer 200 is to have a JSON body"]
    company.violations.clear()
    assert {type(word["id"]) for one in lists for word in one["options"]} == {int}
    assert {type(one["id"]) for one in fields} == {int, str}


def test_the_directory_has_active_people_alone(company: Emulator) -> None:
    """And none at all is a 404; a report has everybody, and nothing for a charset."""
    there = ask(company, "GET", "/employees/directory").body["employees"]
    report = ask(company, "POST", "/reports/custom", {"fields": ["status"]}).body["employees"]
    charset = {"authorization": f"Bearer {TOKEN}", "accept": _JSON, "content-type": f"{_JSON}; charset=utf-8"}
    refused = _asked(company, "POST", "/reports/custom", {"fields": []}, {}, charset)
    employees.remove(company.world, named(company, "Ada"))

    assert [one["displayName"] for one in there] == ["Ada Boss"]
    assert {one["status"] for one in report} == {"Active", "Inactive"}
    assert (refused.status, refused.headers[REASON]) == (400, "Malformed XML")
    assert ask(company, "GET", "/employees/directory").status == 404


def test_one_employee(company: Emulator) -> None:
    """Little is shown that is not asked for, no more than 400 fields are, and own ones go by alias or number."""
    who, badge = named(company, "Ada")["id"], str(company.world.rows("field")[1]["id"])
    ask(company, "POST", f"/employees/{who}", {badge: "77", "customTShirt": "M"})
    usual = ask(company, "GET", f"/employees/{who}").body
    told = ask(company, "GET", f"/employees/{who}", fields=f"{badge},customTShirt,nothing").body
    many = ask(company, "GET", f"/employees/{who}", fields=",".join(["city"] * 401))

    assert usual == {"id": who, "firstName": "Ada", "lastName": "Boss"}
    assert told == {"id": who, badge: "77", "customTShirt": "M"}
    assert many.status == 400
    assert ask(company, "GET", "/employees/999").status == 404


def test_what_holds_today(company: Emulator) -> None:
    """The latest row until today; who left is inactive from that day on."""
    ada = named(company, "Ada")
    employees.add_row(company.world, ada, "jobInfo", date="2020-02-03", jobTitle="Boss")
    employees.add_row(company.world, ada, "jobInfo", date="2026-02-10", jobTitle="Chair")
    employees.add_row(
        company.world, ada, "employmentStatus", date="2026-02-10", employmentStatus="Terminated"
    )
    shown = []
    for _ in range(2):
        told = ask(company, "GET", f"/employees/{ada['id']}", fields="jobTitle,status,terminationDate").body
        shown.append((told["jobTitle"], told["status"], told["terminationDate"]))
        company.world.clock.forward(30 * 86_400)
    rows = ask(company, "GET", f"/employees/{ada['id']}/tables/jobInfo").body

    assert shown == [("Boss", "Active", "0000-00-00"), ("Chair", "Inactive", "2026-02-10")]
    assert [row["date"] for row in rows] == ["2026-02-10", "2020-02-03"]


def test_what_changed(company: Emulator) -> None:
    """By id: who was made, changed or deleted since, and when the last one was; a moment is asked for."""
    company.world.clock.forward(60)
    ada, ben = named(company, "Ada"), named(company, "Ben")
    employees.edit(company.world, ada, city="Orem")
    employees.remove(company.world, ben)
    told = ask(company, "GET", "/employees/changed", since="2026-01-31T09:00:30Z").body

    assert {key: one["action"] for key, one in told["employees"].items()} == {
        ada["id"]: "Updated",
        ben["id"]: "Deleted",
    }
    assert told["latest"] == "2026-01-31T09:01:00+00:00"
    assert ask(company, "GET", "/employees/changed", since="yesterday").status == 400


def test_a_new_employee(company: Emulator) -> None:
    """Named in a header; who has an address already is a conflict, whose reason stands in a header, too."""
    eve = {"firstName": "Eve", "lastName": "New", "workEmail": "eve@acme.example"}
    made = ask(company, "POST", "/employees", eve)
    again = ask(company, "POST", "/employees", eve)
    nameless = ask(company, "POST", "/employees", {"firstName": "", "lastName": "New"})

    assert (made.status, made.raw) == (201, b"")
    assert made.headers["Location"].endswith(named(company, "Eve")["id"])
    assert (again.status, again.raw) == (409, b"")
    assert again.headers[REASON].startswith("workEmail")
    assert nameless.status == 400


def test_training(company: Emulator) -> None:
    """Types by id; records by id, or an empty list; a change answers 201, and one of a locked record 405."""
    who = named(company, "Ada")["id"]
    kind = ask(company, "POST", "/training/type", {"name": "Safety"}).body
    odd = [
        ask(company, "POST", "/training/type", {"name": "Odd", **more}).status
        for more in ({"renewable": True}, {"dueFromHireDate": 30})
    ]
    none = ask(company, "GET", f"/training/record/employee/{who}").body
    told = {"completed": "2026-01-20", "type": kind["id"]}
    made = ask(company, "POST", f"/training/record/employee/{who}", told)
    wrong = ask(company, "POST", f"/training/record/employee/{who}", {**told, "completed": "20.1.2026"})
    listed = ask(company, "GET", f"/training/record/employee/{who}", type=str(kind["id"])).body
    path = f"/training/record/{made.body['id']}"
    changed = ask(company, "PUT", path, {"completed": "2026-01-21", "notes": "Again."})
    company.world.add("locked", {"id": made.body["id"]})

    assert (odd, none, wrong.status) == ([400, 400], [], 400)
    assert ask(company, "GET", "/training/type").body == {str(kind["id"]): kind}
    assert (made.status, made.body["type"]) == (201, kind["id"])
    assert listed[str(made.body["id"])]["type"] == str(kind["id"])
    assert (changed.status, changed.body["notes"]) == (201, "Again.")
    assert ask(company, "PUT", path, {"completed": "2026-01-22"}).status == 405
    assert ask(company, "DELETE", f"/training/type/{kind['id']}").status == 405


def test_time_off(company: Emulator) -> None:
    """Days that overlap, from and to which both are asked for."""
    who = named(company, "Ada")["id"]
    made = absences.add_request(company.world, who, "2026-02-27", "2026-03-02")
    found = [
        [one["id"] for one in ask(company, "GET", "/time_off/requests", start=start, end=end).body]
        for start, end in (("2026-03-01", "2026-03-31"), ("2026-03-03", "2026-03-31"))
    ]

    assert found == [[made["id"]], []]


def test_webhooks(company: Emulator) -> None:
    """The key is shown once; what is sent names who changed, and what was watched."""
    told = {
        "name": "W",
        "url": "https://isthmus.example/hook",
        "format": "json",
        "events": ["employee.updated"],
    }
    made = ask(company, "POST", "/webhooks", {**told, "monitorFields": ["lastName"]})
    shown = ask(company, "GET", "/webhooks").body["webhooks"]
    ada = named(company, "Ada")
    employees.edit(company.world, ada, city="Orem")
    employees.edit(company.world, ada, lastName="Married")
    [sent] = company.packed()
    parts = sent.body, sent.headers["X-BambooHR-Timestamp"].encode()

    assert made.status == 201
    assert "privateKey" not in shown[0]
    assert json.loads(sent.body)["data"] == {
        "companyId": "1",
        "employeeId": ada["id"],
        "changedFields": ["lastName"],
    }
    assert sent.headers["X-BambooHR-Signature"] == hooks.signature(made.body["privateKey"], *parts)
    assert ask(company, "DELETE", f"/webhooks/{made.body['id']}").raw == b"Web hook has been deleted."


def test_limits(company: Emulator) -> None:
    """Who asks too much is told when to come again."""
    found = [ask(company, "GET", "/training/type") for _ in range(601)]

    assert {one.status for one in found[:600]} == {200}
    assert (found[600].status, found[600].headers["Retry-After"]) == (429, "60")
