"""What the outcome of the write in flight teaches about the bases.

The answer is spelling, and only for the fields that were sent: the target's base becomes the answered value,
the source's base the value that was sent from there, whatever either holds by now. Fields that were not sent
are left alone, so a value that somebody else changed meanwhile is met as news at the next look.

Two answers are no spelling. The old value: the field was refused. And where only one spelling is possible
(words of a value map, flags, numbers), another value than was sent: the remote made a decision of its own, so
the base becomes what was sent and the answer is news. Or somebody's edit met the write there; what was sent may
never have been seen, and is recorded as overruled if it gives way to that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from unified_api.engine.events import (
    Answered,
    Dropped,
    Effect,
    Kind,
    LookAgain,
    Lost,
    Overruled,
    Problem,
    Rejected,
)
from unified_api.engine.merge import Rule
from unified_api.engine.normal import blank
from unified_api.engine.pair import Move, Pair, Refusal, Sent, State, place
from unified_api.engine.parts import has_parts, joined, part, part_field
from unified_api.engine.policy import Field, Policy
from unified_api.engine.values import MISSING, Both, Maybe, Side, Value, Values

Step = tuple[Pair, tuple[Effect, ...]]
UNCHANGED = "answered with its old value"


@dataclass(frozen=True, slots=True)
class _Told:
    """What was sent of one field, or of one part of a field, and what the remote says there now."""

    one: Field
    move: Move
    got: Maybe
    whole: Move
    field: Field

    @property
    def place(self) -> str:
        """The name of the field, or of its part."""
        return self.move.field if self.move is self.whole else place(self.whole.field, self.move.field)

    @property
    def old(self) -> bool:
        """Whether it still is what it was."""
        was = self.move.was
        return self.got is not MISSING and was is not MISSING and self.one.same(self.got, was)

    @property
    def spelt(self) -> bool:
        """Whether it can be what was sent, in the target's spelling; nothing else is known of what is not told."""
        return self.got is MISSING or self.one.spells(self.move.value, self.got)

    @property
    def spelling(self) -> Value:
        """The target's base if the write was done."""
        return self.got if self.got is not MISSING and self.spelt else self.move.value


@dataclass(slots=True)
class _Learnt:
    """New bases of either side, refusals, and what was overruled."""

    base: Both[dict[str, Value]] = field(default_factory=lambda: Both[dict[str, Value]]({}, {}))
    refused: list[Refusal] = field(default_factory=list)
    overruled: list[Overruled] = field(default_factory=list)
    presumed: dict[str, Rule] = field(default_factory=dict)
    arrived: set[str] = field(default_factory=set)

    def agree(self, pair: Pair, told: _Told, to: Side, answer: Value) -> None:
        """The field, or its part, arrived; note whose edit gave way."""
        move = told.move
        self.arrived.add(told.place)
        self.set(pair, told, to.other, move.source)
        self.set(pair, told, to, answer)
        self.overrule(told, to)

    def overrule(self, told: _Told, to: Side) -> None:
        """Note whose edit gave way, if one did."""
        move = told.move
        if move.overrules:
            self.overruled.append(Overruled(told.whole.field, to, move.was, move.value, move.rule))

    def presume(self, name: str, rule: Rule = Rule.LOST) -> None:
        """A field, or a part, may never have been seen there; who gives way to what is there does so by the rule."""
        self.presumed[name] = rule

    def set(self, pair: Pair, told: _Told, side: Side, value: Value) -> None:
        """The base of a field on one side; of a part within what is known of its field."""
        name = told.whole.field
        if told.move is not told.whole:
            before = self.base[side].get(name, pair.base[side].get(name, MISSING))
            value = joined(told.field, before, {told.move.field: value}, side)
        self.base[side][name] = value

    def refuse(self, told: _Told, to: Side, now: Values) -> None:
        """The remote kept its old value; of a field with parts, all that it kept are refused together."""
        same = [one for one in self.refused if one.covers(told.whole.field)]
        parts = (told.move,) if told.move is not told.whole else ()
        if not same:
            was = now.get(told.whole.field, MISSING) if parts else told.whole.was
            move = replace(told.whole, was=was, parts=parts)
            self.refused.append(Refusal(to, (move,), UNCHANGED))
            return
        (known,) = same[0].moves
        more = replace(known, parts=(*known.parts, *parts))
        self.refused[self.refused.index(same[0])] = replace(same[0], moves=(more,))

    def close(self, pair: Pair) -> Step:
        """The pair at rest again."""
        base = Both[Values]({**pair.base.a, **self.base.a}, {**pair.base.b, **self.base.b})
        refused = (*pair.refused, *self.refused)
        kept = {name: rule for name, rule in pair.presumed.items() if name not in self.arrived}
        done = replace(
            pair, state=State.PAIRED, base=base, sent=None, refused=refused, presumed=kept | self.presumed
        )
        return done, (*self.overruled, LookAgain())


