"""One look at each dirty pair. What it owes is journalled in the transaction that remembers it as sent."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from django.db import connection
from django.db.models import QuerySet

from tenants.scope import current_tenant
from unified_api.engine.events import (
    Contest,
    Create,
    Delete,
    Effect,
    Kind,
    Look,
    Problem,
    Push,
    Settled,
    Withheld,
)
from unified_api.engine.pair import Pair as Memory
from unified_api.engine.pair import State
from unified_api.engine.plan import plan
from unified_api.engine.policy import Policy
from unified_api.engine.values import Side
from unified_api.sync import job
from unified_api.sync.bridge import budget, conflicts, failing, sharing, siblings, stirring, writing
from unified_api.sync.bridge.held import (
    CLOSED,
    DROPPED,
    DROPPED_AS,
    FREE,
    NEW,
    REVIEW,
    SEARCH,
    again,
    one_sided,
)
from unified_api.sync.bridge.matching import is_lost_unsearched
from unified_api.sync.bridge.records import Frame, remember, remembered
from unified_api.sync.bridge.references import TOGETHER
from unified_api.sync.bridge.separating import in_turn
from unified_api.sync.models_bridge import Conflict, Pair

#: Pairs that one transaction looks at, and pairs of these that it sends something for.
AT_ONCE: Final = 500
MOST_PUSHES: Final = 50
_SAVE = """
    UPDATE sync_pair p SET
        state = seen.state, base_a = seen.base_a, base_b = seen.base_b, memory = seen.memory, dirty = seen.dirty,
        key = seen.key, write_id = seen.write_id, problems = seen.problems, held = seen.held, awaits = seen.awaits
    FROM json_to_recordset(%s::json) AS seen (
        id uuid, state text, base_a jsonb, base_b jsonb, memory jsonb, dirty boolean, key text, write_id uuid,
        problems jsonb, held text, awaits boolean
    )
    WHERE p.tenant_id = %s AND p.id = seen.id
