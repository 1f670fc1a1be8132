"""Carrying out an approved plan, item by item: each is written only if its pair still asks for it.

Items of a round are compared with what a look at the pair owes at that moment. Items that a person asked for (undo,
restore, replay) are compared with what the records say: they are written over no value that the plan did not show.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Final

from unified_api.engine import plan as machine
from unified_api.engine.events import Delete, Effect, Push
from unified_api.engine.merge import Rule
from unified_api.engine.pair import Move
from unified_api.engine.pair import Pair as Memory
from unified_api.engine.values import MISSING, Side, Values
from unified_api.sync.bridge import bringing_back, failing, plans, siblings, writing
from unified_api.sync.bridge.held import DROPPED, DROPPED_AS, FREE, SEARCH, UNSETTLED
from unified_api.sync.bridge.matching import is_lost_unsearched
from unified_api.sync.bridge.records import Frame, record_of, remember, remembered
from unified_api.sync.bridge.references import TOGETHER
from unified_api.sync.bridge.rounds import Turn, is_unmatched, let_rest, save, turns_of
from unified_api.sync.bridge.separating import in_turn
from unified_api.sync.bridge.stirring import awaken_parts_of
from unified_api.sync.memory.touched import is_touched
from unified_api.sync.models_bridge import Pair
from unified_api.sync.models_plan import Plan, PlanItem

MOVED: Final = "The records are not as the plan saw them; nothing was written."
UNTOLD: Final = "Nobody knows yet what became of an earlier write of the pair; a person has to tell first."
#: Items that one transaction journals writes for.
MOST: Final = 50

#: Plans that put values, by the rule under which they do.
_PUT: Final[Mapping[str, Rule]] = {Plan.Purpose.UNDO: Rule.UNDO, Plan.Purpose.REPLAY: Rule.REPLAY}

Outcome = tuple[Memory, Push | Delete | None]


def execute_some(frame: Frame, plan: Plan) -> int:
    """Journal writes for some items whose turn it is; how many items were dealt with.

    Within the transaction that is open. Creates whose counterpart has not been searched for yet wait for that.
    """
    items = {item.pair_id: item for item in plans.waiting(plan, siblings.behind(frame))}
    rows = Pair.objects.filter(id__in=items, bridge_id=frame.bridge.id)
    known = {pair.id: pair for pair in rows.order_by("id").select_for_update()}
    unsearchable = [pair for pair in known.values() if _is_unsearchable(pair)]
    pairs = [pair for pair in known.values() if pair not in unsearchable]
    creating = [pair for pair in pairs if items[pair.id].action == "create"]
    unsearched = [pair.id for pair in creating if pair.held == FREE and is_lost_unsearched(pair)]
    Pair.objects.filter(id__in=unsearched, write_id=None).update(held=SEARCH, dirty=True)
    searching = {*unsearched, *(pair.id for pair in creating if pair.held == SEARCH)}
    ready = [pair for pair in siblings.in_front(frame, pairs, searching) if pair.write_id is None]
    ready = in_turn(frame, ready)[:MOST]
    rested = [pair for pair in ready if pair.state not in TOGETHER]
    dealt = list(_execute_each(siblings.in_turn(turns_of(frame, ready)), plan, items))
    awaken_parts_of(frame.bridge, [pair for pair in rested if pair.state in TOGETHER])
    left = [_left_alone(items[i], MOVED) for i in items.keys() - known.keys()]
    left += [_left_alone(items[pair.id], UNTOLD) for pair in pairs if pair.held == UNSETTLED]
    left += [_left_alone(items[pair.id], pair.problems[0]["reason"]) for pair in unsearchable]
    plans.mark([*dealt, *left])
    save(pair for pair in ready if pair.write_id is not None or failing.rests(pair))
    return len(dealt) + len(left) + len(unsearched)


def _execute_each(
    turns: Iterable[Turn], plan: Plan, items: Mapping[uuid.UUID, PlanItem]
) -> Iterator[PlanItem]:
    """Items as they are dealt with, without those that come behind one that is left alone."""
    behind: set[uuid.UUID] = set()
    for turn in turns:
        if turn.pair.id in behind:
            continue
        item = _execute(turn, plan, items[turn.pair.id])
        if item.state == PlanItem.State.MOVED and not failing.rests(turn.pair):
            behind |= siblings.leave_behind(turn.frame, item, turn.pair, turn.look)
        yield item


def _execute(turn: Turn, plan: Plan, item: PlanItem) -> PlanItem:
    found = failing.alone(partial(_still_asked_for, turn, plan, item), pair=str(turn.pair.id))
    if isinstance(found, failing.Failed):
        return _failed(turn.pair, plan, item, found)
    memory, write = found
    if write is None:
        return _left_alone(item, MOVED)
    tries = {name: turn.pair.memory[name] for name in (DROPPED, DROPPED_AS) if name in turn.pair.memory}
    remember(turn.pair, memory)
    turn.pair.memory |= tries
    turn.pair.dirty, turn.pair.held = False, FREE
    turn.pair.write_id = writing.enter(turn.frame, turn.pair, write)
    item.state, item.write_id = PlanItem.State.SENT, turn.pair.write_id
    return item


def _still_asked_for(turn: Turn, plan: Plan, item: PlanItem) -> Outcome:
    """The write that an item shows; none where its pair does not ask for that, or may not have it written."""
    if (
        turn.pair.paused_by
        or turn.pair.held not in {FREE, SEARCH}
        or is_unmatched(turn)
        or _is_of_others(item, turn.pair)
    ):
        return remembered(turn.pair), None
    memory, write = _write(turn, plan, item)
    return memory, None if write is None or write.to in turn.frame.closed else write


def _failed(pair: Pair, plan: Plan, item: PlanItem, failed: failing.Failed) -> PlanItem:
    """The item is left alone. What a round owes rests; what a person asked for beside that says nothing of the pair."""
    if plan.purpose == Plan.Purpose.ROUND:
        let_rest(pair, failed)
    return _left_alone(item, failed.problem(pair).reason)


def _is_unsearchable(pair: Pair) -> bool:
    """Whether its counterpart cannot be searched for, as that failed: it is not made either."""
    return pair.held == SEARCH and failing.rests(pair)


def _is_of_others(item: PlanItem, pair: Pair) -> bool:
    """Whether the pair goes on with another record than the item shows, into which that was merged."""
    both = ((item.record_a, pair.record_a), (item.record_b, pair.record_b))
    return any(shown is not None and shown != now for shown, now in both)


def _write(turn: Turn, plan: Plan, item: PlanItem) -> Outcome:
    if item.action == "update" and plan.purpose in _PUT:
        return _put(turn, item, _PUT[plan.purpose])
    if item.action == "delete" and plan.purpose == Plan.Purpose.UNDO:
        return _parted(turn, item)
    if plan.purpose in {Plan.Purpose.UNDO, Plan.Purpose.RESTORE}:
        return _made_again(turn, item)
    memory, effects = turn.step()
    write = _first(effects)
    return memory, write if write is not None and plans.same(item, write) else None


def _first(effects: Sequence[Effect]) -> Push | Delete | None:
    return next((one for one in effects if isinstance(one, Push | Delete)), None)


def _put(turn: Turn, item: PlanItem, rule: Rule) -> Outcome:
    """Values that no look asks for, where the record still says what the plan saw; both bases then agree on them.

    The other side counts as standing where it was last agreed: what was edited there since has yet to travel.
    """
    memory, to = remembered(turn.pair), Side(str(item.side))
    held, source = _values(turn, to), {**_values(turn, to.other), **memory.base[to.other]}
    told = {name: one for name, one in item.fields["fields"].items() if name in turn.policy.fields}
    if not told or any(
        name not in held or not turn.policy.fields[name].same(held[name], one["was"])
        for name, one in told.items()
    ):
        return memory, None
    moves = tuple(
        Move(name, source.get(name), one["value"], held.get(name, MISSING), rule)
        for name, one in told.items()
    )
    proposed, effects = machine.propose(memory, to, moves)
    return proposed, _first(effects)


def _parted(turn: Turn, item: PlanItem) -> Outcome:
    """A record that was made and is not to be there; it must say all that the plan showed, and be left alone since."""
    memory, to = remembered(turn.pair), Side(str(item.side))
    record = record_of(turn.pair, to)
    if record is None or is_touched(record, turn.frame.bridge.id):
        return memory, None
    held, told = _values(turn, to), item.fields["fields"]
    fields = turn.policy.fields
    if held.keys() != told.keys() or any(
        name not in fields or not fields[name].same(held[name], one["was"]) for name, one in told.items()
    ):
        return memory, None
    parted, effects = machine.part(memory, to, held)
    return parted, _first(effects)


def _made_again(turn: Turn, item: PlanItem) -> Outcome:
    """A lost record, as the plan showed it."""
    made, effects = bringing_back.brought_back(turn, Side(str(item.side)))
    write = _first(effects)
    return made, write if write is not None and plans.same(item, write) else None


def _values(turn: Turn, side: Side) -> Values:
    record = turn.look.of(side)
    return {} if record is None or record.gone else record.values


def _left_alone(item: PlanItem, why: str) -> PlanItem:
    item.state, item.reason = PlanItem.State.MOVED, why
    return item
