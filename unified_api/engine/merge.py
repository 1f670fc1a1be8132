"""One value, three-way, each side against its own base.

    bases        a moved   b moved   outcome
    any          at least one        AGREED when the values mean the same: nothing travels
    both         no        no        QUIET, whatever the values are: a side that did not move has no news
    both         yes       no        TAKE a                  (MOVED)
    both         no        yes       TAKE b                  (MOVED)
    both         yes       yes       TAKE the one way there is (DIRECTION), else the winner (WINNER, NEWEST)
                                     ASK where the winner is a person
    one missing  the side without base counts as moved
    none         first contact: the one way there is (DIRECTION), the filled side (FILL), the winner (FIRST), ASK

What a person ruled about these very values goes before the winner (RULED). A field that never blanks keeps what it
would lose to nothing; a field that only fills leaves alone what is filled.

A side that re-spells what it is given therefore needs no special case: its spelling is its base. An edit on
the far end of a one-way field stays there until the near end moves; putting it back at once would fight for
ever with a remote that re-spells late. The edit is overruled, and said to be, when the near end does move.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from unified_api.engine.normal import blank
from unified_api.engine.policy import Field, FirstContact, Winner
from unified_api.engine.values import MISSING, Both, Maybe, Side, Value


class Rule(StrEnum):
    """Why a value travels."""

    MOVED = "moved"
    DIRECTION = "direction"
    WINNER = "winner"
    NEWEST = "newest"
    RULED = "ruled"  # a person said
    FILL = "fill"
    FIRST = "first contact"
    NEW = "new record"
    CONSTANT = "constant"
    # As MOVED, but whether the other side's edit was ever seen there nobody can tell: of its write
    LOST = "lost answer"  # the answer was lost
    OTHERWISE = "answered otherwise"  # the answer showed neither it nor what it was to replace
    UNDO = "undo"
    REPLAY = "replay"  # what another policy would have ended with


class Rest(StrEnum):
    """The outcomes in which nothing travels."""

    QUIET = "quiet"
    AGREED = "agreed"  # both bases become what is there now
    ASK = "ask"  # a person has to say; the bases stay


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
ASK: Final = Rest.ASK
Decision: TypeAlias = Rest | Barred | Take


@dataclass(frozen=True, slots=True)
class Given:
    """What is known beside the values: whose edit is later, and what a person ruled; None where nobody knows."""

    newer: Side | None = None
    ruled: Side | None = None


NOTHING: Final = Given()


@dataclass(frozen=True, slots=True)
class _Case:
    """One field as it stands."""

    field: Field
    held: Both[Value]
    moved: Both[bool]
    routes: frozenset[Side]
    given: Given


def merge(
    field: Field, now: Both[Maybe], base: Both[Maybe], writable: Both[bool], given: Given = NOTHING
) -> Decision:
    """Decide about one field. `now` and `base` are in each side's own spelling."""
    if now.a is MISSING or now.b is MISSING:
        return QUIET
    held = Both[Value](now.a, now.b)
    moved = news(field, held, base)
    if not (moved.a or moved.b):
        return QUIET
    if field.agree(held):
        return AGREED
    routes = frozenset(side for side in Side if writable[side] and field.direction.reaches(side))
    case = _Case(field, held, moved, routes, given)
    return _sparing(case, _settle(case, first=base == Both(MISSING, MISSING)))


def news(field: Field, held: Both[Value], base: Both[Maybe]) -> Both[bool]:
    """Which sides do not say what was agreed."""
    return Both(_differs(field, held.a, base.a), _differs(field, held.b, base.b))


def _differs(field: Field, held: Value, base: Maybe) -> bool:
    return base is MISSING or not field.same(held, base)


def _settle(case: _Case, *, first: bool) -> Decision:
    if case.moved.a != case.moved.b:
        return _one_moved(case, Side.A if case.moved.a else Side.B)
    if not case.routes:
        return _barred(case.field)
    return _first_contact(case) if first else _prevailing(case, Rule.WINNER, overrules=True)


def _one_moved(case: _Case, source: Side) -> Decision:
    return _alone(case, source, Rule.MOVED)


def _alone(case: _Case, source: Side, rule: Rule) -> Decision:
    """Only one side has something to say."""
    if source.other in case.routes:
        return Take(source, rule, overrules=False)
    return Barred(source) if case.field.direction.reaches(source.other) else QUIET


def _barred(field: Field) -> Decision:
    winner = Side(field.winner) if field.winner in {Winner.A, Winner.B} else field.otherwise
    sources = [side for side in (winner, winner.other) if field.direction.reaches(side.other)]
    return Barred(sources[0]) if sources else QUIET


def _first_contact(case: _Case) -> Decision:
    held, first = case.held, case.field.first
    if first is not FirstContact.WINNER and blank(held.a) != blank(held.b):
        return _alone(case, Side.A if blank(held.b) else Side.B, Rule.FILL)
    if first is FirstContact.KEEP:
        return AGREED
    return _prevailing(case, Rule.FIRST, overrules=None)


def _prevailing(case: _Case, rule: Rule, *, overrules: bool | None) -> Decision:
    """Who prevails where both moved; overrules: None where only what says something can be overruled."""
    decided = _winner(case, rule)
    if decided is None:
        return ASK
    source, rule = decided
    loses = not blank(case.held[source.other]) if overrules is None else overrules
    return Take(source, rule, overrules=loses)


def _winner(case: _Case, rule: Rule) -> tuple[Side, Rule] | None:
    ruled, winner = case.given.ruled, case.field.winner
    if ruled is not None and ruled.other in case.routes:
        return ruled, Rule.RULED
    if len(case.routes) == 1:
        (target,) = case.routes
        return target.other, Rule.DIRECTION
    if winner is Winner.ASK:
        return None
    if winner is Winner.NEWEST:
        return (case.given.newer, Rule.NEWEST) if case.given.newer else (case.field.otherwise, rule)
    return Side(winner), rule


def _sparing(case: _Case, decision: Decision) -> Decision:
    """Keep what a field of this kind never gives up: to a blank, or at all, so that nothing is barred either."""
    if isinstance(decision, Barred):
        kept = case.field.fills and not blank(case.held[decision.source.other])
        return QUIET if kept else decision
    if not isinstance(decision, Take) or decision.rule is Rule.RULED:
        return decision
    target = decision.source.other
    if blank(case.held[target]):
        return decision
    if blank(case.held[decision.source]) and not case.field.blanks:
        filled = case.moved[target] and decision.source in case.routes
        return Take(target, Rule.FILL, overrules=False) if filled else QUIET
    return QUIET if case.field.fills else decision
