"""Plans: shown, approved by their hash, executed exactly; budgets that end in one; conflicts that people decide."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from tests.unified_api.sync.bridge.conftest import Bridged
from unified_api.engine.values import Side
from unified_api.sync import clock, steer
from unified_api.sync.bridge import conflicts, plans, steering
from unified_api.sync.bridge.changing import change
from unified_api.sync.bridge.wish import BridgeRefused
from unified_api.sync.limit import SharedLimiter
from unified_api.sync.models import Stream
from unified_api.sync.models_bridge import Bridge, Conflict, Overruled
from unified_api.sync.models_plan import Plan, PlanItem
from unified_api.sync.models_watch import Issue


@pytest.fixture
def planning(desks: Bridged) -> Bridged:
    """Three tickets at side a, one of them at side b too with another priority, and a bridge that plans."""
    for title in ("Printer", "Router", "Screen"):
        desks.a.add(title=title, text=title, state="open", priority="p2")
    desks.b.add(title="Screen", text="Screen", state="open", priority="p3")
    desks.join()
    configure(desks, mode=Bridge.Mode.PLAN)
    desks.round()
    return desks


def configure(desks: Bridged, *, mode: str | None = None, **told: Any) -> None:
    """Change what the bridge was told."""
    with transaction.atomic():
        bridge = Bridge.objects.get(id=desks.bridge_id)
        bridge.configuration = {**bridge.configuration, **told}
        bridge.mode = mode or bridge.mode
        bridge.save()


def tell(desks: Bridged, **policy: Any) -> None:
    """Change its policy."""
    with transaction.atomic():
        now = Bridge.objects.get(id=desks.bridge_id).configuration["policy"]
    configure(desks, policy={**now, **policy})


def field(desks: Bridged, name: str, **options: Any) -> None:
    """Change the options of one field."""
    with transaction.atomic():
        fields = Bridge.objects.get(id=desks.bridge_id).configuration["policy"]["fields"]
    tell(desks, fields={**fields, name: {**fields[name], **options}})


def the_plan(desks: Bridged) -> Plan:
    """The plan of the bridge."""
    with transaction.atomic():
        plan = plans.current(desks.bridge_id)
    assert plan is not None
    return plan


def items(plan: Plan) -> list[PlanItem]:
    """Its items, in their order."""
    with transaction.atomic():
        return list(PlanItem.objects.filter(plan_id=plan.id).order_by("ordinal"))


def approve(plan: Plan) -> None:
    """Approve what was shown."""
    with transaction.atomic():
        plans.approve(plan.id, plan.hash)


def test_nothing_is_written_before_a_plan_is_approved(planning: Bridged) -> None:
    """The plan shows creates and updates with old and new values and what they cost; the desks see no write."""
    plan = the_plan(planning)
    told = {(one.action, one.side, one.key) for one in items(plan)}

    assert planning.writes() == 0
    assert told == {
        ("create", "b", '["Printer"]'),
        ("create", "b", '["Router"]'),
        ("update", "b", '["Screen"]'),
    }
    assert plan.counts == {"create": 2, "update": 1}
    assert plan.cost["b"]["calls"] == 6
    [update] = [one for one in items(plan) if one.action == "update"]
    assert update.fields["fields"]["priority"] == {
        "was": "LOW",
        "value": "NORMAL",
        "rule": "first contact",
        "overrules": True,
    }
    assert planning.standing()["status"] == "planned"


def test_a_plan_tells_what_its_providers_still_take(desks: Bridged) -> None:
    """What they said of their quota, beside the installation's own rate; nothing of a quota that began anew since."""
    a, b = (SharedLimiter(account.id) for account in desks.accounts)
    reset = clock.now() + dt.timedelta(hours=1)
    for limiter, until in ((a, reset), (b, clock.now() - dt.timedelta(hours=1))):
        limiter.learn(812, until)
        limiter.acquire(1)
    desks.a.add(title="Printer", text="t", state="open", priority="p2")
    desks.join(mode="plan")
    desks.round()
    cost = the_plan(desks).cost

    assert (cost["a"]["remaining"], cost["a"]["resets_at"]) == (812, reset.isoformat())
    assert (cost["b"]["remaining"], cost["b"]["resets_at"]) == (None, None)


