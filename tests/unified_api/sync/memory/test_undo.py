"""Undo of what a bridge did: what it would write, what it leaves alone, and that the next look does not undo it."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from django.db import transaction

from tests.unified_api.sync.bridge.conftest import Bridged
from tests.unified_api.sync.bridge.test_failing import break_down
from tests.unified_api.sync.bridge.test_plans import lose, tell
from tests.unified_api.sync.memory.conftest import ask, edit, record_at, told
from unified_api.sync.bridge import executing, plans
from unified_api.sync.memory import deeds, undo
from unified_api.sync.memory.deeds import Deed, NoDeed
from unified_api.sync.models import Write
from unified_api.sync.models_bridge import Bridge, Pair
from unified_api.sync.models_plan import Plan, PlanItem


def make(bridged: Bridged, how: Callable[[Bridge, uuid.UUID], list[Deed]], named: object) -> Plan:
    """A plan of an undo."""
    with transaction.atomic():
        bridge = Bridge.objects.get(id=bridged.bridge_id)
        return undo.make(bridge, how(bridge, uuid.UUID(str(named))), "A person asked for it.")


def items(plan: Plan) -> list[PlanItem]:
    """What a plan says, and what became of it."""
    with transaction.atomic():
        return list(PlanItem.objects.filter(plan_id=plan.id).order_by("ordinal"))


def carry_out(bridged: Bridged, plan: Plan) -> PlanItem:
    """Approve a plan and see it through, without reading anything; its only item."""
    with transaction.atomic():
        plans.approve(plan.id, plan.hash)
    bridged.work_once(["bridge", "write", "bridge"])
    (item,) = items(plan)
    return item


def left(plan: Plan) -> list[tuple[str, str]]:
    """What is left alone: the field, and why."""
    problems = [item.fields for item in items(plan) if item.action == "problem"]
    assert {one["kind"] for one in problems} == {"left alone"}
    return [(one["field"], one["reason"]) for one in problems]


def newest_write() -> uuid.UUID:
    """The last write that was journalled."""
    with transaction.atomic():
        newest: uuid.UUID = Write.objects.order_by("-journalled_at").values_list("id", flat=True)[0]
    return newest


def test_a_write_is_undone_and_stays_so(bridged: Bridged) -> None:
    """The old value is back on the side that had been written, the other keeps its own, and rounds write nothing."""
    edit(bridged.a, title="Mine")
    bridged.round()
    carry_out(bridged, make(bridged, deeds.of_write, newest_write()))
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
    carry_out(bridged, make(bridged, deeds.of_write, newest_write()))
    edit(bridged.a if side == "a" else bridged.b, title=title)
    standing = bridged.round()

    assert bridged.both("title") == ([title], [title])
    assert standing["overruled"] == []


def test_an_edit_that_was_under_way_is_not_swallowed(bridged: Bridged) -> None:
    """Made on the other side before the undo was written, and read after: it travels, over what was put back."""
    edit(bridged.a, title="Mine")
    bridged.round()
    plan = make(bridged, deeds.of_write, newest_write())
    edit(bridged.a, title="Newer")
    bridged.read()
    carry_out(bridged, plan)
    bridged.round()

    assert bridged.both("title") == (["Newer"], ["Newer"])


@pytest.mark.parametrize("was_read", [True, False])
def test_what_moved_before_it_was_written_is_not_sent(bridged: Bridged, *, was_read: bool) -> None:
    """An edit at the provider, read already or not: the item ends as moved, and the edit stays and travels."""
    edit(bridged.a, title="Mine")
    bridged.round()
    plan = make(bridged, deeds.of_write, newest_write())
    edit(bridged.b, title="Theirs")
    if was_read:
        bridged.read()
    item = carry_out(bridged, plan)
    bridged.round()

    assert item.state == "moved"
    assert bridged.both("title") == (["Theirs"], ["Theirs"])


def test_the_past_tells_of_an_undo(bridged: Bridged) -> None:
    """History and why name the rule, and do not follow the value to the other side."""
    edit(bridged.a, title="Mine")
    bridged.round()
    carry_out(bridged, make(bridged, deeds.of_write, newest_write()))
    answer, sentence = ask(record_at(bridged, "b"), "name")

    assert told(record_at(bridged, "b"), "name")[0]["fields"]["name"]["rule"] == "undo"
    assert (len(answer.steps), answer.end) == (1, "origin")
    assert "changed from 'Mine' by bridge" in sentence
    assert "under rule 'undo'" in sentence


def test_a_pair_goes_back_on_both_sides(bridged: Bridged) -> None:
    """Each side to before the bridge's first write; the record that it created was edited since, so that it stays."""
    edit(bridged.a, title="Mine")
    bridged.round()
    edit(bridged.b, priority="p1")
    bridged.round()
    (pair,) = bridged.pairs()
    plan = make(bridged, deeds.of_pair, pair.id)
    with transaction.atomic():
        plans.approve(plan.id, plan.hash)
    bridged.round()

    puts = {item.side: item.fields["fields"] for item in items(plan) if item.action == "update"}
    change = {"rule": "undo", "overrules": False}
    assert puts == {
        "a": {"priority": {"was": "URGENT", "value": "NORMAL", **change}},
        "b": {"name": {"was": "Mine", "value": "Printer", **change}},
    }
    [conflict] = [item.fields for item in items(plan) if item.action == "conflict"]
    assert conflict == {"field": "priority", "a": "URGENT", "b": "URGENT", "reason": undo.EDITED}
    assert (bridged.both("title"), bridged.both("priority")) == ((["Mine"], ["Printer"]), (["p2"], ["p1"]))


