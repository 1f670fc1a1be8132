"""A stretch of a pair's past, gone through again under another policy, and what both records would say then.

What happened is told as log and journal have it: edits, and the bridge's writes at the places where it decided on
them. Three tracks go through it side by side. `real` repeats what the bridge did, under the policy that was in force;
it knows what was agreed at each place, which is not on record. `other` has the same edits, and decides for itself. So
does `control`, but under the policy that was in force: where that one does not end as things did end, nothing is said.

When the bridge looked without writing is not on record either, but follows. It looks soon after each edit; so between
two happenings it did look, unless it owed something by then and had not written it: what is owed is written at a look.
There the other tracks look as well, as often as it takes to come to rest; where the bridge wrote, they look once, as
the bridge did. A look that agreed in silence leaves no trace at all: people of both sides have typed the same.

A remote is taken to answer as it did where the same was sent to it; where it was not, as it was sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from unified_api.engine.events import Answered, Contest, Effect, Look, Push, Record, Rejected, Span
from unified_api.engine.merge import Rule
from unified_api.engine.pair import Pair
from unified_api.engine.plan import plan
from unified_api.engine.policy import Field
from unified_api.engine.values import MISSING, Both, Maybe, Side, Value, Values
from unified_api.engine.weigh import Terms

#: Looks in a row after which a pair is at rest: one write to either side, and one more for what follows from these.
MOST: Final = 4


@dataclass(frozen=True, slots=True)
class Edit:
    """Somebody else than the bridge changed fields of a side; `made` as in `Record`."""

    side: Side
    values: Values
    made: Span


@dataclass(frozen=True, slots=True)
class Wrote:
    """The bridge decided here to write `sent` to a side, as the other one held `source`.

    answer: those of the fields that changed by it, as the record had them then; None where the remote refused it.
    asked: a person asked for it (an undo), and no comparison.
    """

    to: Side
    sent: Values
    source: Values
    answer: Values | None
    asked: bool = False


Happening: TypeAlias = Edit | Wrote


@dataclass(frozen=True, slots=True)
class Rules:
    """A policy with what the accounts can write, and which records of a side stand outside of the filter."""

    terms: Terms
    outside: Callable[[Side, Values], bool] = lambda _side, _values: False


@dataclass(frozen=True, slots=True)
class Difference:
    """A field of a side that would say something else; `rule`: by which it came there, None where it was left alone."""

    side: Side
    field: str
    was: Value
    value: Value
    rule: Rule | None


@dataclass(frozen=True, slots=True)
class Replayed:
    """What would be different, what both sides really said at the end, and what would wait for a person.

    unclear: fields of which nothing is said, as what the bridge did to them does not follow from what is on record.
    """

    differences: tuple[Difference, ...]
    real: Both[Values]
    contests: tuple[Contest, ...]
    unclear: tuple[str, ...]


def replay(
    pair: Pair, start: Both[Values], past: Sequence[Happening], since: int, rules: tuple[Rules, Rules]
) -> Replayed:
    """Go through a past that begins with a pair at rest.

    since: how many happenings came before the other policy holds. rules: those in force, and the others.
    """
    course = _Course(since, rules, _Track(pair, start, rules[0]))
    for stretch in _stretches(past):
        course = course.through(stretch)
    real, (control, other) = course.real, course.others
    unclear = {one.field for one in _differences(real, control)}
    return Replayed(
        tuple(one for one in _differences(real, other) if one.field not in unclear),
        real.now,
        tuple(one for one in _contested(real, other) if one.field not in unclear),
        tuple(sorted(unclear)),
    )


Numbered: TypeAlias = tuple[int, Happening | None]


def _stretches(past: Sequence[Happening]) -> Iterator[list[Numbered]]:
    """What happened, split behind each write of the bridge; the end of it all is None."""
    stretch: list[Numbered] = []
    for number, happening in enumerate((*past, None)):
        stretch.append((number, happening))
        if isinstance(happening, Wrote) or happening is None:
            yield stretch
            stretch = []


@dataclass
class _Course:
    """All tracks, as far as they have come; `others` than the real one are there from `since` on, by their rules."""

    since: int
    rules: tuple[Rules, Rules]
    real: _Track
    others: tuple[_Track, ...] = ()

    def through(self, stretch: Sequence[Numbered]) -> _Course:
        """Further, to behind the next write.

        Where the bridge would not have written this if it had looked in between, it had not.
        """
        looking = self._copy()
        fits = [looking.go(*one) for one in stretch][-1]
        if fits:
            return looking
        waiting = self._copy()
        fits = [waiting.go(*one, looks=False) for one in stretch][-1]
        return waiting if fits else looking

    def go(self, number: int, happening: Happening | None, *, looks: bool = True) -> bool:
        """On by one; whether the bridge, as it is taken to stand here, would have done what it did."""
        if number == self.since:
            self.others = tuple(self.real.under(rules) for rules in self.rules)
        if not isinstance(happening, Wrote) and looks:
            self._look()
        fits = not isinstance(happening, Wrote) or happening.asked or self.real.would(happening)
        if happening is not None:
            self.real.take(happening, leads=True)
            for other in self.others:
                other.take(happening, leads=False)
        return fits

    def _look(self) -> None:
        """Where the bridge owed nothing, it has looked, as far as anybody can tell."""
        if self.real.owes() is None:
            self.real.step()
            for other in self.others:
                other.settle()

    def _copy(self) -> _Course:
        others = tuple(one.under(one.rules) for one in self.others)
        return _Course(self.since, self.rules, self.real.under(self.rules[0]), others)


class _Track:
    """One way in which things went: what is remembered of the pair, and what both records say."""

    def __init__(self, pair: Pair, now: Both[Values], rules: Rules) -> None:
        self.pair, self.now, self.rules = pair, now, rules
        self.edits: Both[dict[str, Edit]] = Both({}, {})
        self.by: dict[tuple[Side, str], Rule] = {}

    def under(self, rules: Rules) -> _Track:
        """Another one that goes on from here under other rules."""
        track = _Track(self.pair, self.now, rules)
        track.edits, track.by = Both(dict(self.edits.a), dict(self.edits.b)), dict(self.by)
        return track

    def take(self, happening: Happening, *, leads: bool) -> None:
        """Let it happen; `leads`: the bridge itself is on this track."""
        if isinstance(happening, Edit):
            self._put(happening.side, happening.values)
            self.edits[happening.side].update(dict.fromkeys(happening.values, happening))
            self.by = {key: rule for key, rule in self.by.items() if key[1] not in happening.values}
        elif happening.asked or (leads and not self.would(happening)):
            self._agree(happening)
        else:
            self.step(happening)

    def owes(self) -> Push | None:
        """What it would write if it looked now."""
        return next((one for one in self._look()[1] if isinstance(one, Push)), None)

    def settle(self) -> None:
        """Look until nothing is owed."""
        for _ in range(MOST):
            if not self.step():
                return

    def step(self, known: Wrote | None = None) -> bool:
        """Look once, and write what is owed to one side; False where that is nothing. known: what was written here."""
        self.pair, effects = self._look()
        push = next((one for one in effects if isinstance(one, Push)), None)
        if push is None:
            return False
        if known is not None and known.answer is None and (known.to, known.sent) == (push.to, push.fields):
            self.pair, _ = self._told(Rejected("the provider refused it"))
            return True
        self._put(push.to, _answer(push, known))
        self.by |= {(push.to, move.field): move.rule for move in push.moves}
        self.pair, _ = self._told(Answered(self.now[push.to]))
        return True

    def contests(self) -> list[Contest]:
        """What waits for a person."""
        return [one for one in self._look()[1] if isinstance(one, Contest)]

    def would(self, wrote: Wrote) -> bool:
        """Whether a look would have it write just this."""
        push, fields = self.owes(), self.rules.terms.policy.fields
        if push is None or push.to is not wrote.to or push.fields.keys() != wrote.sent.keys():
            return False
        return all(fields[name].same(value, wrote.sent[name]) for name, value in push.fields.items())

    def _agree(self, wrote: Wrote) -> None:
        """It was written, whatever the look here says: both bases say so from now on."""
        if wrote.answer is None:
            return
        self._put(wrote.to, wrote.answer)
        told = {name: self.now[wrote.to][name] for name in wrote.sent if name in self.now[wrote.to]}
        base = self.pair.base
        for side, values in ((wrote.to, told), (wrote.to.other, wrote.source)):
            base = base.having(side, {**base[side], **values})
        self.pair = replace(self.pair, base=base)

    def _put(self, side: Side, values: Values) -> None:
        self.now = self.now.having(side, {**self.now[side], **values})

    def _look(self) -> tuple[Pair, tuple[Effect, ...]]:
        return self._told(Look(self._record(Side.A), self._record(Side.B)))

    def _record(self, side: Side) -> Record:
        values, edits = self.now[side], self.edits[side]
        return Record(
            values,
            outside=self.rules.outside(side, values),
            edited={name: one.made for name, one in edits.items()},
        )

    def _told(self, event: Look | Answered | Rejected) -> tuple[Pair, tuple[Effect, ...]]:
        terms = self.rules.terms
        return plan(self.pair, event, policy=terms.policy, access=terms.access, closed=terms.closed)


def _answer(push: Push, known: Wrote | None) -> Values:
    """What the record says after a write: as it did where the same was sent, else as it is sent."""
    if known is None or known.answer is None or known.to is not push.to:
        return push.fields
    same = {name for name, value in push.fields.items() if known.sent.get(name, MISSING) == value}
    told = {name: known.answer[name] for name in same if name in known.answer}
    return {**{name: value for name, value in push.fields.items() if name not in same}, **told}


def _differences(real: _Track, other: _Track) -> Iterator[Difference]:
    for one in other.rules.terms.policy.fields.values():
        for side in Side:
            was, value = real.now[side].get(one.name, MISSING), other.now[side].get(one.name, MISSING)
            if _differ(one, was, value):
                yield Difference(
                    side, one.name, _or_nothing(was), _or_nothing(value), other.by.get((side, one.name))
                )


def _contested(real: _Track, other: _Track) -> Iterator[Contest]:
    """What would wait for a person, and does not."""
    known = {(one.field, repr(one.now)) for one in real.contests()}
    yield from (one for one in other.contests() if (one.field, repr(one.now)) not in known)


def _differ(one: Field, was: Maybe, value: Maybe) -> bool:
    return value is not MISSING and not one.same(_or_nothing(was), value)


def _or_nothing(value: Maybe) -> Value:
    return None if value is MISSING else value