def test_an_approved_plan_does_what_it_showed_and_the_bridge_goes_live(planning: Bridged) -> None:
    """Item by item; afterwards edits travel by themselves."""
    plan = the_plan(planning)
    approve(plan)
    after = planning.round()

    assert {one.state for one in items(plan)} == {"done"}
    assert planning.both("title") == (["Printer", "Router", "Screen"], ["Printer", "Router", "Screen"])
    assert planning.both("priority")[1] == ["p2", "p2", "p2"]
    assert after["status"] == "quiet"
    planning.a.tables["tickets"]["1"]["title"] = "Printer on fire"
    planning.round()
    assert "Printer on fire" in planning.both("title")[1]


def test_another_hash_is_refused(planning: Bridged) -> None:
    """What was approved must be what was shown."""
    plan = the_plan(planning)

    with transaction.atomic(), pytest.raises(plans.PlanRefused, match="its hash is"):
        plans.approve(plan.id, "0" * 64)
    planning.round()
    assert planning.writes() == 0


def test_items_that_were_tampered_with_are_refused(planning: Bridged) -> None:
    """The hash is made again from the items before anything is executed."""
    plan = the_plan(planning)
    with transaction.atomic():
        PlanItem.objects.filter(plan_id=plan.id, ordinal=0).update(digest="x")

    with transaction.atomic(), pytest.raises(plans.PlanRefused, match="not those that were shown"):
        plans.approve(plan.id, plan.hash)


def test_what_moved_meanwhile_is_left_alone_and_planned_anew(planning: Bridged) -> None:
    """An edit between plan and execution: that item is not forced, the others are done, the next plan shows it."""
    plan = the_plan(planning)
    planning.b.tables["tickets"]["1"]["priority"] = "p1"
    approve(plan)
    planning.round()

    assert sorted(one.state for one in items(plan)) == ["done", "done", "moved"]
    assert planning.b.tables["tickets"]["1"]["priority"] == "p1"
    [again] = [one for one in items(the_plan(planning)) if one.action == "update"]
    assert again.fields["fields"]["priority"]["was"] == "URGENT"


def test_a_refused_plan_writes_nothing_and_is_not_made_again(planning: Bridged) -> None:
    """Until a person asks for another one."""
    with transaction.atomic():
        plans.refuse(the_plan(planning).id, "Not today")
    planning.round()
    assert planning.writes() == 0
    with transaction.atomic():
        assert plans.current(planning.bridge_id) is None

    with transaction.atomic():
        steering.plan_anew(planning.bridge_id)
    planning.round()
    assert len(items(the_plan(planning))) == 3


def test_a_canary_is_planned_first_and_the_rest_after_it(planning: Bridged) -> None:
    """The first plan is about so many records; once it is done, the next shows all the others."""
    configure(planning, start={"from": "everything", "canary": 1})
    with transaction.atomic():
        steering.plan_anew(planning.bridge_id)
    planning.round()
    plan = the_plan(planning)
    assert len({one.pair_id for one in items(plan)}) == 1

    approve(plan)
    planning.round()
    assert len({one.pair_id for one in items(the_plan(planning))}) == 2


def test_a_canary_counts_what_would_be_written(desks: Bridged) -> None:
    """Records of a side from which nothing is made owe nothing: they come first, and take nobody's place."""
    for number in range(3):
        desks.b.add(title=f"Theirs {number}", text="t", state="open", priority="p2")
    desks.join(mode="plan", creates=["b"], start={"canary": 2})
    desks.read()
    for number in range(3):
        desks.a.add(title=f"Ours {number}", text="t", state="open", priority="p2")
    desks.round()

    assert [(one.action, one.side) for one in items(the_plan(desks))] == [("create", "b")] * 2


def test_a_run_over_its_budget_of_deletes_stops_before_the_first(desks: Bridged) -> None:
    """Half of the tickets are deleted at one side: nothing is deleted at the other, an issue tells, a plan waits."""
    for number in range(8):
        desks.a.add(title=f"Ticket {number}", text="t", state="open", priority="p2")
    desks.join()
    tell(desks, deletes={"b": "propagate"})
    configure(desks, budget={"deletes": {"share": 0.1, "least": 2}})
    desks.round()
    for number in range(1, 5):
        del desks.a.tables["tickets"][str(number)]
    lose(desks, 0)
    standing = desks.round()

    assert len(desks.b.tables["tickets"]) == 8
    assert standing["status"] == "held"
    with transaction.atomic():
        [issue] = Issue.objects.filter(status="ONGOING")
    assert (issue.kind, issue.bridge_id) == ("budget", desks.bridge_id)
    assert "4 deletes" in issue.description or "3 deletes" in issue.description
    plan = the_plan(desks)
    assert [one.action for one in items(plan)] == ["delete"] * 4
    with transaction.atomic():
        steering.pause(desks.bridge_id)
        steering.resume(desks.bridge_id)
    resumed = desks.round()
    assert (resumed["status"], resumed["reason"]) == ("held", standing["reason"])

    approve(plan)
    desks.round()
    assert len(desks.b.tables["tickets"]) == 4
    with transaction.atomic():
        assert not Issue.objects.filter(status="ONGOING").exists()


