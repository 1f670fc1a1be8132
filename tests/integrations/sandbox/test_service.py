"""The sandbox as somebody's server: what it answers to who has its key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from django.test import Client
from pytest_django import Settings

from integrations.sandbox.models import SandboxRecord
from tenants import apikeys
from tenants.models import ApiKey
from tests.canary import every_row, found
from tests.integrations.sandbox.conftest import MakeRemote, sandbox_of
from tests.people import Person

TICKET = {"subject": "Printer is on fire", "state": "new", "priority": "p1"}


def test_a_sandbox_is_made_with_an_api_key(alice: Person) -> None:
    """Of either kind; the answer names its key, which opens it; without an API key there is none."""
    with alice.at_work():
        _, test_key = apikeys.issue("test", ApiKey.Kind.TEST)
    for key in (alice.api_key, test_key):
        signed = {"Authorization": f"Bearer {key.reveal()}"}
        told = Client().post("/sandbox/accounts", '{"category": "crm"}', "application/json", headers=signed)
        assert told.status_code == 201
        mine = {"Authorization": f"Bearer {told.json()['key']}"}
        assert Client().get("/sandbox/v1/account", headers=mine).json()["account"] == told.json()["account"]
        wrong = Client().post("/sandbox/accounts", '{"category": "ats"}', "application/json", headers=signed)
        assert (wrong.status_code, set(wrong.json()["errors"])) == (422, {"category"})

    assert Client().post("/sandbox/accounts", "{}", "application/json").status_code == 401


def test_a_key_opens_its_own_sandbox(alice: Person, charlie: Person, served: str) -> None:
    """What is written in one is in no other, and who has no key has nothing."""
    hers, his = (sandbox_of(person, served, "ticketing") for person in (alice, charlie))
    made = hers.call("POST", "objects/ticket", TICKET).json()

    assert his.call("GET", f"objects/ticket/{made['id']}").status_code == 404
    assert len(hers.all("ticket")) == len(his.all("ticket")) + 1
    his.key = alice.api_key
    assert his.call("GET", "objects/ticket").status_code == 401


def test_lists_are_paged_in_the_order_of_changes(remote: MakeRemote) -> None:
    """Every object once, the one that changed last at the end, and since a moment only what changed then."""
    desk = remote("ticketing")
    before = desk.all("ticket")
    touched = before[3]["id"]
    now = datetime.now(UTC) - timedelta(seconds=1)
    desk.call("PATCH", f"objects/ticket/{touched}", {"subject": "Changed"})
    after = desk.all("ticket")

    assert [row["changedOn"] for row in after] == sorted(row["changedOn"] for row in after)
    assert len({row["id"] for row in after}) == len(after) == len(before)
    assert after[-1]["id"] == touched
    assert [row["id"] for row in desk.all("ticket", f"&changedSince={now:%Y-%m-%dT%H:%M:%SZ}")] == [touched]
    newest = desk.call("POST", "objects/ticket", TICKET).json()["id"]
    assert desk.call("GET", "objects/ticket?newest=true&limit=1").json()["objects"][0]["id"] == newest


def test_lists_are_asked_for_values_of_fields(remote: MakeRemote) -> None:
    """One of some words, one among the items of a list, a part of a text; several at once have all to hold."""
    desk = remote("ticketing")
    every = desk.all("ticket")
    states, asked = {"new", "working"}, '&where.state=["new","working"]'
    first = every[0]["assigneeKeys"][0]
    invoices = [row for row in every if "Invoice" in row["subject"]]

    assert desk.all("ticket", asked) == [row for row in every if row["state"] in states]
    assert desk.all("ticket", f'&where.assigneeKeys=["{first}"]') == [
        row for row in every if first in row["assigneeKeys"]
    ]
    assert desk.all("ticket", "&contains.subject=Invoice") == invoices != []
    assert desk.all("ticket", f"{asked}&contains.subject=Invoice") == [
        row for row in invoices if row["state"] in states
    ]
    assert desk.all("ticket", "&where.state=[]") == []


def test_a_text_is_looked_for_as_it_is(remote: MakeRemote) -> None:
    """Signs that mean something in patterns mean themselves."""
    desk = remote("ticketing")
    for subject in (r"100 % \_", "100 of them"):
        desk.call("POST", "objects/ticket", {**TICKET, "subject": subject})

    for part in ("%25", "_", "%5C"):
        assert [row["subject"] for row in desk.all("ticket", f"&contains.subject={part}")] == [r"100 % \_"]


def test_a_mistake_in_a_list_is_named(remote: MakeRemote) -> None:
    """A parameter or a cursor that is none is 400, a kind that there is not 404, a method 405."""
    desk = remote("ticketing")
    other = desk.call("GET", "objects/time-off")

    fields = (
        "where.state=new",
        'where.state="new"',
        "where.colour=[]",
        "contains.fileUrl=x",
        "contains.id=x",
    )
    for query in ("cursor=nonsense", "limit=many", "changedSince=soon", "colour=red", *fields):
        assert desk.call("GET", f"objects/ticket?{query}").status_code == 400, query
    assert (other.status_code, "ticket" in other.json()["message"]) == (404, True)
    assert desk.call("DELETE", "objects/ticket").status_code == 405


def test_what_no_database_holds_is_refused_as_everything_is(remote: MakeRemote) -> None:
    """In the sandbox's own form, wherever it stands: in a body, an upsert's key, a question, an id, a cursor."""
    desk = remote("ticketing")
    deep = "[" * 400 + "]" * 400
    asked = {
        "objects/ticket/ticket%00": 404,
        "objects/ticket/ticket%00/content": 404,
        "objects/ticket%00": 404,
        "objects/ticket?contains.subject=%00": 400,
        "objects/ticket?where.subject=[%22%5Cu0000%22]": 400,
        f"objects/ticket?where.subject=[{deep}]": 400,
        "objects/ticket?cursor=WyJ4IiwieSJd": 400,  # ["x", "y"], and with NUL behind a time
        "objects/ticket?cursor=WyIyMDI2LTAxLTAxVDAwOjAwOjAwWiIsIlx1MDAwMCJd": 400,
        "objects/ticket?changedSince=0001-01-01T00:00:00%2B14:00": 200,
        "objects/ticket?changedSince=2026-01-01": 200,
    }
    told = {path: desk.call("GET", path) for path in asked}
    sent = [
        desk.call("POST", "objects/ticket", {"subject": "a\0b"}),
        desk.call("PATCH", "objects/ticket/ticket-1001", {"tags": ["\0"], "\0": 1}),
        desk.call("PUT", "objects/ticket?match=subject", {"subject": "\0"}),
    ]
    kept = desk.call("POST", "objects/ticket", {**TICKET, "subject": r"a\u0000b"})

    assert {path: one.status_code for path, one in told.items()} == asked
    assert all(set(told[path].json()) == {"message"} for path, status in asked.items() if status != 200)
    assert [(one.status_code, set(one.json()["errors"])) for one in sent] == [
        (422, {"subject"}),
        (422, {"tags", "\0"}),
        (422, {"subject"}),
    ]
    assert (kept.status_code, kept.json()["subject"]) == (201, r"a\u0000b")


def test_a_request_that_django_cannot_read_is_refused_as_everything_is(
    remote: MakeRemote, settings: Settings
) -> None:
    """A form without an end, a body in chunks, one that is too large."""
    desk = remote("ticketing")
    signed = {"Authorization": f"Bearer {desk.key.reveal()}"}
    path, form = "/sandbox/v1/objects/ticketing-attachment", "multipart/form-data; boundary="
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    told = [
        Client().post(path, b"x", form, headers=signed),
        Client().post(
            path,
            b"{}",
            "application/json",
            headers={**signed, "Transfer-Encoding": "chunked"},
            CONTENT_LENGTH="",
        ),
        Client().post(path, b"x" * 200, "application/json", headers=signed),
    ]

    assert [(one.status_code, set(one.json())) for one in told] == [
        (status, {"message"}) for status in (400, 411, 413)
    ]


def test_an_object_is_changed_under_its_version(remote: MakeRemote) -> None:
    """An update with an old ETag is 412; what changes nothing keeps the version."""
    desk = remote("ticketing")
    seen = desk.call("GET", "objects/ticket/ticket-1001")
    changed = desk.call(
        "PATCH", "objects/ticket/ticket-1001", {"state": "solved"}, If_Match=seen.headers["ETag"]
    )
    again = desk.call("PATCH", "objects/ticket/ticket-1001", {"state": "new"}, If_Match=seen.headers["ETag"])
    same = desk.call("PATCH", "objects/ticket/ticket-1001", {"state": "solved"})

    assert (changed.status_code, again.status_code) == (200, 412)
    assert changed.headers["ETag"] == same.headers["ETag"] != seen.headers["ETag"]
    assert same.json()["state"] == "solved"


def test_what_cannot_be_stored_is_refused_by_field(remote: MakeRemote) -> None:
    """Unknown fields and words, other shapes, records that are not there, and what the system fills in."""
    desk = remote("ticketing")
    body = {"nonsense": 1, "dueDate": "tomorrow", "assigneeKeys": ["user-1001"], "createdOn": "2026-01-01"}
    told = desk.call("POST", "objects/ticket", body)
    stranger = desk.call("POST", "objects/ticket", {"accountKey": "account-1", "subject": "x"})

    assert told.status_code == stranger.status_code == 422
    assert set(told.json()["errors"]) == {"nonsense", "dueDate", "createdOn"}
    assert set(stranger.json()["errors"]) == {"accountKey"}


def test_an_upsert_goes_by_what_is_the_same(remote: MakeRemote) -> None:
    """The first makes it, the second changes that one; where several fit, nothing is done."""
    desk = remote("ticketing")
    first = desk.call("PUT", "objects/ticket?match=subject", TICKET)
    second = desk.call("PUT", "objects/ticket?match=subject", {**TICKET, "state": "solved"})
    desk.call("POST", "objects/ticket", TICKET)
    third = desk.call("PUT", "objects/ticket?match=subject", TICKET)

    assert (first.status_code, second.status_code, third.status_code) == (201, 200, 422)
    assert first.json()["id"] == second.json()["id"]
    assert second.json()["state"] == "solved"
    assert desk.call("PUT", "objects/ticket", TICKET).status_code == 422
    assert desk.call("PUT", "objects/ticket?match=state,mail", TICKET).status_code == 422


def test_what_is_removed_is_gone_until_it_begins_anew(remote: MakeRemote) -> None:
    """From lists and reads; `POST account` brings back what there was at first."""
    desk = remote("ticketing")
    assert desk.call("DELETE", "objects/ticket/ticket-1001").status_code == 204

    assert desk.call("GET", "objects/ticket/ticket-1001").status_code == 404
    assert desk.call("DELETE", "objects/ticket/ticket-1001").status_code == 404
    assert "ticket-1001" not in {row["id"] for row in desk.all("ticket")}
    assert desk.call("POST", "account").status_code == 200
    assert desk.call("GET", "objects/ticket/ticket-1001").status_code == 200


def test_a_sandbox_can_be_ended(alice: Person, remote: MakeRemote) -> None:
    """Its records are erased, and its key opens nothing."""
    desk = remote("ticketing")
    assert desk.call("DELETE", "account").status_code == 204

    assert desk.call("GET", "account").status_code == 401
    with alice.at_work():
        assert not SandboxRecord.objects.exists()


def test_what_is_sensitive_is_sealed(remote: MakeRemote, database: psycopg.Connection[Any]) -> None:
    """A social security number is shown to who has the key, and stands in no row."""
    hris = remote("hris")
    number = "987-65-4321"
    made = hris.call("POST", "objects/employee", {"workEmail": "a@b.example", "ssn": number}).json()

    assert hris.call("GET", f"objects/employee/{made['id']}").json()["ssn"] == number
    assert found(number, every_row(database)) == []
    hris.call("PATCH", f"objects/employee/{made['id']}", {"ssn": None})
    assert hris.call("GET", f"objects/employee/{made['id']}").json()["ssn"] is None