def test_a_run_is_undone_at_the_other_side(bridged: Bridged) -> None:
    """What was carried of it goes back; what came later stays."""
    edit(bridged.a, title="Mine", priority="p1")
    bridged.round()
    run = told(record_at(bridged, "a"))[0]["run"]["id"]
    edit(bridged.a, priority="p3")
    bridged.round()
    plan = make(bridged, deeds.of_run, run)

    assert [list(item.fields["fields"]) for item in items(plan) if item.action == "update"] == [["name"]]
    assert left(plan) == [("priority", "It was changed since, or is as it was before.")]


def test_a_field_that_the_bridge_gave_up_is_left_alone(bridged: Bridged) -> None:
    """What the policy does not name, or the account cannot write, is said and not written."""
    edit(bridged.a, title="Mine", text="Ours")
    bridged.round()
    with transaction.atomic():
        bridge = Bridge.objects.get(id=bridged.bridge_id)
        del bridge.configuration["policy"]["fields"]["description"]
        bridge.save()
    plan = make(bridged, deeds.of_write, newest_write())

    assert plan.counts == {"update": 1, "problem": 1}
    assert left(plan) == [("description", "The bridge does not carry this field any more.")]


def test_writes_of_a_pair_that_is_no_more_are_left_alone(bridged: Bridged) -> None:
    """Without its pair nobody could keep the next look from undoing it."""
    edit(bridged.a, title="Mine")
    bridged.round()
    with transaction.atomic():
        Pair.objects.all().delete()
    plan = make(bridged, deeds.of_write, newest_write())

    assert left(plan) == [("", "The bridge has no pair of this record any more.")]


def test_a_plan_of_an_undo_is_executed_only_as_it_was_shown(bridged: Bridged) -> None:
    """It waits for approval by its hash, names who asked, and says what it costs."""
    edit(bridged.a, title="Mine")
    bridged.round()
    plan = make(bridged, deeds.of_write, newest_write())
    writes = bridged.writes()
    bridged.round()
    with pytest.raises(plans.PlanRefused, match="What was approved is not this plan"), transaction.atomic():
        plans.approve(plan.id, "another")

    assert (plan.state, plan.purpose, plan.made_by, plan.cost["b"]["calls"]) == ("open", "undo", "system", 2)
    assert bridged.writes() == writes


def test_an_undo_can_be_undone(bridged: Bridged) -> None:
    """It is a plan like any other: what it wrote goes back."""
    edit(bridged.a, title="Mine")
    bridged.round()
    first = make(bridged, deeds.of_write, newest_write())
    carry_out(bridged, first)
    carry_out(bridged, make(bridged, deeds.of_plan, first.id))

    assert bridged.both("title") == (["Mine"], ["Mine"])