def test_a_conflict_waits_for_a_person_and_holds_up_nothing_else(bridged: Bridged) -> None:
    """Both sides edit the title, one the priority: the priority travels, the title stays until somebody rules."""
    field(bridged, "name", winner="ask")
    bridged.a.tables["tickets"]["1"] |= {"title": "Printer A", "priority": "p1"}
    bridged.b.tables["tickets"]["1"] |= {"title": "Printer B"}
    bridged.round()

    assert bridged.b.tables["tickets"]["1"]["title"] == "Printer B"
    assert bridged.b.tables["tickets"]["1"]["priority"] == "p1"
    [conflict] = open_conflicts(bridged)
    assert (conflict.value_a, conflict.value_b, conflict.base_a) == ("Printer A", "Printer B", "Printer")
    assert conflict.edited_a["source"] == "pull"

    with transaction.atomic():
        conflicts.resolve(conflict.id, "b")
    bridged.round()
    assert bridged.a.tables["tickets"]["1"]["title"] == "Printer B"
    with transaction.atomic():
        [gave_way] = Overruled.objects.all()
    assert (gave_way.side, gave_way.value, gave_way.by, gave_way.rule) == (
        "a",
        "Printer A",
        "Printer B",
        "ruled",
    )


def test_a_look_tells_of_its_conflicts_once(desks: Bridged) -> None:
    """However many pairs it finds them at."""
    for number in range(3):
        for desk in (desks.a, desks.b):
            desk.add(title=f"Ticket {number}", text="t", state="open", priority="p2")
    desks.join()
    field(desks, "description", winner="ask")
    desks.round()
    for desk, text in ((desks.a, "A"), (desks.b, "B")):
        for remote_id in desk.tables["tickets"]:
            desk.edit(remote_id, text=text)
    desks.read()
    with CaptureQueriesContext(connection) as caught:
        desks.work_once(["bridge"])
    told = [one["sql"] for one in caught.captured_queries if '"sync_issue"' in one["sql"]]

    assert len(open_conflicts(desks)) == 3
    assert [sql.partition(" ")[0] for sql in told if not sql.startswith("SELECT")] == ["INSERT"]


def test_a_ruling_about_values_that_moved_is_void(bridged: Bridged) -> None:
    """Who edits a contested field again opens the question anew."""
    field(bridged, "name", winner="ask")
    bridged.a.tables["tickets"]["1"]["title"] = "Printer A"
    bridged.b.tables["tickets"]["1"]["title"] = "Printer B"
    bridged.round()
    [conflict] = open_conflicts(bridged)
    bridged.a.tables["tickets"]["1"]["title"] = "Printer A again"
    with transaction.atomic():
        conflicts.resolve(conflict.id, "b")
    bridged.round()

    assert bridged.a.tables["tickets"]["1"]["title"] == "Printer A again"
    [fresh] = open_conflicts(bridged)
    assert fresh.value_a == "Printer A again"


def open_conflicts(desks: Bridged) -> list[Conflict]:
    """The conflicts that wait."""
    with transaction.atomic():
        return list(Conflict.objects.filter(bridge_id=desks.bridge_id, state="open"))


def test_a_closed_side_is_owed_and_the_other_goes_on(bridged: Bridged) -> None:
    """While b is closed, edits of b still reach a; what a edited reaches b when it is opened."""
    with transaction.atomic():
        steering.close(bridged.bridge_id, Side.B)
    bridged.a.tables["tickets"]["1"]["title"] = "From a"
    bridged.b.tables["tickets"]["1"]["priority"] = "p1"
    bridged.round()
    assert bridged.b.tables["tickets"]["1"]["title"] == "Printer"
    assert bridged.a.tables["tickets"]["1"]["priority"] == "p1"

    with transaction.atomic():
        steering.reopen(bridged.bridge_id, Side.B)
    bridged.round()
    assert bridged.b.tables["tickets"]["1"]["title"] == "From a"