def updated(pair: Pair, sent: Sent, event: Answered, policy: Policy) -> Step:
    """An update was answered."""
    learnt = _Learnt()
    for told in _told(sent, event.values, policy):
        if told.old:
            learnt.refuse(told, sent.to, event.values)
        else:
            if not told.spelt:
                learnt.presume(told.place, Rule.OTHERWISE)
            learnt.agree(pair, told, sent.to, told.spelling)
    return learnt.close(pair)


def created(pair: Pair, sent: Sent, event: Answered, policy: Policy) -> Step:
    """A create was answered.

    What the remote put in place of an owed field, or of a word that it did not take, nobody edited: it
    becomes the target's base alone, so the source still has news and an update brings it over.
    """
    learnt, fresh = _Learnt(), _afresh(pair)
    for told in _told(sent, event.values, policy):
        if told.spelt:
            learnt.agree(fresh, told, sent.to, told.spelling)
        else:
            learnt.set(fresh, told, sent.to, told.got if told.got is not MISSING else None)
    learnt.base[sent.to].update({name: event.values[name] for name in sent.owed if name in event.values})
    _leave(learnt, sent, event.values)
    for name in sent.left.keys() & event.values.keys() & policy.fields.keys():
        if not policy.fields[name].direction.reaches(sent.to):
            learnt.base[sent.to][name] = event.values[name]
    return learnt.close(fresh)


def lost(pair: Pair, sent: Sent, event: Lost, policy: Policy) -> Step:
    """The outcome of an update stays unknown: the base becomes what was sent, what is read back is news.

    A field that still shows its old value was not written, as far as anybody can tell, and stays owed. One
    that shows a third value was presumably written; should that value replace the source's, it is recorded
    as overruling it, for it may have been typed by somebody who never saw what we sent. Where the field does
    not travel back, nothing is presumed: what is owed is sent again, and what may have given way is recorded.
    Over the old value in a write that landed in other fields it is sent again, too, and recorded, as nobody can
    tell a silent refusal from an edit that put it back. Where the record is gone, nothing is agreed, as whoever removed
    it may not have seen what was sent; what may have given way to that is recorded.
    """
    learnt = _Learnt()
    for told in _told(sent, event.values, policy):
        if event.gone:
            learnt.overrule(told, sent.to)
            continue
        third = told.got is not MISSING and not told.one.alike(told.got, told.move.value)
        presumed = third and event.landed is None
        if event.landed is False or (presumed and not _news(told, sent.to)):
            if presumed and not told.old:
                learnt.overrule(told, sent.to)
            continue
        if third and told.old and event.partly:
            learnt.presume(told.place)
            continue
        if presumed:
            learnt.presume(told.place)
        answer = told.move.value if third or told.got is MISSING else told.got
        learnt.agree(pair, told, sent.to, answer)
    return learnt.close(pair)


def found(pair: Pair, sent: Sent, event: Lost, policy: Policy) -> Step:
    """A create whose answer was lost turned out to have happened; it may have been edited since.

    What differs is news, but whether it is the remote's own word or somebody's, who never saw what we sent, nobody can
    tell: what replaces it, or is replaced by it, is recorded as overruled. An owed field with parts was never agreed,
    so that nothing is taken for the remote's own that somebody added.
    """
    learnt, fresh = _Learnt(), _afresh(pair)
    for told in _told(sent, event.values, policy):
        if told.got is MISSING or told.one.alike(told.got, told.move.value):
            learnt.agree(fresh, told, sent.to, told.spelling)
            continue
        learnt.presume(told.place)
        if told.spelt:
            learnt.agree(fresh, told, sent.to, told.move.value)
        else:
            learnt.set(fresh, told, sent.to, told.got)
    whole = [
        name
        for name in (*sent.owed, *sent.left)
        if name in policy.fields and not has_parts(policy.fields[name])
    ]
    owed = [name for name in whole if name in sent.owed and name in event.values]
    learnt.base[sent.to].update({name: event.values[name] for name in owed})
    for name in whole:
        learnt.presume(name)
    _leave(learnt, sent, event.values)
    return learnt.close(fresh)


