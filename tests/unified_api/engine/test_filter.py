"""Which records take part in a bridge."""

from __future__ import annotations

from typing import Any

import pytest

from unified_api.engine.filter import Filter
from unified_api.engine.policy import PolicyError
from unified_api.engine.values import Values

RECORD: Values = {
    "name": " Printer ",
    "status": "OPEN",
    "tags": ["Engineering", "urgent"],
    "assignee": None,
    "due_date": "2027-01-31T12:00:00+02:00",
    "start_date": "2026-12-01",
}


@pytest.mark.parametrize(
    ("name", "condition"),
    [
        ("status", {"is": "open"}),
        ("name", {"is": "printer"}),
        ("name", {"is": " Printer ", "normalizer": "exact"}),
        ("assignee", {"is": None}),
        ("status", {"not": "CLOSED"}),
        ("unheard_of", {"not": "CLOSED"}),
        ("status", {"in": ["ON_HOLD", "OPEN"]}),
        ("tags", {"has": "engineering"}),
        ("tags", {"lacks": "billing"}),
        ("unheard_of", {"lacks": "billing"}),
        ("assignee", {"blank": True}),
        ("unheard_of", {"blank": True}),
        ("tags", {"blank": False}),
        ("due_date", {"before": "2027-01-31T10:00:01Z"}),
        ("due_date", {"after": "2027-01-31T09:59:59Z"}),
        ("start_date", {"after": "2026-11-30"}),
        ("start_date", {"before": "2026-12-01T00:00:01Z"}),
        ("tags", {"has": "engineering", "lacks": "billing"}),
    ],
)
def test_a_condition_that_holds(name: str, condition: dict[str, Any]) -> None:
    """The record takes part; values are compared in their normal form, moments as moments."""
    assert Filter.parse({name: condition}).wants(RECORD)


@pytest.mark.parametrize(
    ("name", "condition"),
    [
        ("status", {"is": "CLOSED"}),
        ("name", {"is": "printer", "normalizer": "trim"}),
        ("status", {"not": "open"}),
        ("status", {"in": []}),
        ("assignee", {"in": ["ann"]}),
        ("tags", {"has": "engineer"}),
        ("status", {"has": "OPEN"}),
        ("tags", {"lacks": "urgent"}),
        ("status", {"blank": True}),
        ("assignee", {"blank": False}),
        ("due_date", {"before": "2027-01-31T10:00:00Z"}),
        ("due_date", {"after": "2027-01-31T10:00:00Z"}),
        ("assignee", {"before": "2027-01-01"}),
        ("assignee", {"after": "2027-01-01"}),
        ("name", {"after": "2027-01-01"}),
        ("tags", {"has": "engineering", "lacks": "urgent"}),
    ],
)
def test_a_condition_that_does_not_hold(name: str, condition: dict[str, Any]) -> None:
    """The record does not take part; what is not there is neither before nor after anything."""
    assert not Filter.parse({name: condition}).wants(RECORD)


def test_all_conditions_must_hold_and_one_alternative() -> None:
    """Conditions of several fields narrow; alternatives widen, and nest."""
    inner = {"any": [{"name": {"is": "scanner"}}, {"tags": {"has": "urgent"}}]}

    assert Filter.parse({"status": {"is": "OPEN"}, "any": [{"name": {"is": "x"}}, inner]}).wants(RECORD)
    assert not Filter.parse({"status": {"is": "CLOSED"}, "any": [inner]}).wants(RECORD)
    assert not Filter.parse({"status": {"is": "OPEN"}, "any": [{"name": {"is": "x"}}]}).wants(RECORD)


def test_no_filter_wants_everything() -> None:
    """A bridge without a filter takes every record."""
    assert Filter.parse({}).wants(RECORD)
    assert Filter().wants({})


def test_a_filter_knows_what_it_reads() -> None:
    """The shell loads the fields that are asked about, also those of alternatives."""
    told = {"status": {"is": "OPEN"}, "any": [{"tags": {"has": "x"}}, {"any": [{"name": {"is": "x"}}]}]}

    assert Filter.parse(told).reads() == {"status", "tags", "name"}


def test_a_filter_survives_json() -> None:
    """What as_data writes, parse reads."""
    data = {
        "status": {"in": ["OPEN", "ON_HOLD"], "not": "OPEN", "normalizer": "trim"},
        "any": [{"tags": {"has": "x"}}, {"due_date": {"before": "2027-01-01"}}],
    }

    assert Filter.parse(data).as_data() == data
    assert Filter.parse({}).as_data() == {}


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ([], "filter: [] is no mapping"),
        ({"status": "OPEN"}, "filter.status: 'OPEN' is no mapping"),
        ({"status": {}}, "filter.status: nothing is asked; possible are is, not"),
        ({"status": {"like": "x"}}, "filter.status: unknown condition 'like'; possible are is, not"),
        ({"status": {"is": "x", "normalizer": "loud"}}, "filter.status.normalizer: 'loud' is none of exact"),
        ({"status": {"in": "OPEN"}}, "filter.status.in: 'OPEN' is no list"),
        ({"tags": {"has": ["x"]}}, "filter.tags.has: ['x'] is no single word"),
        ({"tags": {"blank": "yes"}}, "filter.tags.blank: 'yes' is neither true nor false"),
        ({"due": {"before": "soon"}}, "filter.due.before: 'soon' is no moment"),
        ({"due": {"after": "2027-01-01T12:00:00"}}, "filter.due.after: '2027-01-01T12:00:00' is no moment"),
        ({"due": {"after": 2027}}, "filter.due.after: 2027 is no moment"),
        ({"any": []}, "filter.any: [] is no list of alternatives"),
        ({"any": "x"}, "filter.any: 'x' is no list of alternatives"),
        ({"any": [{}, {"tags": {"has": {}}}]}, "filter.any[1].tags.has: {} is no single word"),
    ],
)
def test_a_mistake_in_a_filter_is_named(data: Any, told: str) -> None:
    """A configuration that cannot be meant is refused, with its place and what is possible."""
    with pytest.raises(PolicyError) as refusal:
        Filter.parse(data)

    assert str(refusal.value).startswith(told)
