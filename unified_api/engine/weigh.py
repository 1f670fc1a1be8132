"""All fields of two present records: what each side owes the other, and what cannot be paid.

`weigh` shows both directions at once, so a dry run is this function and nothing else; `plan` sends one of
them. Fields are independent: one that cannot travel holds up no other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from unified_api.engine.carry import carry, carry_parts, compose, refusal_of, standing
from unified_api.engine.events import Contest, Kind, Problem, Record
from unified_api.engine.merge import AGREED, ASK, QUIET, Barred, Decision, Given, Rule, Take, merge, news
from unified_api.engine.normal import blank
from unified_api.engine.pair import Move, Pair, Refusal, Ruling, place
from unified_api.engine.parts import Opened, has_parts, joined, names, part_field
from unified_api.engine.policy import Field, Policy, Shape, Winner
from unified_api.engine.values import MISSING, Both, Maybe, Side, Value, Values


@dataclass(frozen=True, slots=True)
class Access:
    """What one side's account can write: names of fields, and whether it creates and deletes records at all.

    parents: references to what a record belongs to; none is made here before that has a counterpart here.
    """

    update: frozenset[str] = frozenset()
    create: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()
    creates: bool = False
    deletes: bool = False
    parents: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Terms:
    """What is given: the bridge's policy, what either side can write, and the sides that are closed for now."""

    policy: Policy
    access: Both[Access]
    closed: frozenset[Side] = frozenset()


@dataclass(frozen=True, slots=True)
class Weighed:
    """The pair with the bases of agreed fields, the moves that each side is owed, problems and contests."""

    pair: Pair
    owed: Both[tuple[Move, ...]]
    problems: tuple[Problem, ...]
    contests: tuple[Contest, ...] = ()


@dataclass(slots=True)
class _Tally:
    """Collects while the fields are gone through."""

    refused: tuple[Refusal, ...]
    base: Both[dict[str, Value]] = field(default_factory=lambda: Both[dict[str, Value]]({}, {}))
    owed: Both[list[Move]] = field(default_factory=lambda: Both[list[Move]]([], []))
    problems: list[Problem] = field(default_factory=list)
    contests: list[Contest] = field(default_factory=list)
    presumed: dict[str, Rule] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Scale:
    """One field on the scale."""

    one: Field
    held: Both[Maybe]
    base: Both[Maybe]
    writable: Both[bool]
    given: Given
    place: str
    presumed: Mapping[str, Rule]

    @property
    def doubt(self) -> Rule | None:
        """Why nobody knows that what was agreed was ever seen at the target, if nobody does."""
        return self.presumed.get(self.place) or self.presumed.get(self.one.name)

    @property
    def doubts(self) -> dict[str, Rule]:
        """The same of a field with parts: by place."""
        name, within = self.one.name, place(self.one.name, "")
        return {one: rule for one, rule in self.presumed.items() if one == name or one.startswith(within)}

    def decide(self) -> Decision:
        """About a field of one value."""
        decision = merge(self.one, self.held, self.base, self.writable, self.given)
        return _unsure(decision, self.doubt) if self.doubt else decision

    def is_open(self, decision: Decision) -> bool:
        """Whether a doubt outlasts this look: it ends where the sides agree, or both say what was agreed."""
        a, b = self.held.a, self.held.b
        if a is MISSING or b is MISSING:
            return True
        moved = news(self.one, Both[Value](a, b), self.base)
        return decision is not AGREED and (moved.a or moved.b)


def weigh(pair: Pair, now: Both[Record], terms: Terms) -> Weighed:
    """Compare two present records, field by field."""
    values = Both[Values](now.a.values, now.b.values)
    rulings = tuple(one for one in pair.rulings if _is_about(one, values, terms.policy))
    pair = replace(pair, refused=standing(pair.refused, values, terms.policy), rulings=rulings)
    tally = _Tally(pair.refused)
    for one in terms.policy.fields.values():
        _weigh_field(_on_scale(one, pair, now, terms), pair, tally)
    base = Both[Values]({**pair.base.a, **tally.base.a}, {**pair.base.b, **tally.base.b})
    owed = Both(tuple(tally.owed.a), tuple(tally.owed.b))
    settled = replace(pair, base=base, presumed=tally.presumed)
    return Weighed(settled, owed, tuple(tally.problems), tuple(tally.contests))


def _on_scale(one: Field, pair: Pair, now: Both[Record], terms: Terms) -> _Scale:
    name = one.name
    return _Scale(
        one,
        Both(now.a.values.get(name, MISSING), now.b.values.get(name, MISSING)),
        pair.agreed(name),
        Both(name in terms.access.a.update, name in terms.access.b.update),
        Given(_newer(one, now), next((r.winner for r in pair.rulings if r.field == name), None)),
        name,
        pair.presumed,
    )


def _newer(one: Field, now: Both[Record]) -> Side | None:
    """Whose edit is surely later, whenever within its span either was made; None where nobody can tell."""
    if one.winner is not Winner.NEWEST:
        return None
    a, b = now.a.edited.get(one.name), now.b.edited.get(one.name)
    if a is None or b is None or (a.earliest <= b.latest and b.earliest <= a.latest):
        return None
    return Side.A if a.earliest > b.latest else Side.B


def _is_about(ruling: Ruling, now: Both[Values], policy: Policy) -> bool:
    """Whether a ruling is about the values that are there: who edits a field opens the question anew."""
    one = policy.fields.get(ruling.field)
    held = [now[side].get(ruling.field, MISSING) for side in Side]
    return one is not None and all(
        value is not MISSING and one.same(value, seen)
        for value, seen in zip(held, (ruling.seen.a, ruling.seen.b), strict=True)
    )