def test_too_much_for_one_plan_is_refused(bridged: Bridged, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says how much it would be; nothing is stored."""
    monkeypatch.setattr(undo, "MOST", 0)
    edit(bridged.a, title="Mine")
    bridged.round()
    with pytest.raises(NoDeed, match="writes to 1 records, and one plan undoes 0 at most"):
        make(bridged, deeds.of_write, newest_write())

    with transaction.atomic():
        assert not Plan.objects.exists()


@pytest.mark.parametrize("rule", ["ask", "propagate", "unlink", "restore"])
def test_a_created_record_is_deleted_and_not_made_again(bridged: Bridged, rule: str) -> None:
    """By an approved plan; its counterpart stays and lives alone, whatever the rule, also when it is edited."""
    tell(bridged, deletes={"a": rule, "b": rule})
    plan = make(bridged, deeds.of_write, newest_write())
    assert [(one.action, one.side) for one in items(plan)] == [("delete", "b")]
    assert bridged.b.tables["tickets"]
    item = carry_out(bridged, plan)
    edit(bridged.a, text="Still there")
    for _ in range(2):
        standing = bridged.round()

    assert (item.state, bridged.both("title")) == ("done", (["Printer"], []))
    assert standing["problems"] == []


def test_the_undo_of_a_create_can_be_undone(bridged: Bridged) -> None:
    """The record is made again out of its counterpart, behind the same id, and both are a pair again."""
    before = record_at(bridged, "b")
    first = make(bridged, deeds.of_write, newest_write())
    carry_out(bridged, first)
    bridged.round()
    carry_out(bridged, make(bridged, deeds.of_plan, first.id))
    edit(bridged.a, title="Mine")
    bridged.round()

    assert bridged.both("title") == (["Mine"], ["Mine"])
    assert record_at(bridged, "b") == before


def test_a_created_record_that_was_edited_is_not_deleted(bridged: Bridged) -> None:
    """A conflict says what was edited; nothing is to be executed."""
    write = newest_write()
    edit(bridged.b, priority="p1")
    bridged.round()
    plan = make(bridged, deeds.of_write, write)

    assert plan.counts == {"conflict": 1}
    assert [one.state for one in items(plan)] == ["shown"]


def test_a_created_record_that_is_edited_before_it_is_deleted_stays(bridged: Bridged) -> None:
    """Between plan and approval, seen or not."""
    plan = make(bridged, deeds.of_write, newest_write())
    edit(bridged.b, priority="p1")
    item = carry_out(bridged, plan)

    assert item.state == "moved"
    assert bridged.both("priority")[1] == ["p1"]


def test_a_propagated_delete_is_undone_out_of_the_record_itself(bridged: Bridged) -> None:
    """Its counterpart was deleted by people and stays so: it comes back behind its id, and lives alone."""
    tell(bridged, deletes={"b": "propagate"})
    before = record_at(bridged, "b")
    del bridged.a.tables["tickets"]["1"]
    lose(bridged, 0)
    bridged.round()
    assert bridged.both("title") == ([], [])
    plan = make(bridged, deeds.of_write, newest_write())
    assert [(one.action, one.side) for one in items(plan)] == [("create", "b")]
    item = carry_out(bridged, plan)
    for _ in range(2):
        bridged.round()

    assert item.state == "done"
    assert (bridged.both("title"), bridged.both("text")) == (([], ["Printer"]), ([], ["It is on fire"]))
    assert record_at(bridged, "b") == before


def test_an_undeleted_record_is_not_deleted_again(bridged: Bridged) -> None:
    """Who comes back after a propagated delete is not taken for one whose counterpart was deleted just now."""
    tell(bridged, deletes={"a": "propagate", "b": "propagate"})
    lost = bridged.a.tables["tickets"].pop("1")
    lose(bridged, 0)
    bridged.round()
    assert bridged.both("title") == ([], [])
    bridged.a.tables["tickets"]["1"] = lost
    for _ in range(2):
        bridged.round()

    assert bridged.both("title") == (["Printer"], ["Printer"])


def test_an_item_about_a_record_that_was_merged_since_is_left_alone(desks: Bridged) -> None:
    """The pair goes on with another record that says the same: nobody has approved that one to be written."""
    for desk in (desks.a, desks.b):
        desk.add(title="Printer", text="It is on fire", state="open", priority="p2")
    desks.join(creates=())
    desks.round()
    edit(desks.b, title="From b")
    desks.round()
    plan = make(desks, deeds.of_write, newest_write())
    winner = desks.a.add(title="From b", text="It is on fire", state="open", priority="p2")
    desks.a.merge("1", winner, redirects=False)
    desks.round()
    assert record_at(desks, "a") != items(plan)[0].record_a
    item = carry_out(desks, plan)

    assert item.state == "moved"
    assert desks.a.tables["tickets"][winner]["title"] == "From b"


def test_what_is_approved_names_its_records(bridged: Bridged) -> None:
    """Two items that differ in a record only are two things to approve."""
    plan = make(bridged, deeds.of_write, newest_write())
    (item,) = items(plan)
    shown = plans.digest(item)
    item.record_b = uuid.uuid4()

    assert plans.digest(item) != shown == item.digest


def test_what_fails_in_an_undo_holds_up_nothing_else(
    bridged: Bridged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plan shows all else, and of that a problem; an item that fails when it is written is left alone."""
    (printer,) = bridged.a.tables["tickets"]
    tickets = [printer, *(bridged.a.add(title=old, text="", state="open") for old in ("Router", "Screen"))]
    bridged.round()
    for ticket, title in zip(tickets, ("unshown", "unwritten", "undone"), strict=True):
        bridged.a.edit(ticket, title=title)
    bridged.round()
    break_down(monkeypatch, undo, "inverse", lambda subject, _deeds: subject.row.name == "unshown")
    plan = make(bridged, lambda bridge, _: _updates(bridge), uuid.uuid4())
    break_down(monkeypatch, executing, "_put", lambda turn, *_: turn.look.b.values["name"] == "unwritten")
    with transaction.atomic():
        plans.approve(plan.id, plan.hash)
    bridged.round()

    assert bridged.both("title")[1] == ["Screen", "unshown", "unwritten"]
    assert {(one.action, one.state) for one in items(plan)} == {
        ("problem", "shown"),
        ("update", "moved"),
        ("update", "done"),
    }
    assert [one.reason for one in items(plan) if "RuntimeError" in one.reason]
    assert bridged.standing()["problems"] == []


def _updates(bridge: Bridge) -> list[Deed]:
    return [Deed.whole(one) for one in Write.objects.filter(bridge_id=bridge.id, operation="update")]
