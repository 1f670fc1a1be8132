"""The end of a write, told to its pair in the transaction that stores the end: neither is there without the other.

So that an end which cannot be taken into account is not lost with it, its pair then learns nothing but that: it keeps
the record that was made, agrees to no value, and rests. Whoever looks at it next compares both records as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Final, NamedTuple

from django.db.models import QuerySet

from unified_api.engine.events import (
    Answered,
    Dropped,
    Effect,
    Event,
    Kind,
    Look,
    Lost,
    Overruled,
    Problem,
    Record,
    Rejected,
)
from unified_api.engine.pair import Pair as Memory
from unified_api.engine.pair import State
from unified_api.engine.plan import let_go, plan
from unified_api.engine.values import MISSING, Side
from unified_api.sync import clock, models_bridge
from unified_api.sync.bridge import failing, merging, plans, sharing, siblings, turns
from unified_api.sync.bridge.held import DROPPED, DROPPED_AS, FREE, UNSETTLED, WAITING, again
from unified_api.sync.bridge.records import Frame, record_of, remember, remembered, set_record
from unified_api.sync.bridge.stirring import ask_after_commit, awaken_parts_of
from unified_api.sync.bridge.writing import shown
from unified_api.sync.models import Merged, Write, WriteState
from unified_api.sync.models_bridge import Bridge, Pair
from unified_api.sync.models_plan import PlanItem
from unified_api.sync.problems import GONE, TOO_LARGE

#: Refusals that are about the moment or the account, not about the values: everything is still owed.
PASSING: Final = frozenset({"RELINK_NEEDED", "RECORD_MOVED", GONE, "RETRY_LATER"})
#: What a create meets has no record that could have moved or gone: it would be refused again, at once and for ever.
LASTING_FOR_CREATES: Final = frozenset({"RECORD_MOVED", GONE})


def note(write: Write, *, witnessed: bool, unknown: bool = False) -> None:
    """Tell the pair how its write ended, within the transaction that is open.

    witnessed: the provider's answer to this write was seen and is what is stored; else the end was found out by
    reading back. unknown: it had left before, and nobody knew what became of it.
    """
    bridge = Bridge.objects.filter(id=write.bridge_id).first()
    if bridge is None:
        return
    ask_after_commit(bridge)
    turns.take(bridge.id)
    pair = Pair.objects.select_for_update().filter(id=write.pair_id, write_id=write.id).first()
    item = plans.note(write, bridge)
    if pair is not None:
        frame = Frame.of(bridge)
        _tell(frame, pair, write, witnessed=witnessed, unknown=unknown)
        if item is not None and item.state == PlanItem.State.MOVED and not failing.rests(pair):
            siblings.leave_behind(frame, item, pair, frame.look(pair))


class _Learnt(NamedTuple):
    """What an end teaches a pair. nothing: the write changed nothing; merges: one may have been left until now."""

    memory: Memory
    effects: Sequence[Effect]
    nothing: bool
    merges: bool


def _tell(frame: Frame, pair: Pair, write: Write, *, witnessed: bool, unknown: bool) -> None:
    side = Side.A if write.linked_account_id == frame.bridge.account_a else Side.B
    made = pair.state == State.CREATING and write.state == WriteState.DONE
    taken = made and not _adopt(frame, pair, side, write)
    learn = partial(_learn, frame, pair, side, write, taken=taken, witnessed=witnessed, unknown=unknown)
    told = failing.alone(learn, pair=str(pair.id), write=str(write.id))
    failed = isinstance(told, failing.Failed)
    learnt = (
        _learn_nothing(pair, side, write, told, taken=taken) if isinstance(told, failing.Failed) else told
    )
    dropped = pair.memory.get(DROPPED, 0) + 1
    remember(pair, learnt.memory)
    if made and not taken:
        awaken_parts_of(frame.bridge, [pair])
    pair.memory |= {DROPPED: dropped, DROPPED_AS: write.operation} if learnt.nothing else {}
    problems = [one for one in learnt.effects if isinstance(one, Problem)]
    unsettled = any(one.kind is Kind.UNSETTLED for one in problems)
    pair.problems = [shown(one) for one in problems] or pair.problems
    pair.held = UNSETTLED if unsettled else FREE
    if not unsettled:
        pair.write_id, pair.dirty = None, not failed
    pair.save()
    if not unsettled and learnt.merges:
        _follow_merges(frame, pair, write)
    again(_waiting(frame, pair))
    if write.operation == "create" and not failed:
        again(Pair.objects.filter(id=pair.id))
    for one in learnt.effects:
        if isinstance(one, Overruled):
            _record(pair, write, one)


def _learn(
    frame: Frame, pair: Pair, side: Side, write: Write, *, taken: bool, witnessed: bool, unknown: bool
) -> _Learnt:
    """What the engine says of it, by both records as they are stored now. taken: what was made is somebody else's."""
    seen = frame.seen([pair])
    record = seen.looks[pair.id].of(side)
    event = Lost() if taken else _event(record, write, witnessed=witnessed, unknown=unknown)
    if _met_another(record, pair, side, write):
        event = Lost(gone=True)  # nothing is agreed with that: both are compared anew
    memory, effects = plan(remembered(pair), event, policy=seen.policy, access=frame.access)
    return _Learnt(memory, effects, isinstance(event, Dropped), _may_be_merged(seen.looks[pair.id], write))