"""
_COLUMNS = ("state", "base_a", "base_b", "memory", "dirty", "key", "write_id", "problems", "held", "awaits")
_SAVED: Final = ("id", *_COLUMNS)


@dataclass(frozen=True)
class Turn:
    """One pair that is looked at: how it looks, in which words, and which of its conflicts are open.

    astray: it takes no part, as what its record belongs to takes none. contested: fields of which it finds out that
    both sides moved them.
    """

    frame: Frame
    pair: Pair
    look: Look
    policy: Policy
    known: Sequence[Conflict] = ()
    astray: bool = False
    contested: list[str] = field(default_factory=list)

    def step(self) -> tuple[Memory, tuple[Effect, ...]]:
        """What the engine says, of which the pair knows nothing yet."""
        access, closed = self.frame.access, self.frame.closed
        return plan(remembered(self.pair), self.look, policy=self.policy, access=access, closed=closed)


def look_at_some(frame: Frame) -> int:
    """Look at dirty pairs without a write in flight, and journal what they owe; how many there were.

    Within the transaction that is open. Pairs of two come first: an edit does not wait behind what is new.
    Raises OverBudget before anything of the kind that is over leaves.
    """
    rows = free(frame)
    pairs = siblings.ready(frame, _some(rows.exclude(one_sided()))) or siblings.ready(frame, _some(rows))
    looked, pushes, moved, contested = [], 0, [], False
    for turn in siblings.in_turn(turns_of(frame, in_turn(frame, pairs))):
        together = turn.pair.state in TOGETHER
        if not consider(turn):
            continue
        looked.append(turn.pair)
        if together is not (turn.pair.state in TOGETHER):
            moved.append(turn.pair)
        contested |= bool(turn.contested)
        pushes += turn.pair.write_id is not None
        if pushes == MOST_PUSHES:
            break
    save(looked)
    stirring.awaken_parts_of(frame.bridge, moved)
    if contested:
        conflicts.tell(frame.bridge)
    budget.keep(frame)
    return len(pairs)


def free(frame: Frame) -> QuerySet[Pair]:
    """The pairs of a bridge that may be looked at now."""
    rows = Pair.objects.filter(
        bridge_id=frame.bridge.id, dirty=True, held=FREE, write_id=None, paused_by=None
    )
    return rows.exclude(siblings.behind(frame))


def turns_of(frame: Frame, pairs: Sequence[Pair]) -> Iterable[Turn]:
    """The turns of some pairs, their records read at once."""
    seen, known = frame.seen(pairs), conflicts.open_ones(pairs) if pairs else {}
    for pair in pairs:
        astray = pair.id in seen.astray
        yield Turn(frame, pair, seen.looks[pair.id], seen.policy, known.get(pair.id, ()), astray)


def _some(rows: QuerySet[Pair]) -> list[Pair]:
    return list(rows.order_by("id").select_for_update(skip_locked=True)[:AT_ONCE])


def save(pairs: Iterable[Pair]) -> None:
    """Store what was learnt about pairs in one statement."""
    rows = [{name: getattr(pair, name) for name in _SAVED} for pair in pairs]
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(_SAVE, [json.dumps(rows, default=str), current_tenant()])


def consider(turn: Turn) -> bool:
    """Take a look into account, and journal what is owed; False for a pair that is to be matched anew."""
    pair = turn.pair
    decided = failing.alone(partial(_decide, turn), pair=str(pair.id))
    if isinstance(decided, failing.Failed):
        let_rest(pair, decided)
        return True
    if decided is None:
        again(Pair.objects.filter(id=pair.id))
        pair.held = NEW
        return False
    dropped, kind = pair.memory.get(DROPPED, 0), pair.memory.get(DROPPED_AS)
    memory, effects, key = decided
    if is_lost_unsearched(pair) and any(isinstance(one, Create) for one in effects):
        pair.held = SEARCH
        return True
    remember(pair, memory)
    _note(turn, effects, key)
    for write in (one for one in effects if isinstance(one, Push | Delete)):
        if kind != writing.operation(write):  # else it has been counted, and nothing came of it
            budget.spend(turn.frame, write)
        pair.memory |= {DROPPED: dropped} if dropped else {}
        pair.write_id = writing.enter(turn.frame, pair, write, delay=_pause(dropped))
    return True


def let_rest(pair: Pair, failed: failing.Failed) -> None:
    """Say at a pair that it could not be dealt with, and look at it no more until its record changes."""
    pair.problems, pair.dirty = [writing.shown(failed.problem(pair))], False


def _decide(turn: Turn) -> tuple[Memory, tuple[Effect, ...], str | None] | None:
    """What the engine says of a pair, and the key that it has now; None for one that is to be matched anew."""
    if is_unmatched(turn):
        return None
    frame, look = turn.frame, turn.look
    key = frame.key(look.a, Side.A, turn.policy) or frame.key(look.b, Side.B, turn.policy)
    return *turn.step(), key


def _note(turn: Turn, effects: Sequence[Effect], key: str | None) -> None:
    """What a look says of the pair beside what it owes."""
    pair = turn.pair
    problems = [*(one for one in effects if isinstance(one, Problem)), *_unmapped(turn.frame)]
    pair.problems = [writing.shown(one) for one in problems]
    pair.awaits = turn.astray or any(one.kind is Kind.UNPAIRED for one in problems)
    over = (Settled, Push, Delete, Withheld)
    pair.dirty = not any(isinstance(one, over) for one in effects)
    if any(isinstance(one, Withheld) for one in effects):
        pair.held = CLOSED
    contests = [one for one in effects if isinstance(one, Contest)]
    if contests or turn.known:
        turn.contested.extend(conflicts.note(turn.frame, pair, contests, turn.known))
    _rekey(turn, key)


def _unmapped(frame: Frame) -> Iterator[Problem]:
    """Custom fields that cannot travel, as the side where they are to go does not map them any more."""
    for side in Side:
        for name in sorted(frame.unmapped[side]):
            reason = f"side {side} does not map it any more; map it again, or leave it out of the bridge"
            yield Problem(Kind.UNMAPPED, side.other, name, reason=reason)


def is_unmatched(turn: Turn) -> bool:
    """Whether a lone record has another key by now than the one that it was matched by."""
    pair, side = turn.pair, Side.A if turn.pair.record_a else Side.B
    is_lone = pair.state == State.ALONE and not (pair.record_a and pair.record_b)
    return is_lone and turn.frame.key(turn.look.of(side), side, turn.policy) != pair.key


def _rekey(turn: Turn, key: str | None) -> None:
    """Keep the key that the records have now; lone records that met the old one, or meet the new, are free again.

    A pair of which nothing is left gives its key up: what comes now with that key is another matter.
    """
    pair, look, frame = turn.pair, turn.look, turn.frame
    if key is None and any(record is not None and not record.gone for record in (look.a, look.b)):
        key = pair.key
    if key != pair.key:
        again(sharing.pairs(frame, [pair.key, key]).filter(held=REVIEW))
        sharing.note(frame, {pair.id: [key]})
    pair.key = key


def _pause(dropped: int) -> float:
    """Seconds to wait after writes in a row that changed nothing: none after the first, then ever longer."""
    return job.backoff(dropped) if dropped > 1 else 0.0
