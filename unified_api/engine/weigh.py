"""All fields of two present records: what each side owes the other, and what cannot be paid.

`weigh` shows both directions at once, so a dry run is this function and nothing else; `plan` sends one of
them. Fields are independent: one that cannot travel holds up no other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from unified_api.engine.carry import carry, standing
from unified_api.engine.events import Kind, Problem
from unified_api.engine.merge import AGREED, Barred, Rule, Take, merge
from unified_api.engine.pair import Move, Pair, Refusal
from unified_api.engine.policy import Field, Policy
from unified_api.engine.values import MISSING, Both, Maybe, Side, Value, Values


@dataclass(frozen=True, slots=True)
class Access:
    """What one side's account can write: names of fields, and whether it creates records at all."""

    update: frozenset[str] = frozenset()
    create: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()
    creates: bool = False


@dataclass(frozen=True, slots=True)
class Terms:
    """What is given: the bridge's policy, and what either side can write."""

    policy: Policy
    access: Both[Access]


@dataclass(frozen=True, slots=True)
class Weighed:
    """The pair with the bases of agreed fields, the moves that each side is owed, and the problems."""

    pair: Pair
    owed: Both[tuple[Move, ...]]
    problems: tuple[Problem, ...]


@dataclass(slots=True)
class _Tally:
    """Collects while the fields are gone through."""

    base: Both[dict[str, Value]] = field(default_factory=lambda: Both[dict[str, Value]]({}, {}))
    owed: Both[list[Move]] = field(default_factory=lambda: Both[list[Move]]([], []))
    problems: list[Problem] = field(default_factory=list)
    presumed: list[str] = field(default_factory=list)


def weigh(pair: Pair, now: Both[Values], terms: Terms) -> Weighed:
    """Compare two present records, field by field."""
    pair = replace(pair, refused=standing(pair.refused, now, terms.policy))
    tally = _Tally()
    for one in terms.policy.fields.values():
        _weigh_field(one, pair, now, terms, tally)
    base = Both[Values]({**pair.base.a, **tally.base.a}, {**pair.base.b, **tally.base.b})
    owed = Both(tuple(tally.owed.a), tuple(tally.owed.b))
    return Weighed(replace(pair, base=base, presumed=tuple(tally.presumed)), owed, tuple(tally.problems))


def _weigh_field(one: Field, pair: Pair, now: Both[Values], terms: Terms, tally: _Tally) -> None:
    held = Both(now.a.get(one.name, MISSING), now.b.get(one.name, MISSING))
    writable = Both(one.name in terms.access.a.update, one.name in terms.access.b.update)
    decision = merge(one, held, pair.agreed(one.name), writable)
    if decision is AGREED:
        for side in Side:
            tally.base[side][one.name] = now[side][one.name]
    elif isinstance(decision, Barred):
        source = decision.source
        tally.problems.append(Problem(Kind.READ_ONLY, source, one.name, held[source]))
    elif isinstance(decision, Take):
        if one.name in pair.presumed:
            decision = _unsure(decision)
            tally.presumed.append(one.name)
        _take(one, held, decision, pair.refused, tally)


def _unsure(take: Take) -> Take:
    return replace(take, rule=Rule.LOST, overrules=True) if take.rule is Rule.MOVED else take


def _take(one: Field, held: Both[Maybe], take: Take, refused: Iterable[Refusal], tally: _Tally) -> None:
    target = take.source.other
    carried = carry(one, held[take.source], target, refused)
    if isinstance(carried, Problem):
        tally.problems.append(carried)
    else:
        move = replace(carried, was=held[target], rule=take.rule, overrules=take.overrules)
        tally.owed[target].append(move)
