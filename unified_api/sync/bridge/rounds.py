"""One look at each dirty pair. What it owes is journalled in the transaction that remembers it as sent."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from typing import Any, Final

from django.db import connection
from django.db.models import QuerySet

from tenants.models import LinkedAccount
from tenants.scope import current_tenant
from unified_api.engine.events import Create, Look, Problem, Push, Settled
from unified_api.engine.pair import State
from unified_api.engine.plan import plan
from unified_api.engine.values import MISSING, Side
from unified_api.sync import job, journal, values
from unified_api.sync.bridge.held import FREE, REVIEW, again, one_sided
from unified_api.sync.bridge.records import Frame, record_of, remember, remembered
from unified_api.sync.models_bridge import Pair

#: Pairs that one transaction looks at, and pairs of these that it sends something for.
AT_ONCE: Final = 500
MOST_PUSHES: Final = 50
SOURCE: Final = "bridge"
#: In a pair's memory: how many of its writes in a row changed nothing, for a reason that passes.
DROPPED: Final = "dropped"
_SAVE = """
    UPDATE sync_pair p SET
        state = seen.state, base_a = seen.base_a, base_b = seen.base_b, memory = seen.memory, dirty = seen.dirty,
        key = seen.key, write_id = seen.write_id, problems = seen.problems
    FROM json_to_recordset(%s::json) AS seen (
        id uuid, state text, base_a jsonb, base_b jsonb, memory jsonb, dirty boolean, key text, write_id uuid,
        problems jsonb
    )
    WHERE p.tenant_id = %s AND p.id = seen.id
"""
_SAVED: Final = ("id", "state", "base_a", "base_b", "memory", "dirty", "key", "write_id", "problems")


def look_at_some(frame: Frame) -> int:
    """Look at dirty pairs without a write in flight, and journal what they owe; how many there were.

    Within the transaction that is open. Pairs of two come first: an edit does not wait behind what is new.
    """
    free = Pair.objects.filter(bridge_id=frame.bridge.id, dirty=True, held=FREE, write_id=None)
    pairs = _some(free.exclude(one_sided())) or _some(free)
    looks = frame.looks(pairs)
    seen, pushes = [], 0
    for pair in pairs:
        if _consider(frame, pair, looks[pair.id]):
            seen.append(pair)
        pushes += pair.write_id is not None
        if pushes == MOST_PUSHES:
            break
    _save(seen)
    return len(pairs)


def _some(free: QuerySet[Pair]) -> list[Pair]:
    return list(free.order_by("id").select_for_update(skip_locked=True)[:AT_ONCE])


def _save(pairs: Iterable[Pair]) -> None:
    rows = [{name: getattr(pair, name) for name in _SAVED} for pair in pairs]
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(_SAVE, [json.dumps(rows, default=str), current_tenant()])


def _consider(frame: Frame, pair: Pair, look: Look) -> bool:
    """Take a look into account, and journal what is owed; False for a pair that is to be matched anew."""
    if _is_unmatched(frame, pair, look):
        again(Pair.objects.filter(id=pair.id))
        return False
    dropped = pair.memory.get(DROPPED, 0)
    memory, effects = plan(remembered(pair), look, policy=frame.policy, access=frame.access)
    remember(pair, memory)
    pair.problems = [shown(one) for one in effects if isinstance(one, Problem)]
    pair.dirty = not any(isinstance(one, Settled | Push) for one in effects)
    _rekey(frame, pair, look)
    for push in (one for one in effects if isinstance(one, Push)):
        pair.memory |= {DROPPED: dropped} if dropped else {}
        pair.write_id = _journal(frame, pair, push, delay=_pause(dropped))
    return True


def _is_unmatched(frame: Frame, pair: Pair, look: Look) -> bool:
    """Whether a lone record has another key by now than the one that it was matched by."""
    side = Side.A if pair.record_a else Side.B
    is_lone = pair.state == State.ALONE and not (pair.record_a and pair.record_b)
    return is_lone and frame.key(look.of(side), side) != pair.key


def _rekey(frame: Frame, pair: Pair, look: Look) -> None:
    """Keep the key that the records have now; lone records that met the old one, or meet the new, are free again.

    A pair of which nothing is left gives its key up: what comes now with that key is another matter.
    """
    key = frame.key(look.a, Side.A) or frame.key(look.b, Side.B)
    if key is None and any(record is not None and not record.gone for record in (look.a, look.b)):
        key = pair.key
    if key != pair.key:
        again(Pair.objects.filter(bridge_id=pair.bridge_id, held=REVIEW, key__in=[pair.key, key]))
    pair.key = key


def _pause(dropped: int) -> float:
    """Seconds to wait after writes in a row that changed nothing: none after the first, then ever longer."""
    return job.backoff(dropped) if dropped > 1 else 0.0


def _journal(frame: Frame, pair: Pair, push: Push, *, delay: float) -> uuid.UUID:
    account = frame.accounts[push.to]
    assert account is not None  # noqa: S101 - rounds run only between living accounts
    return journal.enter(_intent(frame, pair, push, account), delay=delay).id


def _intent(frame: Frame, pair: Pair, push: Push, account: LinkedAccount) -> journal.Intent:
    create = isinstance(push, Create)
    seen = {move.field: move.was for move in push.moves if move.was is not MISSING}
    return journal.Intent(
        account=account,
        model=frame.model,
        operation="create" if create else "update",
        wanted=values.from_json(frame.model, push.fields),
        record_id=None if create else record_of(pair, push.to),
        expected=None if create else values.from_json(frame.model, seen),
        source=SOURCE,
        actor=f"bridge {frame.bridge.id}",
        bridge_id=frame.bridge.id,
        pair_id=pair.id,
        reasons={move.field: {"rule": move.rule.value, "source": move.source} for move in push.moves},
    )


def shown(problem: Problem) -> dict[str, Any]:
    """A problem as it is stored and shown."""
    value = None if problem.value is MISSING else problem.value
    return {
        "kind": problem.kind.value,
        "side": problem.side.value,
        "field": problem.field,
        "value": value,
        "reason": problem.reason,
    }
