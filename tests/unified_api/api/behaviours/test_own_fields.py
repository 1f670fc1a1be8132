"""A provider's own fields in a write, by its own names of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from integrations.kit.endpoints import GET, POST
from integrations.kit.field_classes import FieldClass, FieldClasses
from integrations.kit.mapping import Mapping
from integrations.kit.provider import Resource
from tests import stub
from tests.people import Person
from tests.unified_api.api.conftest import Link, Linked
from tests.unified_api.api.pushing import Product
from unified_api import registry
from unified_api.models.hris import Employee

FIELDS = (
    FieldClass(key="x_source", name="Source", kind="string", is_custom=False),
    FieldClass(key="x_color", name="Color", kind="string", choices=[("red", "Red")], is_custom=True),
    FieldClass(key="x_size", kind="number", is_custom=True),
    FieldClass(key="x_sold", kind="bool", is_custom=True),
    FieldClass(key="x_day", kind="date", is_custom=True),
    FieldClass(key="x_at", kind="datetime", is_custom=True),
    FieldClass(key="x_names", kind="list", kind_of_items="string", is_custom=True),
    FieldClass(key="serial", kind="string", is_custom=True),
    FieldClass(key="state", kind="string", is_custom=False),
)


@pytest.fixture
def fields() -> tuple[FieldClass, ...]:
    """What the desk has."""
    return FIELDS


@pytest.fixture
def desk(desk: stub.Desk, fields: tuple[FieldClass, ...], monkeypatch: pytest.MonkeyPatch) -> stub.Desk:
    """A desk whose tickets have fields of its own."""
    tickets = replace(stub.TICKETS, field_classes=FieldClasses(known=fields))
    monkeypatch.setitem(registry._providers, "stub", replace(stub.PROVIDER, resources=(tickets, stub.USERS)))
    return desk


@pytest.fixture
def read(api: Linked, desk: stub.Desk) -> Linked:
    """An account whose fields are known."""
    api.work()
    desk.log.clear()
    return api


def create(api: Linked, **sent: Any) -> Any:
    """POST a ticket."""
    return api.send("post", "tickets", {"model": {"name": "leak", **sent}})


def told(answer: Any, kind: str) -> list[tuple[str, str]]:
    """Problem types and pointers of an answer."""
    return [(one["problem_type"], one["source"]["pointer"]) for one in answer.json()[kind]]


def test_integration_params_and_linked_account_params_are_written(read: Linked, desk: stub.Desk) -> None:
    """Those of every account, and those of this one; a change goes the same way, and null clears."""
    made = create(read, integration_params={"x_source": "web"}, linked_account_params={"x_color": "red"})
    row = desk.tables["tickets"][made.json()["model"]["remote_id"]]
    created = dict(row)
    path = f"tickets/{made.json()['model']['id']}"
    changed = read.send("patch", path, {"model": {"linked_account_params": {"x_color": None}}})

    assert (made.status_code, told(made, "warnings")) == (201, [])
    assert {"title": "leak", "x_source": "web", "x_color": "red"}.items() <= created.items()
    assert (changed.status_code, row["x_color"], row["x_source"]) == (200, None, "web")


def test_params_are_all_that_a_model_without_remote_fields_has(
    alice: Person, link: Link, desk: stub.Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as people: the field is written, and the answer shows what the contract has of them."""
    needed = FieldClass(key="x_need", kind="number", is_custom=True, is_required=True)
    people = Resource(
        mapping=Mapping(Employee, remote_id="id", first_name="title"),
        list=GET("/tickets", items="items"),
        create=POST("/tickets", answer=""),
        recent=GET("/tickets", items="items"),
        recognise=("first_name",),
        custom=("x_",),
        field_classes=FieldClasses(known=(*FIELDS, needed)),
    )
    provider = replace(stub.PROVIDER, category="hris", resources=(people,))
    monkeypatch.setitem(registry._providers, "stub", provider)
    api = Product(link(alice, category="hris"), "hris")
    api.linked.work()
    sent = {"first_name": "Grace", "linked_account_params": {"x_need": 1}, "remote_fields": []}
    made = api.call("post", "hris/v1/employees", {"model": sent})
    lacking = api.call("post", "hris/v1/employees", {"model": {"first_name": "Ada"}})
    meta = api.call("get", "hris/v1/employees/meta/post").json()
    known = meta["request_schema"]["properties"]["model"]["properties"]

    assert (made.status_code, told(made, "warnings")) == (201, [])
    assert "remote_fields" not in made.json()["model"]
    assert desk.tables["tickets"][made.json()["model"]["remote_id"]]["x_need"] == 1
    assert told(lacking, "errors") == [("MISSING_REQUIRED_FIELD", "model/linked_account_params")]
    assert ("remote_fields" in known, "linked_account_params" in known) == (False, True)
    assert meta["has_required_linked_account_params"] is True


