"""Selective sync: what is not wanted is never stored; what is known goes on being read."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from tests import stub
from tests.unified_api.api.account.test_scopes import limit
from tests.unified_api.api.conftest import Link, Linked
from unified_api import registry
from unified_api.models.base import CommonModel, common_models, model_id, relations, wire_fields
from unified_api.models.fields import Malformed, Temporal, WireArray, WireField
from unified_api.models.hris import Employee
from unified_api.models.ticketing import Ticket
from unified_api.sync import clock, comparing
from unified_api.sync.comparing import Condition
from unified_api.sync.models import RemoteData, Stream
from unified_api.sync.models_account import SyncCondition

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
        condition("tags", "EQUALS", "a"),
        condition("tags", "HAS_ALL_OF", [1]),
        condition("name", "CONTAINS", 5),
        condition("name", "WITHIN", 5),
        condition("name", "HAS_NONE_OF", [{"a": 1}]),
        condition("name", "IS_ONE_OF", ["x"] * 101),
        condition("name", "EQUALS", "x" * 20_000),
        {**condition("name", "EQUALS", "x"), "common_model": "Nothing"},
    ],
)
def test_a_mistake_is_named(api: Linked, wrong: dict[str, Any]) -> None:
    """And nothing changes."""
    answer = api.send("put", PATH, {"conditions": [wrong]})

    assert (answer.status_code, list(answer.json())) == (400, ["conditions"])
    assert api.get(PATH).json() == {"results": []}


def test_a_list_of_conditions_is_no_longer_than_it_says(api: Linked) -> None:
    """Each record that is read is held against all of them."""
    answer = api.send("put", PATH, {"conditions": [condition("name", "EQUALS", "x")] * 101})

    assert (answer.status_code, answer.json()) == (
        400,
        {"conditions": ["a list of at most 100 objects is expected"]},
    )


def _probe(field: WireField) -> Any:
    """A value that the field can hold, as JSON has it."""
    held = {"boolean": True, "integer": 1, "number": 1.5, "object": {}}
    if isinstance(field, WireArray):
        return ["x"]
    if isinstance(field, Temporal):
        return "2026-02-27T00:00:00Z"
    return [] if field.schema.get("type") == "array" else held.get(str(field.schema.get("type")), "x")


@pytest.mark.parametrize("model", common_models(), ids=model_id)
def test_what_is_taken_can_be_held_against_every_value_of_its_field(
    model: type[CommonModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the operator and whatever is told: either it is refused, or it says yes or no of each record."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    for name, field in wire_fields(model).items():
        value = None if name in relations(model) or field.sensitive else _probe(field)
        taken = set()
        odd: list[Any] = [value, [value], "x", ["x"], 5, [5], True, [True], {}, [{}], None, [None], [["x"]]]
        for operator in comparing.OPERATORS:
            for told in odd:
                try:
                    found = Condition.of(model, name, operator, told)
                except Malformed:
                    continue
                taken.add(operator)
                assert found.holds(None if value is None else field.parse(value)) in {True, False}
        assert bool(taken) is (value is not None), name


def test_what_a_list_does_not_say_is_asked_for(api: Linked, desk: stub.Desk) -> None:
    """By id, of a record that nobody knows yet; what that does not say either is null. Nothing unwanted is stored."""
    desk.brief = ("state",)
    select(api, condition("status", "NOT_EQUALS", "CLOSED"), condition("name", "CONTAINS", "want"))
    for title, state in (("wanted", "open"), ("unwanted", "done"), ("other", "open"), ("wanted too", None)):
        desk.add(title=title, **({"state": state} if state else {}))
    api.work()
    first = [path for _method, path in desk.log if path.startswith("/tickets/")]
    desk.log.clear()
    api.send("post", "sync-status/resync", None)
    api.work()
    later = [path for _method, path in desk.log if path.startswith("/tickets/")]

    assert names(api) == {"wanted", "wanted too"}
    assert (first, later) == (["/tickets/1", "/tickets/2", "/tickets/4"], ["/tickets/2"])


@pytest.mark.parametrize(
    "wanted",
    [
        condition("status", "NOT_EQUALS", "CLOSED"),
        condition("status", "HAS_NONE_OF", ["CLOSED"]),
        condition("status", "EQUALS", "OPEN"),
    ],
)
@pytest.mark.parametrize("brief", [(), ("state",)], ids=["said", "read by id"])
def test_a_field_that_scopes_disable_decides_and_is_not_stored(
    api: Linked, desk: stub.Desk, wanted: dict[str, Any], brief: tuple[str, ...]
) -> None:
    """A state that cannot be understood lets nothing in."""
    limit(api, "Ticket", disabled_fields=["status"])
    select(api, wanted)
    desk.brief = brief
    for title, state in (("wanted", "open"), ("unwanted", "done"), ("odd", ["open"])):
        desk.add(title=title, state=state)
    api.work()

    assert names(api) == {"wanted"}
    assert api.stored(lambda: list(Ticket.objects.values_list("name", "status"))) == [("wanted", None)]


def test_what_was_stored_and_is_no_condition_is_named(api: Linked, desk: stub.Desk) -> None:
    """The model fails with what to do, and is read again once that is done; others go on."""
    select(api, condition("name", "EQUALS", "leak"))
    api.stored(lambda: SyncCondition.objects.update(operator="WITHIN", value={"value": 5}))
    desk.add(title="leak", state="open")
    desk.add("users", name="Ada", mail="ada@example.com")
    api.work()
    told = api.stored(lambda: {one.model: (one.status, one.error) for one in Stream.objects.all()})
    select(api, condition("name", "EQUALS", "leak"))
    api.work()

    assert told["ticketing.Ticket"][0] == "FAILED"
    assert "ticketing.Ticket.name cannot be compared by WITHIN" in told["ticketing.Ticket"][1]
    assert told["ticketing.User"][0] == "DONE"
    assert names(api) == {"leak"}


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

    assert comparing.holds(known, operator, wanted) is holds


def test_every_operator_of_the_contract_is_known() -> None:
    """And no field that is hidden from lists can be asked about."""
    from merge.resources.ticketing.types.operator_enum import OperatorEnum

    assert set(comparing.OPERATORS) == {*OperatorEnum.__members__}
    with pytest.raises(ValueError, match="cannot be selected"):
        Condition.of(Employee, "ssn", "EQUALS", "1")
    Condition.of(Ticket, "name", "EQUALS", "x")
