"""Replay of a span under another policy: what would be different today, as a plan, and nothing written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from django.db import transaction

from tests.unified_api.sync.bridge.conftest import Bridged
from tests.unified_api.sync.bridge.test_failing import break_down
from tests.unified_api.sync.memory.conftest import edit, record_at
from tests.unified_api.sync.memory.test_undo import items, left
from unified_api.engine.policy import PolicyError
from unified_api.models.ticketing import Ticket
from unified_api.sync import clock
from unified_api.sync.bridge import plans
from unified_api.sync.memory import replaying
from unified_api.sync.memory.otherwise import otherwise
from unified_api.sync.memory.past import Span
from unified_api.sync.models_bridge import Bridge
from unified_api.sync.models_plan import Plan


def replayed(
    bridged: Bridged, since: dt.datetime, told: dict[str, Any], until: dt.datetime | None = None
) -> Plan:
    """A plan of what would be different."""
    with transaction.atomic():
        bridge = Bridge.objects.get(id=bridged.bridge_id)
        span = Span(since, until or clock.now())
        return replaying.make(bridge, span, otherwise(bridge, told), "another one")


def contest(bridged: Bridged) -> dt.datetime:
    """Both sides edit the title and one the priority between two rounds; since when."""
    since = clock.now()
    edit(bridged.a, title="From a", priority="p1")
    edit(bridged.b, title="From b")
    bridged.round()
    assert bridged.both("title") == (["From a"], ["From a"])
    return since


def test_the_other_winner_would_have_ended_otherwise(bridged: Bridged) -> None:
    """Both sides would say what gave way; what was not contested is not named, and nothing is written."""
    since, writes = contest(bridged), bridged.writes()
    plan = replayed(bridged, since, {"winner": "b"})

    told = {item.side: item.fields["fields"] for item in items(plan)}
    change = {"was": "From a", "value": "From b", "rule": "replay", "overrules": False}
    assert told == {"a": {"name": {**change, "would": "winner"}}, "b": {"name": {**change, "would": None}}}
    assert (plan.purpose, plan.state, plan.counts) == ("replay", "open", {"update": 2})
    bridged.round()
    assert bridged.writes() == writes


def test_an_approved_replay_is_written_and_stays(bridged: Bridged) -> None:
    """Item by item; the next rounds leave it, and the next edit travels as ever."""
    plan = replayed(bridged, contest(bridged), {"winner": "b"})
    with transaction.atomic():
        plans.approve(plan.id, plan.hash)
    for _ in range(3):
        bridged.round()
    assert {item.state for item in items(plan)} == {"done"}
    assert bridged.both("title") == (["From b"], ["From b"])
    writes = bridged.writes()
    bridged.round()
    assert bridged.writes() == writes

    edit(bridged.b, title="Newer")
    bridged.round()
    assert bridged.both("title") == (["Newer"], ["Newer"])


def test_what_moved_before_it_was_written_is_left_alone(bridged: Bridged) -> None:
    """An edit between plan and approval is not overwritten."""
    since = contest(bridged)
    plan = replayed(bridged, since, {"fields": {"name": {"direction": "b_to_a"}}})
    edit(bridged.b, title="Newer")
    bridged.round()
    with transaction.atomic():
        plans.approve(plan.id, plan.hash)
    bridged.round()

    assert {item.state for item in items(plan)} == {"moved"}
    assert bridged.both("title") == (["Newer"], ["Newer"])


def test_a_conflict_would_have_waited(bridged: Bridged) -> None:
    """Under a policy that asks, the side that gave way has its edit back, and the conflict is shown."""
    plan = replayed(bridged, contest(bridged), {"fields": {"name": {"winner": "ask"}}})

    assert plan.counts == {"update": 1, "conflict": 1}
    [conflict] = [item.fields for item in items(plan) if item.action == "conflict"]
    assert conflict == {"field": "name", "a": "From a", "b": "From b"}


def test_what_was_edited_after_the_span_is_left_alone(bridged: Bridged) -> None:
    """A replay that ends in the past says what would be different, but for what people edited since."""
    since = contest(bridged)
    until = clock.now()
    edit(bridged.a, title="Newer")
    bridged.round()
    plan = replayed(bridged, since, {"winner": "b"}, until)

    assert left(plan) == [("name", "It was changed since."), ("name", "It was changed since.")]


def test_what_was_before_the_span_stays(bridged: Bridged) -> None:
    """Its decisions are not looked at again."""
    contest(bridged)
    since = clock.now()
    edit(bridged.a, priority="p3")
    bridged.round()

    assert items(replayed(bridged, since, {"winner": "b"})) == []


@pytest.mark.parametrize("seed", range(4))
def test_the_same_policy_changes_nothing(bridged: Bridged, seed: int) -> None:
    """Law, on the shell: random edits on both sides, and rounds that come late; words that only one side has."""
    dice, since = Random(seed), clock.now()
    words: dict[str, Callable[[int], str]] = {
        "title": lambda number: f"Title {number}",
        "text": lambda number: f"Text {number}",
        "state": lambda _number: dice.choice(["open", "done"]),
        "priority": lambda _number: dice.choice(["p1", "p2", "p3"]),
    }
    for number in range(10):
        name = dice.choice(["title", "text", "title", *words])
        edit(dice.choice([bridged.a, bridged.b]), **{name: words[name](number)})
        if dice.random() < 0.3:
            bridged.read()
        if dice.random() < 0.3:
            bridged.round()
    bridged.round()
    writes = bridged.writes()

    assert [item.fields for item in items(replayed(bridged, since, {"winner": "a"}))] == []
    assert bridged.writes() == writes


@pytest.mark.parametrize(
    ("told", "place"),
    [
        ({}, "the policy is empty"),
        ({"wins": "b"}, "wins: unknown option"),
        ({"winner": "c"}, "winner: 'c' is none of"),
        ({"fields": {"colour": {"winner": "b"}}}, "fields.colour: the bridge carries no such field"),
        ({"fields": {"name": {"shape": "set"}}}, "fields.name.shape: unknown option"),
        ({"fields": ["name"]}, "fields: a mapping"),
        ({"winner": ["b"]}, "winner: a single word is expected"),
        ({"winner": {"name": "b"}}, "winner: a single word is expected"),
        ({"fields": {"name": {"otherwise": ["b"]}}}, "fields.name.otherwise: a single word is expected"),
    ],
)
def test_a_policy_that_cannot_be_meant_is_refused(bridged: Bridged, told: dict[str, Any], place: str) -> None:
    """The sentence names the place."""
    with pytest.raises(PolicyError, match=place):
        replayed(bridged, clock.now(), told)


def test_a_span_that_holds_too_much_is_refused(bridged: Bridged, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says what would do."""
    monkeypatch.setattr(replaying, "MOST", 0)
    since = contest(bridged)
    with pytest.raises(replaying.SpanRefused, match="choose a shorter one"):
        replayed(bridged, since, {"winner": "b"})