def test_params_that_nobody_knows_are_warned_about(read: Linked, desk: stub.Desk) -> None:
    """Also a name of the other kind: the write happens without them."""
    made = create(
        read, integration_params={"x_color": "red", "title": "pwned"}, linked_account_params={"id": 1}
    )
    pointers = ["integration_params/x_color", "integration_params/title", "linked_account_params/id"]

    assert told(made, "warnings") == [("UNSUPPORTED_FIELD", f"model/{place}") for place in pointers]
    assert desk.tables["tickets"][made.json()["model"]["remote_id"]].keys() == {"id", "updated", "title"}


@pytest.mark.parametrize(
    ("sent", "problem", "pointer"),
    [
        (
            {"linked_account_params": {"x_color": "blue"}},
            "INVALID_FIELD_CHOICE",
            "linked_account_params/x_color",
        ),
        (
            {"linked_account_params": {"x_sold": "maybe"}},
            "INCORRECT_FIELD_TYPE",
            "linked_account_params/x_sold",
        ),
        ({"linked_account_params": {"serial": "A-1"}}, "UNSUPPORTED_FIELD", "linked_account_params/serial"),
        ({"integration_params": {"state": "open"}}, "UNSUPPORTED_FIELD", "integration_params/state"),
        ({"integration_params": ["x_source"]}, "INCORRECT_FIELD_TYPE", "integration_params"),
        ({"linked_account_params": ""}, "INCORRECT_FIELD_TYPE", "linked_account_params"),
    ],
)
def test_params_are_refused_where_remote_fields_are(
    read: Linked, desk: stub.Desk, sent: dict[str, Any], problem: str, pointer: str
) -> None:
    """Another word or kind, what cannot be written, what a common field shows: before any call."""
    refused = create(read, **sent)

    assert (refused.status_code, told(refused, "errors")) == (400, [(problem, f"model/{pointer}")])
    assert desk.log == []


def test_a_field_is_named_once_whichever_way(read: Linked, desk: stub.Desk) -> None:
    """Two values of one field in one body are an error at the second."""
    listed = read.get("tickets/remote-field-classes", {"page_size": 100}).json()["results"]
    color = next(one["id"] for one in listed if one["remote_key_name"] == "x_color")
    twice = create(
        read,
        remote_fields=[{"remote_field_class": color, "value": "red"}],
        linked_account_params={"x_color": "red"},
    )

    assert told(twice, "errors") == [("INVALID_FIELD_CHOICE", "model/linked_account_params/x_color")]
    assert desk.log == []


@pytest.mark.parametrize(
    ("key", "sent", "stored"),
    [
        ("x_size", "2.5", 2.5),
        ("x_size", "5", 5),
        ("x_sold", "true", True),
        ("x_day", "2026-01-31T00:00:00Z", "2026-01-31"),
        ("x_at", "2026-01-31", "2026-01-31T00:00:00Z"),
        ("x_names", "one", ["one"]),
        ("x_names", [1, "two"], ["1", "two"]),
    ],
)
def test_a_value_of_a_providers_own_field_is_converted_with_a_warning(
    read: Linked, desk: stub.Desk, key: str, sent: Any, stored: Any
) -> None:
    """By the type of its class, as a common field's is by its own."""
    made = create(read, linked_account_params={key: sent})
    [warning] = told(made, "warnings")

    assert (made.status_code, warning) == (
        201,
        ("INCORRECT_FIELD_TYPE", f"model/linked_account_params/{key}"),
    )
    assert desk.tables["tickets"][made.json()["model"]["remote_id"]][key] == stored


@pytest.mark.parametrize(
    ("fields", "required"),
    [
        (FIELDS, False),
        ((*FIELDS, FieldClass(key="x_need", kind="string", is_custom=False, is_required=True)), False),
        ((*FIELDS, FieldClass(key="x_need", kind="string", is_custom=True, is_required=True)), True),
    ],
)
def test_meta_lists_params_and_tells_whether_the_account_requires_some(read: Linked, required: bool) -> None:  # noqa: FBT001
    """Under the keys that take them, with their types; a change requires none."""
    ticket = read.land("1", name="leak")
    metas = [read.get(path).json() for path in ("tickets/meta/post", f"tickets/meta/patch/{ticket}")]
    for meta in metas:
        known = meta["request_schema"]["properties"]["model"]["properties"]
        assert "x_source" in known["integration_params"]["properties"]
        assert known["linked_account_params"]["properties"]["x_size"] == {"title": "x_size", "type": "number"}
        assert not {"serial", "x_source"} & known["linked_account_params"]["properties"].keys()

    assert [meta["has_required_linked_account_params"] for meta in metas] == [required, False]
