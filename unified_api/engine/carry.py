"""Whether one value can be carried to the other side: its translation, and what was refused before."""

from __future__ import annotations

from collections.abc import Iterable

from unified_api.engine.events import Kind, Problem
from unified_api.engine.merge import Rule
from unified_api.engine.pair import Move, Refusal
from unified_api.engine.policy import UNMAPPED, Field, Policy
from unified_api.engine.values import MISSING, Both, Maybe, Side, Values


def carry(one: Field, source: Maybe, to: Side, refused: Iterable[Refusal]) -> Move | Problem:
    """The move that brings a value to side `to`, or why there is none."""
    value = None if source is MISSING else source
    translated = one.translate(value, to)
    if translated is UNMAPPED:
        return Problem(Kind.UNMAPPED, to.other, one.name, value, f"no word for it on side {to}")
    for refusal in refused:
        if refusal.to is to and refusal.covers(one.name):
            return Problem(Kind.REFUSED, to.other, one.name, value, refusal.reason)
    return Move(one.name, value, translated, MISSING, Rule.NEW)


def standing(refused: tuple[Refusal, ...], now: Both[Values], policy: Policy) -> tuple[Refusal, ...]:
    """The refusals that still hold: no value of theirs moved, and the value maps say the same as then."""
    return tuple(one for one in refused if all(_stands(move, one.to, now, policy) for move in one.moves))


def _stands(move: Move, to: Side, now: Both[Values], policy: Policy) -> bool:
    one = policy.fields.get(move.field)
    if one is None:
        return False
    source, target = now[to.other].get(move.field, MISSING), now[to].get(move.field, MISSING)
    if source is MISSING or not one.same(source, move.source) or one.translate(source, to) != move.value:
        return False
    return move.was is MISSING or target is MISSING or one.same(target, move.was)