def _learn_nothing(pair: Pair, side: Side, write: Write, failed: failing.Failed, *, taken: bool) -> _Learnt:
    """That nobody could work it out. A create that may have happened is not repeated all the same.

    It counts as a write that changed nothing, so that one which fails again and again is tried ever later.
    """
    memory = remembered(pair)
    if write.operation == "create" and (taken or write.state == WriteState.UNCERTAIN):
        return _Learnt(memory, [Problem(Kind.UNSETTLED, side)], nothing=False, merges=False)
    memory, effects = let_go(memory)
    gave_way = effects if write.state in {WriteState.DONE, WriteState.UNCERTAIN} and write.sent else ()
    return _Learnt(memory, [failed.problem(pair), *gave_way], nothing=True, merges=True)


def _may_be_merged(look: Look, write: Write) -> bool:
    """Whether a merge can have been left until now: of a record of the pair, which is gone then, or into a new one."""
    return write.operation == "create" or any(one is not None and one.gone for one in (look.a, look.b))


def _follow_merges(frame: Frame, pair: Pair, write: Write) -> None:
    """What either side has merged meanwhile: taking it in left this pair alone until its write had ended."""
    for side in Side:
        records = {record_of(pair, side)}
        if frame.account_id(side) == write.linked_account_id:
            records.add(write.record_id)
        merging.follow(frame, side, [record for record in records if record is not None])


def _waiting(frame: Frame, pair: Pair) -> QuerySet[Pair]:
    """Lone records that could have been what this pair's create made."""
    if pair.key is None:
        # Who is held is dirty; said here, it is found by the index of these, not among all that have no key.
        return Pair.objects.filter(bridge_id=pair.bridge_id, dirty=True, held=WAITING, key=None)
    return sharing.pairs(frame, [pair.key]).filter(held=WAITING)


def _adopt(frame: Frame, pair: Pair, side: Side, write: Write) -> bool:
    """Give the pair its new record, which may have been read meanwhile and taken for a newcomer.

    False when it has found another counterpart by now: a person has to look.
    """
    mine, other = ("record_a", "record_b") if side is Side.A else ("record_b", "record_a")
    rivals = Pair.objects.filter(**{mine: write.record_id}, bridge_id=pair.bridge_id).exclude(id=pair.id)
    lone = rivals.filter(**{other: None}, state=State.ALONE)
    paused = dict(lone.order_by("id").select_for_update().values_list("id", "paused_by"))
    sharing.note(frame, {one: [] for one in paused})
    lone.delete()
    pair.paused_by = next(filter(None, [pair.paused_by, *paused.values()]), None)
    if rivals.exists():
        return False
    set_record(pair, side, write.record_id)
    return True


def _event(record: Record | None, write: Write, *, witnessed: bool, unknown: bool) -> Event:
    """What became of the write; `record`: as it is stored now, the answer included."""
    values = record.values if record else {}
    if write.state == WriteState.DONE and write.operation == "update" and write.sent is None:
        return Dropped()  # the record said it already, when it was read just before: nothing gave way to us
    if write.state == WriteState.DONE:
        return Answered(values) if witnessed else Lost(values, landed=True, partly=True)
    if write.state in {WriteState.REJECTED, WriteState.MOVED}:
        return Lost(gone=True) if unknown and _is_gone(write) else _refusal(write)
    untold = write.state in {WriteState.NOT_APPLIED, WriteState.UNCERTAIN}
    if untold and write.operation == "update" and write.sent:
        return Lost(values)
    return Lost() if write.state == WriteState.UNCERTAIN else Dropped()


def _met_another(record: Record | None, pair: Pair, side: Side, write: Write) -> bool:
    """Whether an update arrived at what its record had been merged into, which nobody had looked at before."""
    if write.state != WriteState.DONE or write.operation != "update" or record is None or not record.gone:
        return False
    return Merged.objects.filter(record_id=record_of(pair, side)).exists()


def _is_gone(write: Write) -> bool:
    """Whether what was sent may have met a record that is not there any more."""
    gone = any(problem["problem_type"] == GONE for problem in write.problems)
    return gone and write.operation == "update" and bool(write.sent)


def _refusal(write: Write) -> Event:
    passing = PASSING - LASTING_FOR_CREATES if write.operation == "create" else PASSING
    if any(problem["problem_type"] in passing for problem in write.problems):
        return Dropped()
    large = any(problem["problem_type"] == TOO_LARGE for problem in write.problems)
    named = {
        problem["source"]["pointer"].removeprefix("model/"): problem["detail"]
        for problem in write.problems
        if "source" in problem
    }
    return Rejected(write.error or "the provider refuses it", named, large=large)


def _record(pair: Pair, write: Write, one: Overruled) -> None:
    models_bridge.Overruled.objects.create(
        bridge_id=pair.bridge_id,
        pair_id=pair.id,
        record_id=record_of(pair, one.side),
        field=one.field,
        side=one.side.value,
        value=None if one.value is MISSING else one.value,
        by=one.by,
        rule=one.rule.value,
        write_id=write.id,
        at=clock.now(),
    )
