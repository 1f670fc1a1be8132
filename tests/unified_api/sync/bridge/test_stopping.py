"""Stopping a bridge, the way to a side, or a pair, and telling it something else: what has not left does not leave."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any, Final

import pytest
from django.db import connections, transaction
from django.utils import timezone

from tenants.scope import scope
from tests.unified_api.sync.bridge.conftest import Bridged
from tests.unified_api.sync.bridge.test_plans import (
    approve,
    field,
    items,
    lose,
    open_conflicts,
    the_plan,
)
from tests.unified_api.sync.bridge.test_rounds import only
from unified_api.engine.match import match
from unified_api.engine.values import Side
from unified_api.link import linking
from unified_api.models.ticketing import Ticket
from unified_api.sync import write
from unified_api.sync.bridge import conflicts, ending, executing, plans, restoring, steering
from unified_api.sync.bridge.changing import change
from unified_api.sync.bridge.held import UNSETTLED
from unified_api.sync.limit import SharedLimiter
from unified_api.sync.models import Job, Throttle, Write
from unified_api.sync.models_bridge import Bridge, Pair
from unified_api.sync.models_plan import Plan

Step = Callable[[Bridged], object]
#: What stops the write of an edit of side a, what goes on with it, and what its write says.
STOPS: Final[dict[str, tuple[Step, Step, str]]] = {
    "bridge": (
        lambda desks: steering.pause(desks.bridge_id),
        lambda desks: steering.resume(desks.bridge_id),
        "the bridge was paused by",
    ),
    "side": (
        lambda desks: steering.close(desks.bridge_id, Side.B),
        lambda desks: steering.reopen(desks.bridge_id, Side.B),
        "side b was closed by",
    ),
    "pair": (
        lambda desks: steering.pause_pair(desks.pairs()[0].id),
        lambda desks: steering.resume_pair(desks.pairs()[0].id),
        "the pair was paused by",
    ),
}


@pytest.mark.parametrize("what", STOPS)
def test_what_is_journalled_and_stopped_does_not_leave_until_it_goes_on(bridged: Bridged, what: str) -> None:
    """The write says who stopped it; what was owed is seen by the look that follows."""
    stop, go_on, said = STOPS[what]
    journal_an_edit(bridged)
    before = bridged.writes()
    with transaction.atomic():
        stop(bridged)
    bridged.work_once(("write", "bridge", "write"))

    assert bridged.writes() == before
    ended = newest_write()
    assert (ended.state, ended.sent_at) == ("not applied", None)
    assert f"Not sent: {said}" in str(ended.error)
    with transaction.atomic():
        go_on(bridged)
    bridged.round()
    assert only(bridged.b)[1]["title"] == "Mine"


def test_a_pause_counts_until_the_call_leaves(bridged: Bridged, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also while the record is read just before; a bridge of which nothing is under way can end."""

    def pause(*_: object) -> None:
        with transaction.atomic():
            steering.pause(bridged.bridge_id)

    journal_an_edit(bridged)
    before = bridged.writes()
    monkeypatch.setattr(write, "refuse_moved", pause)
    bridged.work_once(("write",))

    assert bridged.writes() == before
    assert newest_write().state == "not applied"
    with transaction.atomic():
        ending.end(bridged.bridge_id)


@pytest.mark.parametrize("what", STOPS)
def test_what_waits_for_its_provider_ends_at_once_when_it_is_stopped(bridged: Bridged, what: str) -> None:
    """However long the provider wants to be left alone."""
    stop, _, _ = STOPS[what]
    journal_an_edit(bridged)
    SharedLimiter(bridged.accounts[1].id).pause(3600)
    bridged.work_once(("write",))
    assert newest_write().state == "journalled"
    with transaction.atomic():
        stop(bridged)
        assert Job.objects.get(kind="write").due_at <= timezone.now()
    bridged.work_once(("write",))

    assert newest_write().state == "not applied"