def test_a_paused_pair_is_left_alone(bridged: Bridged) -> None:
    """Until it is resumed; then it is as if the edits had been made now."""
    [pair] = bridged.pairs()
    with transaction.atomic():
        steering.pause_pair(pair.id)
    bridged.a.tables["tickets"]["1"]["title"] = "From a"
    bridged.work_once(("pull", "bridge", "write"))
    assert bridged.b.tables["tickets"]["1"]["title"] == "Printer"

    with transaction.atomic():
        steering.resume_pair(pair.id)
    bridged.round()
    assert bridged.b.tables["tickets"]["1"]["title"] == "From a"


def test_a_record_that_leaves_the_filter_rests_and_comes_back(bridged: Bridged) -> None:
    """While it does not match nothing is written; what was edited meanwhile travels when it matches again."""
    configure(bridged, filter={"a": {"priority": {"not": "LOW"}}})
    bridged.a.tables["tickets"]["1"] |= {"priority": "p3", "title": "Unimportant"}
    bridged.round()
    assert bridged.b.tables["tickets"]["1"]["title"] == "Printer"
    assert {pair.state for pair in bridged.pairs()} == {"dormant"}

    bridged.a.tables["tickets"]["1"]["priority"] = "p1"
    bridged.round()
    assert bridged.b.tables["tickets"]["1"]["title"] == "Unimportant"


def test_only_records_that_match_are_created(desks: Bridged) -> None:
    """A record outside of the filter has no counterpart made."""
    desks.a.add(title="Urgent", text="t", state="open", priority="p1")
    desks.a.add(title="Idle", text="t", state="open", priority="p3")
    desks.join()
    configure(desks, filter={"a": {"priority": {"in": ["URGENT"]}}})
    desks.round()

    assert desks.both("title")[1] == ["Urgent"]


def test_from_today_on(desks: Bridged) -> None:
    """What was there before is matched and left as it is, until somebody edits it."""
    desks.a.add(title="Old", text="t", state="open", priority="p2", updated="2026-01-01T00:00:00Z")
    desks.join()
    configure(desks, start={"from": "2026-06-01T00:00:00+00:00", "canary": None})
    desks.round()
    assert desks.both("title")[1] == []

    desks.a.tables["tickets"]["1"] |= {"title": "Old but edited", "updated": "2026-07-01T00:00:00Z"}
    desks.round()
    assert desks.both("title")[1] == ["Old but edited"]


def test_a_deleted_record_is_made_again_behind_the_same_id(bridged: Bridged) -> None:
    """By the rule that restores: its Isthmus id outlives its remote id, and the next read does not undo it."""
    tell(bridged, deletes={"a": "restore"})
    [before] = bridged.pairs()
    del bridged.b.tables["tickets"]["1"]
    lose(bridged)
    bridged.round()

    [after] = bridged.pairs()
    assert bridged.both("title") == (["Printer"], ["Printer"])
    assert (after.record_a, after.record_b, after.state) == (before.record_a, before.record_b, "paired")
    writes = bridged.writes()
    bridged.round()
    assert bridged.writes() == writes


def lose(desks: Bridged, side: int = 1) -> None:
    """Have a side read completely, without a brake on what is gone."""
    with transaction.atomic():
        stream = Stream.objects.get(linked_account_id=desks.accounts[side].id, model="ticketing.Ticket")
        steer.allow_removals(stream.id)


def test_an_edited_survivor_is_kept(bridged: Bridged) -> None:
    """A deletion does not take along what somebody edited meanwhile: a person has to say."""
    tell(bridged, deletes={"a": "propagate"})
    del bridged.b.tables["tickets"]["1"]
    bridged.a.tables["tickets"]["1"]["title"] = "Still needed"
    lose(bridged)
    standing = bridged.round()

    assert bridged.both("title")[0] == ["Still needed"]
    assert [one["kind"] for one in standing["problems"]] == ["edited"]


