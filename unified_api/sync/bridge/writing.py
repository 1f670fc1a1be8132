"""From what the engine wants written to a journalled write, and from a write to what people are shown of it."""

from __future__ import annotations

import uuid
from typing import Any

from django.conf import settings

from unified_api.engine.events import Create, Delete, Problem, Push
from unified_api.engine.values import MISSING, Maybe, Side, Value
from unified_api.sync import clock, job, journal, values
from unified_api.sync.bridge.records import Frame, record_of
from unified_api.sync.models import Throttle
from unified_api.sync.models_bridge import Pair

SOURCE = "bridge"


def enter(frame: Frame, pair: Pair, write: Push | Delete, *, delay: float = 0.0) -> uuid.UUID:
    """Journal what a pair owes, within the transaction that remembers it as sent; the id of the write."""
    return journal.enter(intent(frame, pair, write), delay=delay).id


def intent(frame: Frame, pair: Pair, write: Push | Delete) -> journal.Intent:
    """The journal's form of it. A create that restores names the record that was lost."""
    account = frame.accounts[write.to]
    assert account is not None  # noqa: S101 - rounds run only between living accounts
    restores = isinstance(write, Create) and write.restores
    expected = _expected(write)
    return journal.Intent(
        account=account,
        model=frame.model,
        operation=operation(write),
        wanted={} if isinstance(write, Delete) else values.from_json(frame.model, write.fields),
        record_id=record_of(pair, write.to) if restores or not isinstance(write, Create) else None,
        expected=None if expected is None else values.from_json(frame.model, expected),
        source=SOURCE,
        actor=f"bridge {frame.bridge.id}",
        bridge_id=frame.bridge.id,
        pair_id=pair.id,
        bridge_version=frame.bridge.version,
        reasons=_reasons(write),
        behind=frame.bridge.priority - job.USUAL,
    )


def operation(write: Push | Delete) -> str:
    """create, update or delete."""
    if isinstance(write, Delete):
        return "delete"
    return "create" if isinstance(write, Create) else "update"


def _expected(write: Push | Delete) -> dict[str, Value] | None:
    """What the record must still say, else nothing is sent."""
    if isinstance(write, Create):
        return None
    if isinstance(write, Delete):
        return dict(write.expected)
    return {move.field: move.was for move in write.moves if move.was is not MISSING}


def _reasons(write: Push | Delete) -> dict[str, Any]:
    """By which rule each field travels, and what its source held."""
    moves = () if isinstance(write, Delete) else write.moves
    return {move.field: {"rule": move.rule.value, "source": move.source} for move in moves}


def told(write: Push | Delete) -> dict[str, Any]:
    """A write as it is shown: action, side, and by field what was, what comes and by which rule."""
    if isinstance(write, Delete):
        changes = {name: _change(was, None, "deletes") for name, was in write.expected.items()}
    else:
        changes = {
            one.field: _change(one.was, one.value, one.rule.value, overrules=one.overrules)
            for one in write.moves
        }
    return {"action": operation(write), "side": write.to.value, "fields": changes}


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


def _change(was: Maybe, value: Value, rule: str, *, overrules: bool = False) -> dict[str, Any]:
    return {"was": None if was is MISSING else was, "value": value, "rule": rule, "overrules": overrules}


def quota(frame: Frame, side: Side) -> dict[str, Any]:
    """How many calls a second this installation gives a side, and what its provider said, as far as that still holds.

    remaining: how many it takes until `resets_at`. blocked_until: before then it takes none.
    """
    told = Throttle.objects.filter(holder_id=frame.account_id(side)).first() or Throttle()
    reset = told.resets_at if told.resets_at and told.resets_at > clock.now() else None
    return {
        "per_second": settings.PROVIDER_REQUESTS_PER_SECOND,
        "remaining": told.remaining if reset else None,
        "resets_at": reset.isoformat() if reset else None,
        "blocked_until": told.blocked_until.isoformat() if told.blocked_until else None,
    }
