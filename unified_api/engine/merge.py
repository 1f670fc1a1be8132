"""One field, three-way, each side against its own base.

    bases        a moved   b moved   outcome
    any          at least one        AGREED when the values mean the same: nothing travels
    both         no        no        QUIET, whatever the values are: a side that did not move has no news
    both         yes       no        TAKE a                  (MOVED)
    both         no        yes       TAKE b                  (MOVED)
    both         yes       yes       TAKE the one way there is (DIRECTION), else the winner (WINNER)
    one missing  the side without base counts as moved
    none         first contact: the one way there is (DIRECTION), the filled side (FILL), the winner (FIRST)

A side that re-spells what it is given therefore needs no special case: its spelling is its base. An edit on
the far end of a one-way field stays there until the near end moves; putting it back at once would fight for
ever with a remote that re-spells late. The edit is overruled, and said to be, when the near end does move.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from unified_api.engine.policy import Field, FirstContact
from unified_api.engine.values import MISSING, Both, Maybe, Side, Value, blank


class Rule(StrEnum):
    """Why a value travels."""

    MOVED = "moved"
    DIRECTION = "direction"
    WINNER = "winner"
    FILL = "fill"
    FIRST = "first contact"
    NEW = "new record"
    LOST = "lost answer"  # as MOVED, but whether the other side's edit was known to it nobody can tell


class Rest(StrEnum):
    """The outcomes in which nothing travels."""

    QUIET = "quiet"
    AGREED = "agreed"  # both bases become what is there now


@dataclass(frozen=True, slots=True)
class Barred:
    """The policy wants the value of `source` to travel, but the other side cannot write the field."""

    source: Side


@dataclass(frozen=True, slots=True)
class Take:
    """The value of `source` is to travel to the other side."""

    source: Side
    rule: Rule
    overrules: bool  # the target's own edit is lost by it


QUIET: Final = Rest.QUIET
AGREED: Final = Rest.AGREED
Decision: TypeAlias = Rest | Barred | Take


def merge(field: Field, now: Both[Maybe], base: Both[Maybe], writable: Both[bool]) -> Decision:
    """Decide about one field. `now` and `base` are in each side's own spelling."""
    if now.a is MISSING or now.b is MISSING:
        return QUIET
    held = Both[Value](now.a, now.b)
    moved = _moved(field, held, base)
    if not (moved.a or moved.b):
        return QUIET
    if field.agree(held):
        return AGREED
    routes = frozenset(side for side in Side if writable[side] and field.direction.reaches(side))
    return _settle(field, held, moved, routes, first=base == Both(MISSING, MISSING))


def _moved(field: Field, held: Both[Value], base: Both[Maybe]) -> Both[bool]:
    return Both(_differs(field, held.a, base.a), _differs(field, held.b, base.b))


def _differs(field: Field, held: Value, base: Maybe) -> bool:
    return base is MISSING or not field.same(held, base)


def _settle(
    field: Field, held: Both[Value], moved: Both[bool], routes: frozenset[Side], *, first: bool
) -> Decision:
    if moved.a != moved.b:
        return _one_moved(field, Side.A if moved.a else Side.B, routes)
    if not routes:
        return _barred(field, Side(field.winner))
    if first:
        return _first_contact(field, held, routes)
    source, rule = _prevailing(field, routes, Rule.WINNER)
    return Take(source, rule, overrules=True)


def _one_moved(field: Field, source: Side, routes: frozenset[Side]) -> Decision:
    if source.other in routes:
        return Take(source, Rule.MOVED, overrules=False)
    return Barred(source) if field.direction.reaches(source.other) else QUIET


def _barred(field: Field, winner: Side) -> Decision:
    sources = [side for side in (winner, winner.other) if field.direction.reaches(side.other)]
    return Barred(sources[0]) if sources else QUIET


def _first_contact(field: Field, held: Both[Value], routes: frozenset[Side]) -> Decision:
    if field.first is not FirstContact.WINNER and blank(held.a) != blank(held.b):
        source = Side.A if blank(held.b) else Side.B
        return Take(source, Rule.FILL, overrules=False) if source.other in routes else QUIET
    if field.first is FirstContact.KEEP:
        return AGREED
    source, rule = _prevailing(field, routes, Rule.FIRST)
    return Take(source, rule, overrules=not blank(held[source.other]))


def _prevailing(field: Field, routes: frozenset[Side], rule: Rule) -> tuple[Side, Rule]:
    if len(routes) == 1:
        (target,) = routes
        return target.other, Rule.DIRECTION
    return Side(field.winner), rule
