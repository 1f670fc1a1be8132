"""One look at each dirty pair. What it owes is journalled in the transaction that remembers it as sent."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any, Final

from tenants.models import LinkedAccount
from unified_api.engine.events import Create, Effect, Look, Problem, Push, Settled
from unified_api.engine.pair import State
from unified_api.engine.plan import plan
from unified_api.engine.values import MISSING, Side
from unified_api.sync import journal, values
from unified_api.sync.bridge.intake import FREE, REVIEW, again
from unified_api.sync.bridge.records import Frame, record_of, remember, remembered
from unified_api.sync.models_bridge import Pair

#: Pairs that one transaction looks at.
AT_ONCE: Final = 50
SOURCE: Final = "bridge"


def look_at_some(frame: Frame) -> int:
    """Look at dirty pairs, within the transaction that is open; how many there were."""
    return len(list(considered(frame, act=True)))


def considered(frame: Frame, *, act: bool, most: int = AT_ONCE) -> Iterable[tuple[Pair, tuple[Effect, ...]]]:
    """Look at dirty pairs without a write in flight, and note what came of it. act: journal what is owed."""
    dirty = Pair.objects.filter(bridge_id=frame.bridge.id, dirty=True, held=FREE, write_id=None)
    pairs = list(dirty.order_by("id").select_for_update(skip_locked=True)[:most])
    looks = frame.looks(pairs)
    for pair in pairs:
        yield pair, _consider(frame, pair, looks[pair.id], act=act)


def _consider(frame: Frame, pair: Pair, look: Look, *, act: bool) -> tuple[Effect, ...]:
    if _is_unmatched(frame, pair, look):
        again(Pair.objects.filter(id=pair.id))
        return ()
    memory, effects = plan(remembered(pair), look, policy=frame.policy, access=frame.access)
    remember(pair, memory)
    pair.problems = [shown(one) for one in effects if isinstance(one, Problem)]
    pair.dirty = not any(isinstance(one, Settled | Push) for one in effects)
    _rekey(frame, pair, look)
    for push in (one for one in effects if isinstance(one, Push) and act):
        pair.write_id = _journal(frame, pair, push)
    pair.save()
    return effects


def _is_unmatched(frame: Frame, pair: Pair, look: Look) -> bool:
    """Whether a lone record has another key by now than the one that it was matched by."""
    side = Side.A if pair.record_a else Side.B
    is_lone = pair.state == State.ALONE and not (pair.record_a and pair.record_b)
    return is_lone and frame.key(look.of(side), side) != pair.key


def _rekey(frame: Frame, pair: Pair, look: Look) -> None:
    """Keep the key that the records have now; lone records that met the old one, or meet the new, are free again."""
    key = frame.key(look.a, Side.A) or frame.key(look.b, Side.B) or pair.key
    if key != pair.key:
        again(Pair.objects.filter(bridge_id=pair.bridge_id, held=REVIEW, key__in=[pair.key, key]))
    pair.key = key


def _journal(frame: Frame, pair: Pair, push: Push) -> uuid.UUID:
    account = frame.accounts[push.to]
    assert account is not None  # noqa: S101 - rounds run only between living accounts
    return journal.enter(_intent(frame, pair, push, account)).id


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