def _weigh_field(scale: _Scale, pair: Pair, tally: _Tally) -> None:
    if has_parts(scale.one):
        _weigh_parts(scale, tally)
        return
    decision = scale.decide()
    ruled = any(one.field == scale.one.name and one.winner is None for one in pair.rulings)
    if decision is AGREED or (decision is ASK and ruled):
        _agree(scale, tally)
        return
    _keep_doubt(scale, decision, tally)
    if decision is ASK:
        held = Both[Value](scale.held.a, scale.held.b)  # type: ignore[arg-type] # both are there
        tally.contests.append(Contest(scale.one.name, held, scale.base))
    elif isinstance(decision, Barred):
        tally.problems.append(_read_only(scale, decision.source))
    elif isinstance(decision, Take):
        _take(scale, decision, tally)


def _keep_doubt(scale: _Scale, decision: Decision, tally: _Tally) -> None:
    """What is kept as it is, or waits, may be overwritten later by somebody who has never seen it either."""
    if scale.doubt and scale.is_open(decision):
        tally.presumed[scale.place] = scale.doubt


def _agree(scale: _Scale, tally: _Tally) -> None:
    for side in Side:
        tally.base[side][scale.one.name] = scale.held[side]  # type: ignore[assignment] # both are there


def _read_only(scale: _Scale, source: Side) -> Problem:
    return Problem(Kind.READ_ONLY, source, scale.one.name, scale.held[source])


def _unsure(decision: Decision, doubt: Rule) -> Decision:
    if isinstance(decision, Take) and decision.rule is Rule.MOVED:
        return replace(decision, rule=doubt, overrules=True)
    return decision


def _take(scale: _Scale, take: Take, tally: _Tally) -> None:
    target = take.source.other
    was = scale.held[target]
    carried = carry(scale.one, scale.held[take.source], target, tally.refused, take.rule, was)
    if isinstance(carried, Problem):
        tally.problems.append(carried)
    else:
        tally.owed[target].append(replace(carried, overrules=take.overrules))


@dataclass(frozen=True, slots=True)
class _Pieces:
    """A field on the scale, split."""

    scale: _Scale
    held: Both[Opened]
    base: Both[Opened]

    @classmethod
    def of(cls, scale: _Scale) -> _Pieces:
        """Split what is held and what was agreed."""
        return cls(scale, Opened.both(scale.one, scale.held), Opened.both(scale.one, scale.base))

    def part(self, name: str, small: Field) -> _Scale:
        """One part, as a field of its own."""
        held = Both(self.held.a.part(name), self.held.b.part(name))
        base = Both(self._was(name, Side.A), self._was(name, Side.B))
        return replace(self.scale, one=small, held=held, base=base, place=place(small.name, name))

    def _was(self, name: str, side: Side) -> Maybe:
        """What was agreed; where only the other side has a base, a part that is not here is no news of this one."""
        one_sided = self.base[side.other].is_there and not self.base[side].is_there
        return None if one_sided and name not in self.held[side].parts else self.base[side].part(name)


def _weigh_parts(scale: _Scale, tally: _Tally) -> None:
    """Each part for itself; those that go one way travel together."""
    if scale.held.a is MISSING or scale.held.b is MISSING:
        tally.presumed |= scale.doubts
        return
    pieces, small = _Pieces.of(scale), part_field(scale.one)
    taken: Both[dict[str, Take]] = Both({}, {})
    agreed: list[str] = []
    found = names(pieces.held, pieces.base)
    for name in found:
        piece = pieces.part(name, small)
        decision = _sparing(scale, piece.decide())
        _keep_doubt(piece, decision, tally)
        if decision is AGREED:
            agreed.append(name)
        elif isinstance(decision, Take):
            taken[decision.source.other][name] = decision
        elif isinstance(decision, Barred):
            tally.problems.append(_read_only(scale, decision.source))
    if agreed or not found:
        _agree_parts(pieces, agreed, tally)
    for to in Side:
        _take_parts(pieces, taken[to], to, tally)


def _sparing(scale: _Scale, decision: Decision) -> Decision:
    """A list that only fills is filled as a whole, from nothing; each name of a map is a place of its own."""
    if not isinstance(decision, Take | Barred) or not scale.one.fills or scale.one.shape is Shape.MAP:
        return decision
    return decision if blank(scale.held[decision.source.other]) else QUIET


def _agree_parts(pieces: _Pieces, agreed: Iterable[str], tally: _Tally) -> None:
    """The bases of agreed parts; a field of which nothing is, or was, has agreed on that."""
    scale = pieces.scale
    for side in Side:
        told = {name: _told(pieces.held[side].part(name)) for name in agreed}
        tally.base[side][scale.one.name] = joined(scale.one, scale.base[side], told, side)


def _told(value: Maybe) -> Value:
    return None if value is MISSING else value


def _take_parts(pieces: _Pieces, taken: dict[str, Take], to: Side, tally: _Tally) -> None:
    scale, one, source = pieces.scale, pieces.scale.one, to.other
    if not taken:
        return
    moves, problems = carry_parts(one, {name: _told(pieces.held[source].part(name)) for name in taken}, to)
    told = [
        replace(
            move,
            was=pieces.held[to].part(move.field),
            rule=taken[move.field].rule,
            overrules=taken[move.field].overrules,
        )
        for move in moves
    ]
    refused = refusal_of(one, scale.held[source], to, tally.refused)
    tally.problems += [refused] if refused else problems
    if told and not refused:
        tally.owed[to].append(compose(one, scale.held, told, to, told[0].rule))