def test_records_without_counterparts_are_not_counted(
    desks: Bridged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many of them changed: no pair is left out for them."""
    monkeypatch.setattr(replaying, "MOST", 1)
    for desk in (desks.a, desks.b):
        desk.add(title="Printer", text="It is on fire", state="open", priority="p2")
    alone = [desks.a.add(title=f"Alone {n}", text="", state="open", priority="p2") for n in range(12)]
    desks.join(creates=())
    desks.round()
    since = clock.now()
    for number in alone:
        desks.a.edit(number, text="Edited")
    desks.a.edit("1", title="From a")
    desks.b.edit("1", title="From b")
    desks.round()

    assert replayed(desks, since, {"winner": "b"}).counts == {"update": 2}


def test_a_pair_that_is_being_erased_is_passed_over(bridged: Bridged) -> None:
    """Its records are gone before it is."""
    since = contest(bridged)
    with transaction.atomic():
        Ticket.objects.filter(id=record_at(bridged, "b")).delete()

    assert items(replayed(bridged, since, {"winner": "b"})) == []


def test_a_span_that_ends_before_it_begins_is_refused(bridged: Bridged) -> None:
    """It says when it would end."""
    now = clock.now()
    with pytest.raises(replaying.SpanRefused, match="before it begins"):
        replayed(bridged, now, {"winner": "b"}, now - dt.timedelta(days=1))


def test_a_pair_whose_replay_fails_holds_up_no_other(
    bridged: Bridged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plan shows all that would be different in others, and of that pair a problem."""
    bridged.a.add(title="Router", text="", state="open")
    bridged.round()
    since = clock.now()
    for desk, said in ((bridged.a, "From a"), (bridged.b, "From b")):
        for ticket in desk.tables["tickets"]:
            desk.edit(ticket, title=said)
    bridged.round()
    break_down(monkeypatch, replaying, "past", lambda _frame, _pair, records, *_: records.a.description == "")
    plan = replayed(bridged, since, {"winner": "b"})

    assert sorted(item.action for item in items(plan)) == ["problem", "update", "update"]
