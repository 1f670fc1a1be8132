"""Writing, and what meta says of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests import stub
from tests.people import Person
from tests.unified_api.api.conftest import Link, Linked
from tests.unified_api.api.pushing import Product, product_of

LISTS = {"tags": ["a", "b"], "name": "leak"}


@pytest.fixture
def tickets(alice: Person, link: Link) -> Product:
    """Tickets of a product."""
    return product_of(alice, link, "ticketing")


@pytest.mark.parametrize("tags", [["c"], ["b", "a"], []])
def test_a_patch_replaces_arrays_whole(tickets: Product, tags: list[str]) -> None:
    """An empty one empties them; fields that are not sent stay."""
    made = tickets.push("ticketing.Ticket", "1", LISTS).json()["model"]
    told = tickets.call("patch", f"ticketing/v1/tickets/{made['id']}", {"model": {"tags": tags}}).json()

    assert (told["model"]["tags"], told["model"]["name"]) == (tags, "leak")


def test_a_patch_clears_with_null_and_leaves_what_is_absent(tickets: Product) -> None:
    """Absent and null mean different things."""
    made = tickets.push("ticketing.Ticket", "1", {"name": "leak", "description": "wet"}).json()["model"]
    path = f"ticketing/v1/tickets/{made['id']}"
    absent = tickets.call("patch", path, {"model": {"name": "flood"}}).json()["model"]
    null = tickets.call("patch", path, {"model": {"description": None}}).json()["model"]

    assert (absent["name"], absent["description"]) == ("flood", "wet")
    assert (null["name"], null["description"]) == ("flood", None)


def test_the_envelope_has_arrays_and_no_logs(api: Linked) -> None:
    """`warnings` and `errors` are never null; `logs` come with is_debug_mode alone; pointers have no leading slash."""
    plain = api.send("post", "tickets", {"model": {"name": "leak", "colour": "red"}}).json()
    debug = api.send("post", "tickets?is_debug_mode=true", {"model": {"name": "leak"}}).json()
    refused = api.send("post", "tickets", {"model": {}}).json()

    assert list(plain) == list(refused) == ["model", "warnings", "errors"]
    assert list(debug) == [*plain, "logs"]
    assert (plain["errors"], debug["warnings"], refused["model"]) == ([], [], None)
    assert plain["warnings"][0]["source"] == {"pointer": "model/colour"}
    assert set(debug["logs"][0]["log_summary"]) == {"url", "method", "status_code"}


@pytest.mark.parametrize(
    ("model", "name", "sent", "shown"),
    [
        ("ticketing.Ticket", "name", 5, "5"),
        ("ticketing.Ticket", "tags", "urgent", ["urgent"]),
        ("ticketing.Ticket", "due_date", "2026-01-31", "2026-01-31T00:00:00.000000Z"),
        ("ticketing.Comment", "is_private", "true", True),
        ("ticketing.Attachment", "size", "5", 5),
    ],
)
def test_a_value_that_can_be_converted_is_written_with_a_warning(
    tickets: Product, model: str, name: str, sent: Any, shown: Any
) -> None:
    """`INCORRECT_FIELD_TYPE`, with its pointer and without the value; said again, nothing changes."""
    first, again = (tickets.push(model, "1", {name: sent}) for _ in range(2))
    [warning] = first.json()["warnings"]

    assert (first.status_code, again.status_code, first.json()["errors"]) == (201, 200, [])
    assert (first.json()["model"][name], again.json()["model"]) == (shown, first.json()["model"])
    assert (warning["problem_type"], warning["source"]) == (
        "INCORRECT_FIELD_TYPE",
        {"pointer": f"model/{name}"},
    )
    assert again.json()["warnings"] == [warning]
    assert len(tickets.writes()) == 1


@pytest.mark.parametrize(
    ("name", "sent"), [("name", True), ("name", 2.5), ("tags", "a, b"), ("due_date", 1769817600)]
)
def test_a_value_in_doubt_is_an_error(tickets: Product, name: str, sent: Any) -> None:
    """What may mean something else is not guessed: nothing is written."""
    refused = tickets.push("ticketing.Ticket", "1", {name: sent})
    [error] = refused.json()["errors"]

    assert (refused.status_code, error["problem_type"]) == (400, "INCORRECT_FIELD_TYPE")
    assert error["source"] == {"pointer": f"model/{name}"}
    assert tickets.writes() == []


def test_nested_objects_make_no_children(api: Linked, desk: stub.Desk) -> None:
    """A relation is an id: an object in its place is an error that names it, before any call."""
    answer = api.send("post", "tickets", {"model": {"name": "leak", "creator": {"name": "Grace"}}})
    [error] = answer.json()["errors"]

    assert (answer.status_code, answer.json()["model"]) == (400, None)
    assert (error["problem_type"], error["source"]) == ("INCORRECT_FIELD_TYPE", {"pointer": "model/creator"})
    assert desk.log == []


def test_what_the_credential_does_not_permit_is_403(api: Linked, desk: stub.Desk) -> None:
    """With `MISSING_PERMISSION`; nothing was made."""
    desk.refuse_writes = 403
    answer = api.send("post", "tickets", {"model": {"name": "leak"}})

    assert answer.status_code == 403
    assert [one["problem_type"] for one in answer.json()["errors"]] == ["MISSING_PERMISSION"]
    assert desk.tables["tickets"] == {}


@pytest.mark.parametrize("path", ["tickets/{}", "users/{}"])
def test_there_is_no_delete_of_records(api: Linked, path: str) -> None:
    """405, and the record is as it was."""
    record = api.land("1", name="leak")

    assert api.send("delete", path.format(record), None).status_code == 405
    assert api.get(f"tickets/{record}").json()["remote_was_deleted"] is False


def test_meta_is_the_schema_of_the_whole_body(api: Linked) -> None:
    """With what the account can write alone, and whether it can be asked now; what reveals conditions may be sent."""
    meta: dict[str, Any] = api.get("tickets/meta/post", {"collection_id": "x", "ticket_type": "bug"}).json()
    schema = meta["request_schema"]

    assert schema["required"] == ["model"]
    assert set(schema["properties"]["model"]) >= {"properties", "required"}
    assert "remote_created_at" not in schema["properties"]["model"]["properties"]
    assert meta["status"] == {"linked_account_status": "COMPLETE", "can_make_request": True}
    assert (meta["has_conditional_params"], meta["has_required_linked_account_params"]) == (False, False)
