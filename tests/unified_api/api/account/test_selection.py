"""Selective sync: what is not wanted is never stored; what is known goes on being read."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from tests import stub
from tests.unified_api.api.conftest import Link, Linked
from unified_api import registry
from unified_api.models.hris import Employee
from unified_api.models.ticketing import Ticket
from unified_api.sync import clock, selecting
from unified_api.sync.models import RemoteData

PATH = "selective-sync/conditions"


def condition(field: str, operator: str, value: Any) -> dict[str, Any]:
    """One about tickets."""
    return {"common_model": "Ticket", "normalized_key_name": field, "operator": operator, "value": value}


def select(linked: Linked, *conditions: dict[str, Any]) -> list[dict[str, Any]]:
    """Have these hold."""
    answer = linked.send("put", PATH, {"conditions": list(conditions)})
    assert answer.status_code == 200, answer.content
    return answer.json()["results"]  # type: ignore[no-any-return]


def names(linked: Linked) -> set[str]:
    """Of the tickets that there are."""
    return {one["name"] for one in linked.get("tickets").json()["results"]}


def test_only_what_is_wanted_is_stored(api: Linked, desk: stub.Desk) -> None:
    """Not even the provider's own answer about the rest; other models are not concerned."""
    made = select(api, condition("status", "EQUALS", "OPEN"))
    desk.add(title="wanted", state="open")
    desk.add(title="unwanted", state="done")
    desk.add("users", name="Ada", mail="ada@example.com")
    api.work()

    assert names(api) == {"wanted"}
    assert len(api.get("users").json()["results"]) == 1
    assert api.stored(RemoteData.objects.count) == 2
    assert made == api.get(PATH).json()["results"]
    assert (made[0]["value"], made[0]["common_model"]) == ({"value": "OPEN"}, "Ticket")


def test_a_known_record_goes_on_being_read(api: Linked, desk: stub.Desk) -> None:
    """Nobody is shown an old state; and it is not taken for deleted."""
    remote_id = desk.add(title="one", state="open")
    api.work()
    select(api, condition("status", "EQUALS", "OPEN"))
    desk.edit(remote_id, state="done")
    desk.add(title="two", state="done")
    api.work()
    [shown] = api.get("tickets", {"include_deleted_data": "true"}).json()["results"]

    assert (shown["name"], shown["status"], shown["remote_was_deleted"]) == ("one", "CLOSED", False)


def test_a_wider_selection_brings_what_was_left_out(api: Linked, desk: stub.Desk) -> None:
    """The model is read again from the start, and the status says whether the last sync knew."""
    select(api, condition("status", "EQUALS", "OPEN"))
    desk.add(title="closed", state="done")
    api.work()
    usage = "selective_sync_configurations_usage"

    def told() -> Any:
        return {s["model_name"]: s[usage] for s in api.get("sync-status").json()["results"]}

    before, known = names(api), told()
    select(api, condition("status", "IS_ONE_OF", ["OPEN", "CLOSED"]))
    meanwhile = told()
    api.work()

    assert (before, names(api)) == (set(), {"closed"})
    assert known == {"Ticket": "IN_LAST_SYNC", "Tag": None, "User": None}
    assert meanwhile["Ticket"] == "IN_NEXT_SYNC"


def test_a_write_is_stored_whatever_is_wanted(api: Linked, desk: stub.Desk) -> None:
    """Its caller reads it back."""
    select(api, condition("name", "CONTAINS", "wanted"))
    made = api.send("post", "tickets", {"model": {"name": "mine"}})

    assert (made.status_code, names(api)) == (201, {"mine"})


def test_the_provider_is_asked_for_the_wanted_ones_where_it_can_be(
    alice: Any, link: Link, desk: stub.Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While no others are known; afterwards everything is read, so that known records are kept up."""
    asked: list[str] = []

    def said(value: str) -> dict[str, str]:
        asked.append(value)
        return {"state": value}

    able = replace(stub.TICKETS, selects={("status", "EQUALS"): said})
    provider = replace(stub.PROVIDER, resources=(able,))
    monkeypatch.setitem(registry._providers, stub.PROVIDER.slug, provider)
    api = link(alice)
    select(api, condition("status", "EQUALS", "OPEN"))
    desk.add(title="wanted", state="open")
    desk.add(title="unwanted", state="done")
    api.work()
    first = len(asked)
    api.send("post", "sync-status/resync", None)
    api.work()

    assert (first > 0, len(asked)) == (True, first)
    assert names(api) == {"wanted"}


@pytest.mark.parametrize(
    "wrong",
    [
        condition("nothing", "EQUALS", "x"),
        condition("creator", "EQUALS", "x"),
        condition("status", "LIKE", "x"),
        condition("status", "IS_ONE_OF", "OPEN"),
        condition("status", "EQUALS", ["OPEN"]),
        condition("name", "GREATER_THAN", "a"),
        condition("due_date", "GREATER_THAN", "soon"),
        condition("due_date", "WITHIN", "30"),
        condition("due_date", "WITHIN", 0),
        {**condition("name", "EQUALS", "x"), "common_model": "Nothing"},
    ],
)
def test_a_mistake_is_named(api: Linked, wrong: dict[str, Any]) -> None:
    """And nothing changes."""
    answer = api.send("put", PATH, {"conditions": [wrong]})

    assert (answer.status_code, list(answer.json())) == (400, ["conditions"])
    assert api.get(PATH).json() == {"results": []}


NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("operator", "known", "wanted", "holds"),
    [
        ("CONTAINS", "a leak", "leak", True),
        ("CONTAINS", ["a", "b"], "a", True),
        ("CONTAINS", "a leak", "flood", False),
        ("EQUALS", "x", "x", True),
        ("NOT_EQUALS", None, "x", True),
        ("EQUALS", None, "x", False),
        ("GREATER_THAN", 2, 1, True),
        ("GREATER_THAN", 1, 1, False),
        ("GREATER_THAN_OR_EQUAL_TO", 1, 1, True),
        ("LESS_THAN", NOW, NOW, False),
        ("LESS_THAN_OR_EQUAL_TO", NOW, NOW, True),
        ("HAS_ALL_OF", ["a", "b"], ["a"], True),
        ("HAS_ALL_OF", ["b"], ["a"], False),
        ("HAS_NONE_OF", ["b"], ["a"], True),
        ("HAS_NONE_OF", None, ["a"], True),
        ("IS_ONE_OF", "a", ["a", "b"], True),
        ("WITHIN", NOW - dt.timedelta(days=2), 3, True),
        ("WITHIN", NOW - dt.timedelta(days=4), 3, False),
        ("WITHIN", dt.date(2026, 2, 27), 3, True),
    ],
)
def test_operators(
    operator: str,
    known: Any,
    wanted: Any,
    holds: bool,  # noqa: FBT001 - a row
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each means what its name says; of nothing, only denials hold."""
    monkeypatch.setattr(clock, "now", lambda: NOW)

    assert selecting._holds(known, operator, wanted) is holds


def test_every_operator_of_the_contract_is_known() -> None:
    """And no field that is hidden from lists can be asked about."""
    from merge.resources.ticketing.types.operator_enum import OperatorEnum

    assert set(selecting.OPERATORS) == {*OperatorEnum.__members__}
    with pytest.raises(ValueError, match="cannot be selected"):
        selecting.check(Employee, "ssn", "EQUALS", "1")
    selecting.check(Ticket, "name", "EQUALS", "x")
