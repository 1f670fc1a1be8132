"""Telling a running bridge something else: what keeps its base, what is met anew, and what a plan has to show first."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from tests.unified_api.sync.bridge.conftest import Bridged
from tests.unified_api.sync.bridge.files import TICKETS, apply, changed, the_bridge, whats
from tests.unified_api.sync.bridge.test_plans import lose
from unified_api.engine.values import Side
from unified_api.sync.bridge import plans, restoring
from unified_api.sync.bridge.file import FileRefused
from unified_api.sync.models_bridge import Bridge, BridgeVersion, Pair
from unified_api.sync.models_plan import Plan


def running(desks: Bridged, text: str = TICKETS) -> None:
    """A live bridge of a file, at rest with one ticket on either side."""
    desks.a.add(title="Printer", text="It is on fire", state="busy", priority="p2")
    apply(text, live=True)
    desks.bridge_id = the_bridge().id
    desks.round()


def base() -> tuple[dict[str, Any], dict[str, Any]]:
    """The bases of the one pair."""
    with transaction.atomic():
        pair = Pair.objects.get()
    return pair.base_a, pair.base_b


def test_a_changed_winner_keeps_what_was_agreed(desks: Bridged) -> None:
    """Nothing is written, and the bridge goes on by itself."""
    running(desks)
    before, writes = base(), desks.writes()
    apply(changed("winner: newest", "winner: b"))
    desks.round()

    assert (base(), desks.writes(), the_bridge().mode) == (before, writes, "live")


def test_a_changed_map_is_met_anew_through_a_plan(desks: Bridged) -> None:
    """The values mean something else, so nobody moved and yet they differ: a plan shows it, and then it is written."""
    running(desks)
    (applied,) = apply(changed("{IN_PROGRESS: OPEN}", "{IN_PROGRESS: CLOSED}"))
    assert applied.changed.wider == ("status means something else",)
    assert "status" not in base()[1]
    desks.round()
    assert desks.both("state") == (["busy"], ["open"])

    with transaction.atomic():
        plan = plans.current(desks.bridge_id)
        assert plan is not None
        plans.approve(plan.id, plan.hash)
    desks.round()
    assert desks.both("state") == (["busy"], ["done"])
    assert the_bridge().mode == "live"


def test_a_new_field_is_filled_through_a_plan(desks: Bridged) -> None:
    """What it would write is shown first; what was agreed of the others stays."""
    running(desks, changed("      priority:\n", ""))
    before = base()
    apply()
    desks.round()

    with transaction.atomic():
        plan = plans.current(desks.bridge_id)
    assert plan is not None
    assert plan.counts == {"update": 1}
    assert base() == before


def test_a_plan_does_not_outlive_what_it_was_made_by(desks: Bridged) -> None:
    """Applied while a plan waits, a change has another one made; the old one cannot be approved."""
    desks.a.add(title="Printer", state="open")
    apply()
    desks.bridge_id = the_bridge().id
    desks.round()
    with transaction.atomic():
        old = plans.current(desks.bridge_id)
    assert old is not None
    apply(changed("winner: newest", "winner: ask"))

    with transaction.atomic():
        assert Plan.objects.get(id=old.id).state == Plan.State.STALE
        with pytest.raises(plans.PlanRefused, match="This plan is stale"):
            plans.approve(old.id, old.hash)


def test_an_approved_restore_does_not_outlive_a_change(desks: Bridged) -> None:
    """What a person asked for is void as well, though the bridge carries no more by the change, and stays live."""
    running(desks)
    desks.b.tables["tickets"].clear()
    lose(desks)
    desks.round()
    with transaction.atomic():
        old = restoring.make(the_bridge(), Side.B)
        plans.approve(old.id, old.hash)
    apply(changed("winner: newest", "winner: ask"))
    desks.round()

    with transaction.atomic():
        assert Plan.objects.get(id=old.id).state == Plan.State.STALE
        assert the_bridge().mode == Bridge.Mode.LIVE
    assert desks.b.tables["tickets"] == {}


def test_a_meaning_does_not_change_under_a_write(desks: Bridged) -> None:
    """What left was said in other words; the refusal says what to do, and nothing is changed."""
    running(desks)
    with transaction.atomic():
        Pair.objects.update(write_id=desks.bridge_id)

    with pytest.raises(FileRefused, match="1 writes are under way, and status would mean something else"):
        apply(changed("{IN_PROGRESS: OPEN}", "{IN_PROGRESS: CLOSED}"))
    assert the_bridge().version == 1


def test_what_was_refused_is_tried_again(desks: Bridged) -> None:
    """A change of the bridge is a reason to ask the other side once more."""
    running(desks)
    with transaction.atomic():
        Pair.objects.update(memory={"refused": [{"to": "b", "moves": [], "reason": "no"}]}, dirty=False)
    apply(changed("winner: newest", "winner: b"))

    with transaction.atomic():
        pair = Pair.objects.get()
    assert (pair.memory, pair.dirty) == ({"refused": []}, True)


def test_schedule_and_priority_make_a_version_and_no_look(desks: Bridged) -> None:
    """They are on record like everything that a bridge is told; pairs are left alone."""
    running(desks)
    (applied,) = apply(changed("models:", "frequency: 300\npriority: low\nmodels:"))

    with transaction.atomic():
        bridge, pair = Bridge.objects.get(), Pair.objects.get()
        kept = BridgeVersion.objects.get(version=2).configuration["about"]
    assert sorted(one.place for one in applied.changed.differences) == ["about.frequency", "about.priority"]
    assert (bridge.frequency, bridge.priority, bridge.mode, pair.dirty) == (300.0, 7, "live", False)
    assert (kept["frequency"], kept["priority"]) == (300.0, 7)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("    fields:\n", "    creates: [a]\n    fields:\n", None),
        (
            "    fields:\n",
            "    filter: {a: {status: {is: OPEN}}}\n    fields:\n",
            "other records of side a take part",
        ),
        ("      description:\n", "      description: {direction: a_to_b}\n", "description travels further"),
        ("      priority:\n", "      priority: {fills: true}\n", "priority replaces what is filled"),
        ("      priority:\n", "      priority: {blanks: false}\n", "priority empties what is filled"),
        (
            "    fields:\n",
            "    deletes: {a: propagate}\n    fields:\n",
            "deletes at side a are answered by propagate",
        ),
        ("    fields:\n", "    budget: {deletes: {least: 50}}\n    fields:\n", "the budget is larger"),
        ("    fields:\n", "    start: {from: '2026-01-01'}\n    fields:\n", "it starts earlier"),
        ("    fields:\n", "    leaving: stay\n    fields:\n", "records that stop matching stay"),
    ],
)
def test_what_carries_more_is_told(desks: Bridged, old: str, new: str, why: str | None) -> None:
    """From the one file to the other or back, whichever carries more makes plans, and says why."""
    narrow, wide = TICKETS, changed(old, new)
    if why is None or why.startswith(("other records", "description", "priority", "it starts")):
        narrow, wide = wide, narrow
    apply(narrow, live=True)
    (applied,) = apply(wide)

    assert applied.bridge.mode == "plan"
    assert (why or "records are created at side b") in applied.changed.wider
    assert whats(apply(narrow, live=True)) == ["changed"]
    assert the_bridge().mode == "live"