def test_a_delete_does_not_outlive_the_rule_by_which_it_was_journalled(bridged: Bridged) -> None:
    """The record stays: the rule of now is to leave it."""
    journal_a_delete(bridged)
    told(bridged, deletes={"b": "unlink"})
    bridged.work_once(("write",))

    assert newest_write().state == "not applied"
    assert "has been told something else" in str(newest_write().error)
    bridged.round()
    assert bridged.both("title")[1] == ["Printer"]


def test_a_pause_counts_until_the_product_s_own_record_is_stored(
    desks: Bridged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Records that have no other home than here are written in one transaction, which asks before."""
    product = linking.link(linking.Request("product", "customer-1", {}, category="ticketing"))
    desks.accounts = (desks.accounts[0], product.account)
    desks.a.add(title="Printer", state="open")
    desks.join(fields=("name",), words=())
    desks.read()
    desks.work_once(("bridge",))
    assert newest_write().state == "journalled"

    def pause(*_: object) -> None:
        with transaction.atomic():
            steering.pause(desks.bridge_id)

    monkeypatch.setattr(write, "_refuse_disabled", pause)
    desks.work_once(("write",))

    assert (newest_write().state, newest_write().record_id) == ("not applied", None)
    with transaction.atomic():
        assert not Ticket.objects.filter(linked_account_id=product.account.id).exists()


def test_what_waits_for_its_provider_does_not_carry_what_the_bridge_no_longer_does(bridged: Bridged) -> None:
    """It ends at once when the field is taken out; what is owed still is journalled anew, and arrives."""
    bridged.a.edit(only(bridged.a)[0], title="Mine", text="Mine alone")
    bridged.read()
    bridged.work_once(("bridge",))
    limiter = SharedLimiter(bridged.accounts[1].id)
    limiter.pause(3600)
    bridged.work_once(("write",))
    assert newest_write().state == "journalled"
    told(bridged, fields=("name", "status", "priority"))
    with transaction.atomic():
        assert Job.objects.get(kind="write").due_at <= timezone.now()
    bridged.work_once(("write",))
    assert newest_write().state == "not applied"

    with transaction.atomic():
        Throttle.objects.update(blocked_until=None)
    bridged.round()
    assert [only(bridged.b)[1][name] for name in ("title", "text")] == ["Mine", "It is on fire"]


def test_a_plan_that_is_void_writes_nothing_more(desks: Bridged) -> None:
    """Approved and journalled before the bridge was told something else, an item is left alone."""
    planned(desks, "Printer", "Router")
    plan = the_plan(desks)
    approve(plan)
    journal_what_is_approved(desks)
    told(desks, mode="plan", creates=("a",))
    desks.work_once(("write",))

    assert {one.state for one in items(plan)} == {"moved"}
    assert desks.writes() == 0
    with transaction.atomic():
        assert Plan.objects.get(id=plan.id).state == Plan.State.STALE


def test_what_is_journalled_waits_for_the_plan_that_is_asked_for(bridged: Bridged) -> None:
    """A live bridge is asked to plan: the plan shows what had not left, and it arrives when that is approved."""
    journal_an_edit(bridged)
    before = bridged.writes()
    with transaction.atomic():
        steering.plan_anew(bridged.bridge_id)
    bridged.work_once(("bridge", "write", "bridge"))

    assert bridged.writes() == before
    assert "no approved plan shows this" in str(newest_write().error)
    plan = the_plan(bridged)
    assert [(one.action, list(one.fields["fields"])) for one in items(plan)] == [("update", ["name"])]
    approve(plan)
    bridged.round()
    assert only(bridged.b)[1]["title"] == "Mine"


def test_a_plan_is_not_approved_while_its_bridge_is_being_changed(bridged: Bridged) -> None:
    """Who approves waits for the change, also where the bridge is paused and has no job; the plan is of before then."""
    plan = plan_to_restore(bridged)
    with transaction.atomic():
        steering.pause(bridged.bridge_id)
    refused: list[str] = []

    def try_to_approve() -> None:
        with scope(bridged.tenant), pytest.raises(plans.PlanRefused) as caught:
            approve(plan)
        refused.append(str(caught.value))
        connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            change(Bridge.objects.get(id=bridged.bridge_id), bridged.wish(creates=("a",)))
            approving = pool.submit(try_to_approve)
            wait([approving], timeout=1.0)
        approving.result(timeout=120)

    assert "The bridge has been changed since: the plan is of version 1, the bridge of 2." in refused[0]


def test_a_brake_holds_back_what_its_run_had_journalled_before(desks: Bridged) -> None:
    """The first create was within the budget, and had not left: it is shown together with those that were not."""
    desks.join(budget={"creates": {"share": 0.0, "least": 1}})
    desks.round()
    desks.a.add(title="Ticket 0", state="open")
    desks.read()
    desks.work_once(("bridge",))
    assert newest_write().state == "journalled"
    for number in (1, 2):
        desks.a.add(title=f"Ticket {number}", state="open")
    desks.read()
    desks.work_once(("bridge", "write", "bridge"))

    assert desks.writes() == 0
    assert [(one.action, one.state) for one in items(the_plan(desks))] == [("create", "waiting")] * 3


def test_a_plan_that_is_paused_goes_on_where_it_stopped(desks: Bridged) -> None:
    """What had not left waits for its turn again, as the plan showed it; no other plan is needed for it."""
    planned(desks, "Printer", "Router")
    plan = the_plan(desks)
    approve(plan)
    journal_what_is_approved(desks)
    assert [one.state for one in items(plan)] == ["sent", "sent"]
    with transaction.atomic():
        steering.pause(desks.bridge_id)
    desks.work_once(("write",))
    assert [(one.state, one.write_id) for one in items(plan)] == [("waiting", None)] * 2
    assert desks.writes() == 0

    with transaction.atomic():
        steering.resume(desks.bridge_id)
    desks.round()
    assert [one.state for one in items(plan)] == ["done", "done"]
    assert desks.both("title")[1] == ["Printer", "Router"]
    with transaction.atomic():
        assert Plan.objects.filter(bridge_id=desks.bridge_id).count() == 1
        assert Bridge.objects.get(id=desks.bridge_id).mode == "live"


def test_a_plan_has_only_so_many_items_under_way(desks: Bridged, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest waits, where a pause or a change of the bridge still stops it."""
    monkeypatch.setattr(plans, "ENOUGH", 2)
    monkeypatch.setattr(executing, "MOST", 1)
    planned(desks, *(f"Ticket {number}" for number in range(4)))
    plan = the_plan(desks)
    approve(plan)
    journal_what_is_approved(desks)

    assert sorted(one.state for one in items(plan)) == ["sent", "sent", "waiting", "waiting"]
    desks.round()
    assert {one.state for one in items(plan)} == {"done"}


def test_a_value_of_ones_own_is_not_given_to_what_is_stopped(bridged: Bridged) -> None:
    """The refusal says who stopped it, and nothing is journalled; nor does anything stop it when that goes on."""
    conflict = contested(bridged)
    for stop, go_on, said in STOPS.values():
        with transaction.atomic():
            stop(bridged)
            with pytest.raises(conflicts.NotWritable, match=f"Nothing is written at side b now: {said}"):
                conflicts.give(conflict, Side.B, "C")
            go_on(bridged)
    with transaction.atomic():
        assert not Write.objects.filter(bridge_id=None).exists()
        assert conflicts.give(conflict, Side.B, "C").state == "journalled"


def test_a_value_of_ones_own_that_was_given_before_does_not_leave_either(bridged: Bridged) -> None:
    """It ends as not applied, and says that it is to be given again; given again, it is written."""
    conflict = contested(bridged)
    before = bridged.writes()
    for stop, go_on, said in STOPS.values():
        with transaction.atomic():
            write = conflicts.give(conflict, Side.B, "C")
            put_off(write)
        with transaction.atomic():
            stop(bridged)
        bridged.work_once(("write",))
        with transaction.atomic():
            write.refresh_from_db()
            go_on(bridged)
        assert (write.state, write.sent_at) == ("not applied", None)
        assert re.fullmatch(f"Not sent: {said} .*. Give the value again when that goes on.", str(write.error))

    assert bridged.writes() == before
    with transaction.atomic():
        conflicts.give(conflict, Side.B, "C")
    bridged.work_once(("write",))
    assert only(bridged.b)[1]["title"] == "C"


def put_off(write: Write) -> None:
    """Its provider is to be left alone for an hour."""
    Job.objects.filter(reference=write.id).update(due_at=timezone.now() + dt.timedelta(hours=1))


def contested(bridged: Bridged) -> uuid.UUID:
    """Both sides have edited a title, and a person is asked: the conflict."""
    field(bridged, "name", winner="ask")
    for desk, title in ((bridged.a, "A"), (bridged.b, "B")):
        desk.edit(only(desk)[0], title=title)
    bridged.round()
    [conflict] = open_conflicts(bridged)
    return conflict.id


def test_a_pause_while_two_halves_are_joined_stays(desks: Bridged, monkeypatch: pytest.MonkeyPatch) -> None:
    """Said of the half that goes into the other one, after the halves were read."""

    def paused(*told: Any, **more: Any) -> Any:
        half = Pair.objects.get(record_a=None)
        steering.pause_pair(half.id)
        return match(*told, **more)

    monkeypatch.setattr("unified_api.sync.bridge.matching.match", paused)
    for desk in (desks.a, desks.b):
        desk.add(title="Printer", text="It is on fire", state="open", priority="p2")
    desks.join()
    desks.read()
    desks.work_once(("bridge",))

    [pair] = desks.pairs()
    assert pair.record_a
    assert pair.record_b
    assert pair.paused_by


def test_an_item_whose_pair_nobody_can_tell_of_holds_up_no_plan(bridged: Bridged) -> None:
    """It is left alone, and says why; the plans behind it have their turn."""
    plan = plan_to_restore(bridged)
    approve(plan)
    with transaction.atomic():
        Pair.objects.update(held=UNSETTLED, write_id=uuid.uuid4())
    bridged.work_once(("bridge",))

    assert [(one.state, one.reason) for one in items(plan)] == [("moved", executing.UNTOLD)]
    with transaction.atomic():
        assert plans.approved(bridged.bridge_id) is None


def journal_a_delete(bridged: Bridged) -> None:
    """The ticket of side a is lost, and the delete of that of side b has not left."""
    told(bridged, deletes={"b": "propagate"}, live=True)
    bridged.round()
    bridged.a.tables["tickets"].clear()
    lose(bridged, 0)
    bridged.read()
    bridged.work_once(("bridge",))
    assert (newest_write().operation, newest_write().state) == ("delete", "journalled")


def plan_to_restore(bridged: Bridged) -> Plan:
    """The ticket of side b was deleted there, and a plan shows its create."""
    bridged.b.tables["tickets"].clear()
    lose(bridged)
    bridged.round()
    with transaction.atomic():
        return restoring.make(Bridge.objects.get(id=bridged.bridge_id), Side.B)


def told(bridged: Bridged, *, live: bool = False, **more: Any) -> None:
    """Tell the bridge something else than what the tests bridge."""
    with transaction.atomic():
        change(Bridge.objects.get(id=bridged.bridge_id), bridged.wish(**more), live=live)


def planned(desks: Bridged, *titles: str) -> None:
    """Tickets of side a whose creates a plan shows."""
    for title in titles:
        desks.a.add(title=title, text=title, state="open", priority="p2")
    desks.join(mode="plan")
    desks.round()


def journal_what_is_approved(desks: Bridged) -> None:
    """Have the bridge work, and nobody send what it journals."""
    desks.work_once(("bridge",))


def journal_an_edit(bridged: Bridged) -> None:
    """An edit of side a that is on its way to side b, and has not left."""
    bridged.a.edit(only(bridged.a)[0], title="Mine")
    bridged.read()
    bridged.work_once(("bridge",))
    assert newest_write().state == "journalled"


def newest_write() -> Write:
    """The write that was journalled last."""
    with transaction.atomic():
        found: Write = Write.objects.order_by("-journalled_at")[0]
    return found