def _afresh(pair: Pair) -> Pair:
    """The pair of a new record: of the one before it, nothing was agreed with it, and nothing has to be doubted."""
    return replace(pair, base=Both[Values]({}, {}), presumed={})


def deleted(pair: Pair, event: Answered | Lost) -> Step:
    """The counterpart is gone as well, as far as is known, and nothing is owed any more."""
    sure = isinstance(event, Answered) or event.landed is True
    return replace(pair, state=State.GONE, sent=None, buried=sure), (LookAgain(),)


def rejected(pair: Pair, sent: Sent, event: Rejected) -> Step:
    """The remote did not take the write: the fields it named are refused one by one, else all together."""
    named = [move for move in sent.moves if move.field in event.fields]
    refused = [Refusal(sent.to, (move,), event.fields[move.field]) for move in named]
    if not refused:
        refused = [Refusal(sent.to, sent.moves, event.reason, event.large)]
    return replace(pair, state=_back(pair), sent=None, refused=(*pair.refused, *refused)), (LookAgain(),)


def edited(pair: Pair, side: Side) -> Pair:
    """Somebody edited the record of a side: what that refused of others, it is asked once more at the next look.

    Not where it kept its old value in silence: it took that write, so that the edit may be its own answer to it, and it
    would be asked for ever. Nor about a delete, or what is too large, as nothing that is edited there helps.
    """
    stays = (
        one.to is not side or one.reason == UNCHANGED or one.large or not one.moves for one in pair.refused
    )
    return replace(pair, refused=tuple(one for one, kept in zip(pair.refused, stays, strict=True) if kept))


def dropped(pair: Pair, _sent: Sent, _event: Dropped) -> Step:
    """Nothing left, or nothing changed: everything is still owed."""
    return replace(pair, state=_back(pair), sent=None), (LookAgain(),)


def untold(pair: Pair, sent: Sent) -> Step:
    """Nobody can work out what it taught. No value is looked at, so nothing that one holds can be in the way."""
    pieces = [(move.field, one) for move in sent.moves for one in move.parts or (move,) if one.overrules]
    overruled = (Overruled(name, sent.to, one.was, one.value, one.rule) for name, one in pieces)
    return replace(pair, state=_back(pair), sent=None), (*overruled, LookAgain())


def _back(pair: Pair) -> State:
    """Where a pair stands again whose write did nothing."""
    return {State.CREATING: State.ALONE, State.DELETING: State.GONE}.get(pair.state, State.PAIRED)


def unsettled(pair: Pair, sent: Sent) -> Step:
    """A create that may have happened is never repeated: it waits for its record to be found, or a person."""
    return pair, (Problem(Kind.UNSETTLED, sent.to),)


def _told(sent: Sent, now: Values, policy: Policy) -> Iterator[_Told]:
    """Each thing that was sent and is still of interest, with what the remote says of it."""
    for move in sent.moves:
        one = policy.fields.get(move.field)
        if one is None:
            continue
        got = now.get(move.field, MISSING)
        if not move.parts:
            yield _Told(one, move, got, move, one)
        for piece in move.parts:
            yield _Told(part_field(one), piece, part(one, got, piece.field, sent.to), move, one)


def _leave(learnt: _Learnt, sent: Sent, answer: Values) -> None:
    """What had no reason to travel at birth is agreed as it is, but for what stands in the new record already."""
    for name in sent.left.keys() & answer.keys():
        learnt.base[sent.to.other][name] = sent.left[name]
        if blank(answer[name]):
            learnt.base[sent.to][name] = answer[name]


def _news(told: _Told, to: Side) -> bool:
    return not told.old and told.one.direction.reaches(to.other)