def test_creates_have_a_budget_after_the_first_run(desks: Bridged) -> None:
    """The first run makes all that one side lacks; a flood of new records afterwards waits for a person."""
    for number in range(4):
        desks.a.add(title=f"Ticket {number}", text="t", state="open", priority="p2")
    desks.join()
    configure(desks, budget={"creates": {"share": 0.0, "least": 1}})
    desks.round()
    assert len(desks.b.tables["tickets"]) == 4

    for number in range(4, 7):
        desks.a.add(title=f"Ticket {number}", text="t", state="open", priority="p2")
    assert desks.round()["status"] == "held"
    assert len(desks.b.tables["tickets"]) == 4


def test_what_a_closed_side_and_a_paused_pair_are_owed_is_shown_as_held(planning: Bridged) -> None:
    """With what is held, and by whom; an approved plan does not write it, and opening again does."""
    paused = next(pair for pair in planning.pairs() if pair.key == '["Router"]')
    with transaction.atomic():
        steering.pause_pair(paused.id)
        steering.close(planning.bridge_id, Side.B)
        steering.plan_anew(planning.bridge_id)
    planning.round()
    plan = the_plan(planning)

    assert {(one.key, one.side, one.action, one.fields["held"]) for one in items(plan)} == {
        ('["Printer"]', "b", "held", "create"),
        ('["Router"]', "b", "held", "create"),
        ('["Screen"]', "b", "held", "update"),
    }
    assert sorted({one.fields["reason"].partition(" by ")[0] for one in items(plan)}) == [
        "Side b was closed",
        "The pair was paused",
    ]
    approve(plan)
    planning.round()
    assert planning.b.writes() == []

    with transaction.atomic():
        steering.reopen(planning.bridge_id, Side.B)
        steering.resume_pair(paused.id)
    planning.round()
    assert planning.both("title")[1] == ["Printer", "Router", "Screen"]


def test_what_was_held_before_a_plan_is_shown_in_it(bridged: Bridged) -> None:
    """A live bridge whose side was closed a while ago is asked to plan: what that side is owed is in the plan."""
    with transaction.atomic():
        steering.close(bridged.bridge_id, Side.B)
    bridged.a.edit("1", title="From a")
    bridged.round()
    with transaction.atomic():
        steering.plan_anew(bridged.bridge_id)
    bridged.round()
    [item] = items(the_plan(bridged))

    assert (item.action, item.state, item.fields["held"]) == ("held", "shown", "update")
    assert item.fields["fields"]["name"]["value"] == "From a"


def test_counterparts_are_searched_for_the_records_of_the_plan_alone(planning: Bridged) -> None:
    """A canary's plan is executed: for other records nobody asks the provider, as they are in no approved plan."""
    configure(planning, start={"from": "everything", "canary": 1})
    with transaction.atomic():
        steering.plan_anew(planning.bridge_id)
    planning.round()
    plan = the_plan(planning)
    shown = {one.pair_id for one in items(plan)}
    approve(plan)
    for _ in range(3):
        planning.work_once(["bridge", "write"])

    lone = {pair.id for pair in planning.pairs() if pair.record_b is None}
    assert lone - shown
    assert {pair.id for pair in planning.pairs() if pair.held == "search"} == lone - shown


def test_a_dropped_create_is_counted_once(desks: Bridged) -> None:
    """Its provider refuses the credential for a while: the run has spent it when it was journalled first."""
    desks.a.add(title="Printer", text="t", state="open", priority="p2")
    desks.join()
    desks.read()
    desks.work_once(["bridge"])
    desks.b.refuse_writes = 401
    desks.work_once(["write"])
    desks.b.refuse_writes = None
    desks.relink()
    desks.work_once(["bridge"])
    with transaction.atomic():
        run = Bridge.objects.get(id=desks.bridge_id).run

    assert run["creates"][0] == 1
    desks.round()
    assert len(desks.b.tables["tickets"]) == 1


def test_a_canary_that_nobody_would_see_is_refused(desks: Bridged) -> None:
    """A bridge that begins live makes no plan, so that its canary would be about nothing."""
    with pytest.raises(BridgeRefused, match=r"start\.canary: a canary of 2 is a plan that a person approves"):
        desks.join(start={"canary": 2})
    desks.join(start={"canary": 2}, mode="plan")
    wish = desks.wish(start={"canary": 2}, mode="plan")
    with pytest.raises(BridgeRefused, match=r"start\.canary"), transaction.atomic():
        change(Bridge.objects.get(id=desks.bridge_id), wish, live=True)
