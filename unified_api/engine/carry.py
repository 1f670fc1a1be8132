"""Whether one value can be carried to the other side: its translation, and what was refused before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from unified_api.engine.events import Kind, Problem
from unified_api.engine.merge import Rule
from unified_api.engine.pair import Move, Refusal
from unified_api.engine.parts import has_parts, joined, part_field, split
from unified_api.engine.policy import UNMAPPED, Field, Policy
from unified_api.engine.values import MISSING, Both, Maybe, Side, Value, Values


def carry(
    one: Field,
    source: Maybe,
    to: Side,
    refused: Iterable[Refusal],
    rule: Rule = Rule.NEW,
    was: Maybe = MISSING,
) -> Move | Problem:
    """The move that brings a whole value to side `to`, which holds `was`, or why there is none."""
    value = _or_nothing(source)
    translated = one.translate(value, to, was)
    if translated is UNMAPPED:
        return _unmapped(one, value, to)
    return refusal_of(one, value, to, refused) or Move(one.name, value, translated, was, rule)


def refusal_of(one: Field, value: Maybe, to: Side, refused: Iterable[Refusal]) -> Problem | None:
    """The problem of a field that side `to` was asked to take, and did not."""
    for refusal in refused:
        if refusal.to is to and refusal.covers(one.name):
            kind = Kind.TOO_LARGE if refusal.large else Kind.REFUSED
            return Problem(kind, to.other, one.name, value, refusal.reason)
    return None


def carry_parts(one: Field, source: Mapping[str, Value], to: Side) -> tuple[list[Move], list[Problem]]:
    """The moves of parts, given in the source's spelling, and the problems of those without a translation."""
    moves, problems = [], []
    for name, value in source.items():
        translated = part_field(one).translate(value, to)
        if translated is UNMAPPED:
            problems.append(_unmapped(one, value, to))
        else:
            moves.append(Move(name, value, translated, MISSING, Rule.NEW))
    return moves, problems


def compose(one: Field, held: Both[Maybe], parts: Iterable[Move], to: Side, rule: Rule) -> Move:
    """One move out of those of its parts: what the target held, with these changed."""
    parts = tuple(parts)
    source = _or_nothing(held[to.other])
    value = joined(one, held[to], {move.field: move.value for move in parts}, to)
    overrules = any(move.overrules for move in parts)
    return Move(one.name, source, value, held[to], rule, overrules, parts)


def carry_whole(
    one: Field, source: Value, to: Side, refused: Iterable[Refusal]
) -> tuple[Move | None, list[Problem]]:
    """The move of a field into a record that does not exist yet; without its parts that cannot travel."""
    if not has_parts(one):
        carried = carry(one, source, to, refused)
        return (None, [carried]) if isinstance(carried, Problem) else (carried, [])
    if problem := refusal_of(one, source, to, refused):
        return None, [problem]
    moves, problems = carry_parts(one, split(one, source, to.other), to)
    held = Both[Maybe](MISSING, MISSING).having(to.other, source)
    return (compose(one, held, moves, to, Rule.NEW) if moves else None), problems


def standing(refused: tuple[Refusal, ...], now: Both[Values], policy: Policy) -> tuple[Refusal, ...]:
    """The refusals of values that still hold: none of them moved, and the value maps say the same as then."""
    return tuple(
        one for one in refused if one.moves and all(_stands(move, one.to, now, policy) for move in one.moves)
    )


def _or_nothing(value: Maybe) -> Value:
    return None if value is MISSING else value


def _unmapped(one: Field, value: Value, to: Side) -> Problem:
    if one.reference:
        return Problem(
            Kind.UNPAIRED,
            to.other,
            one.name,
            value,
            f"what it names has no counterpart on side {to}, or does not take part now",
        )
    lacking = ", ".join(map(repr, one.lacking(value, to))) if isinstance(value, list) else "it"
    return Problem(Kind.UNMAPPED, to.other, one.name, value, f"no word for {lacking} on side {to}")


def _stands(move: Move, to: Side, now: Both[Values], policy: Policy) -> bool:
    if move.rule is Rule.CONSTANT:
        return policy.constants[to].get(move.field, MISSING) == move.value
    one = policy.fields.get(move.field)
    if one is None:
        return False
    source, target = now[to.other].get(move.field, MISSING), now[to].get(move.field, MISSING)
    if source is MISSING or not one.same(source, move.source) or not _says_the_same(one, move, source, to):
        return False
    return move.was is MISSING or target is MISSING or one.same(target, move.was)


def _says_the_same(one: Field, move: Move, source: Value, to: Side) -> bool:
    if not has_parts(one):
        return one.translate(source, to, move.was) == move.value
    return all(part_field(one).translate(part.source, to) == part.value for part in move.parts)
