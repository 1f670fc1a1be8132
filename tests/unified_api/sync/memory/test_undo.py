"""Undo of what a bridge did: what it would write, what it leaves alone, and that the next look does not undo it."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from django.db import transaction

from tests.unified_api.sync.bridge.conftest import Bridged
from tests.unified_api.sync.memory.conftest import ask, edit, record_at, told
from unified_api.engine.plan import propose
from unified_api.engine.values import Side
from unified_api.sync.bridge.records import Frame, remember, remembered
from unified_api.sync.bridge.rounds import _journal
from unified_api.sync.memory import deeds, undo
from unified_api.sync.memory.deeds import Deed
from unified_api.sync.memory.undo import Item
from unified_api.sync.models import Write
from unified_api.sync.models_bridge import Bridge, Pair


def shown(bridged: Bridged, how: Callable[[Bridge, uuid.UUID], list[Deed]], named: object) -> list[Item]:
    """What an undo would do."""
    with transaction.atomic():
        bridge = Bridge.objects.get(id=bridged.bridge_id)
        return list(undo.items(Frame.of(bridge), how(bridge, uuid.UUID(str(named)))))


def carry_out(bridged: Bridged, item: Item) -> None:
    """Propose what an item says, as the executor of plans does, and see it through."""
    with transaction.atomic():
        frame = Frame.of(Bridge.objects.get(id=bridged.bridge_id))
        pair = Pair.objects.get(id=item.pair_id)
        memory, look = remembered(pair), frame.looks([pair])[pair.id]
        memory, (push,) = propose(memory, item.side, undo.moves(memory, look, item.side, item.fields))
        remember(pair, memory)
        pair.write_id = _journal(frame, pair, push, delay=0.0)  # type: ignore[arg-type] # it is a Push
        pair.save()
    bridged.work_once(["write"])


def newest_write() -> uuid.UUID:
    """The last write that was journalled."""
    with transaction.atomic():
        return Write.objects.order_by("-journalled_at").values_list("id", flat=True)[0]


def test_a_write_is_undone_and_stays_so(bridged: Bridged) -> None:
    """The old value is back on the side that had been written, the other keeps its own, and rounds write nothing."""
    edit(bridged.a, title="Mine")
    bridged.round()
    (item,) = shown(bridged, deeds.of_write, newest_write())
    carry_out(bridged, item)
    assert bridged.both("title") == (["Mine"], ["Printer"])
    writes = bridged.writes()
    for _ in range(3):
        bridged.round()

    assert bridged.writes() == writes
    assert bridged.both("title") == (["Mine"], ["Printer"])


@pytest.mark.parametrize(("side", "title"), [("a", "From a"), ("b", "From b")])
def test_an_edit_after_an_undo_travels_as_ever(bridged: Bridged, side: str, title: str) -> None:
    """On either side; what was undone is no reason to overrule it."""
    edit(bridged.a, title="Mine")
    bridged.round()
    (item,) = shown(bridged, deeds.of_write, newest_write())
    carry_out(bridged, item)
    edit(bridged.a if side == "a" else bridged.b, title=title)
    standing = bridged.round()

    assert bridged.both("title") == ([title], [title])
    assert standing["overruled"] == []


def test_an_edit_that_was_under_way_is_not_swallowed(bridged: Bridged) -> None:
    """Made on the other side before the undo was written, and read after: it travels, over what was put back."""
    edit(bridged.a, title="Mine")
    bridged.round()
    (item,) = shown(bridged, deeds.of_write, newest_write())
    edit(bridged.a, title="Newer")
    bridged.read()
    carry_out(bridged, item)
    bridged.round()

    assert bridged.both("title") == (["Newer"], ["Newer"])


def test_what_moved_before_it_was_written_is_not_sent(bridged: Bridged) -> None:
    """An edit at the provider that nobody had read: the write ends as moved, and the edit stays."""
    edit(bridged.a, title="Mine")
    bridged.round()
    (item,) = shown(bridged, deeds.of_write, newest_write())
    edit(bridged.b, title="Theirs")
    carry_out(bridged, item)
    with transaction.atomic():
        state = Write.objects.get(id=newest_write()).state
    bridged.round()

    assert state == "moved"
    assert bridged.both("title") == (["Theirs"], ["Theirs"])


def test_the_past_tells_of_an_undo(bridged: Bridged) -> None:
    """History and why name the rule, and do not follow the value to the other side."""
    edit(bridged.a, title="Mine")
    bridged.round()
    (item,) = shown(bridged, deeds.of_write, newest_write())
    carry_out(bridged, item)
    answer, sentence = ask(record_at(bridged, "b"), "name")

    assert told(record_at(bridged, "b"), "name")[0]["fields"]["name"]["rule"] == "undo"
    assert (len(answer.steps), answer.end) == (1, "origin")
    assert "changed from 'Mine' by bridge" in sentence
    assert "under rule 'undo'" in sentence


def test_a_pair_goes_back_on_both_sides(bridged: Bridged) -> None:
    """Each side to before the bridge's first write; the record that it created is left and said."""
    edit(bridged.a, title="Mine")
    bridged.round()
    edit(bridged.b, priority="p1")
    bridged.round()
    (pair,) = bridged.pairs()
    found = shown(bridged, deeds.of_pair, pair.id)

    puts = {item.side: item.fields for item in found if item.action == "update"}
    change = {"rule": "undo", "overrules": False}
    assert puts == {
        Side.A: {"priority": {"was": "URGENT", "value": "NORMAL", **change}},
        Side.B: {"name": {"was": "Mine", "value": "Printer", **change}},
    }
    assert [item.reason for item in found if item.action == "problem"] == [
        "The record was created by it; an undo deletes nothing."
    ]


def test_a_run_is_undone_at_the_other_side(bridged: Bridged) -> None:
    """What was carried of it goes back; what came later stays."""
    edit(bridged.a, title="Mine", priority="p1")
    bridged.round()
    run = told(record_at(bridged, "a"))[0]["run"]["id"]
    edit(bridged.a, priority="p3")
    bridged.round()
    found = shown(bridged, deeds.of_run, run)

    assert [(item.action, list(item.fields)) for item in found] == [
        ("update", ["name"]),
        ("problem", ["priority"]),
    ]


def test_a_field_that_the_bridge_gave_up_is_left_alone(bridged: Bridged) -> None:
    """What the policy does not name, or the account cannot write, is said and not written."""
    edit(bridged.a, title="Mine", text="Ours")
    bridged.round()
    with transaction.atomic():
        bridge = Bridge.objects.get(id=bridged.bridge_id)
        del bridge.configuration["policy"]["fields"]["description"]
        bridge.save()
    found = shown(bridged, deeds.of_write, newest_write())

    assert [(item.action, item.reason) for item in found] == [
        ("update", ""),
        ("problem", "The bridge does not carry this field any more."),
    ]


def test_writes_of_a_pair_that_is_no_more_are_left_alone(bridged: Bridged) -> None:
    """Without its pair nobody could keep the next look from undoing it."""
    edit(bridged.a, title="Mine")
    bridged.round()
    with transaction.atomic():
        Pair.objects.all().delete()
    (item,) = shown(bridged, deeds.of_write, newest_write())

    assert (item.action, item.reason) == ("problem", "The bridge has no pair of this record any more.")
