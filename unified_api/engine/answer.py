"""What the outcome of the write in flight teaches about the bases.

The answer is spelling, and only for the fields that were sent: the target's base becomes the answered value,
the source's base the value that was sent from there, whatever either holds by now. Fields that were not sent
are left alone, so a value that somebody else changed meanwhile is met as news at the next look.

Two answers are no spelling. The old value: the field was refused. And where only one spelling is possible
(words of a value map, flags, numbers), another value than was sent: the remote made a decision of its own, so
the base becomes what was sent and the answer is news.
"""

from __future__ import annotations

from collections.abc import Iterable
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
from unified_api.engine.pair import Move, Pair, Refusal, Sent, State
from unified_api.engine.policy import Field, Policy
from unified_api.engine.values import MISSING, Both, Maybe, Side, Value, Values, blank

Step = tuple[Pair, tuple[Effect, ...]]
UNCHANGED = "answered with its old value"


@dataclass(slots=True)
class _Learnt:
    """New bases of either side, refusals, and what was overruled."""

    base: Both[dict[str, Value]] = field(default_factory=lambda: Both[dict[str, Value]]({}, {}))
    refused: list[Refusal] = field(default_factory=list)
    overruled: list[Overruled] = field(default_factory=list)
    presumed: list[str] = field(default_factory=list)

    def agree(self, move: Move, to: Side, answer: Value) -> None:
        """The field arrived; note whose edit gave way."""
        self.base[to.other][move.field] = move.source
        self.base[to][move.field] = answer
        if move.overrules:
            self.overruled.append(Overruled(move.field, to, move.was, move.value, move.rule))

    def close(self, pair: Pair) -> Step:
        """The pair at rest again."""
        base = Both[Values]({**pair.base.a, **self.base.a}, {**pair.base.b, **self.base.b})
        refused = (*pair.refused, *self.refused)
        presumed = (*(name for name in pair.presumed if name not in self.base.a), *self.presumed)
        done = Pair(State.PAIRED, base, None, refused, presumed)
        return done, (*self.overruled, LookAgain())


def updated(pair: Pair, sent: Sent, event: Answered, policy: Policy) -> Step:
    """An update was answered."""
    learnt = _Learnt()
    for move, one in _known(sent, policy):
        got = event.values.get(move.field, MISSING)
        if _old(one, move, got):
            learnt.refused.append(Refusal(sent.to, (move,), UNCHANGED))
        else:
            learnt.agree(move, sent.to, _spelling(one, move, got))
    return learnt.close(pair)


def created(pair: Pair, sent: Sent, event: Answered, policy: Policy) -> Step:
    """A create was answered.

    What the remote put in place of an owed field, or of a word that it did not take, nobody edited: it
    becomes the target's base alone, so the source still has news and an update brings it over.
    """
    learnt = _Learnt()
    for move, one in _known(sent, policy):
        got = event.values.get(move.field, MISSING)
        if got is MISSING or one.spells(move.value, got):
            learnt.agree(move, sent.to, _spelling(one, move, got))
        else:
            learnt.base[sent.to][move.field] = got
    learnt.base[sent.to].update({name: event.values[name] for name in sent.owed if name in event.values})
    _leave(learnt, sent, event.values)
    for name in sent.left.keys() & event.values.keys() & policy.fields.keys():
        if not policy.fields[name].direction.reaches(sent.to):
            learnt.base[sent.to][name] = event.values[name]
    return learnt.close(pair)


def lost(pair: Pair, sent: Sent, event: Lost, policy: Policy) -> Step:
    """The outcome of an update stays unknown: the base becomes what was sent, what is read back is news.

    A field that still shows its old value was not written, as far as anybody can tell, and stays owed. One
    that shows a third value was presumably written; should that value replace the source's, it is recorded
    as overruling it, for it may have been typed by somebody who never saw what we sent. Where the field does
    not travel back, nothing is presumed: what is owed is sent again.
    """
    learnt = _Learnt()
    for move, one in _known(sent, policy):
        got = event.values.get(move.field, MISSING)
        third = got is not MISSING and not one.same(got, move.value)
        presumed = third and event.landed is None
        if event.landed is False or (presumed and not _news(one, move, got, sent.to)):
            continue
        learnt.presumed += [move.field] if presumed else []
        learnt.agree(move, sent.to, move.value if third or got is MISSING else got)
    return learnt.close(pair)


def found(pair: Pair, sent: Sent, event: Lost, policy: Policy) -> Step:
    """A create whose answer was lost turned out to have happened; it may have been edited since.

    Free text that differs is news. Whether the value of an owed field, or another word than was sent, is the
    remote's own or somebody's, nobody can tell: what replaces it is recorded as overruling it.
    """
    learnt = _Learnt()
    owed = [name for name in sent.owed if name in event.values]
    for move, one in _known(sent, policy):
        got = event.values.get(move.field, MISSING)
        if got is MISSING or one.same(got, move.value):
            learnt.agree(move, sent.to, _spelling(one, move, got))
        elif one.spells(move.value, got):
            learnt.agree(move, sent.to, move.value)
        else:
            owed.append(move.field)
    learnt.base[sent.to].update({name: event.values[name] for name in owed})
    learnt.presumed += (*owed, *sent.left)
    _leave(learnt, sent, event.values)
    return learnt.close(pair)


def rejected(pair: Pair, sent: Sent, event: Rejected) -> Step:
    """The remote did not take the write: the fields it named are refused one by one, else all together."""
    named = [move for move in sent.moves if move.field in event.fields]
    refused = [Refusal(sent.to, (move,), event.fields[move.field]) for move in named]
    if not refused:
        refused = [Refusal(sent.to, sent.moves, event.reason)]
    state = State.ALONE if pair.state is State.CREATING else State.PAIRED
    return replace(pair, state=state, sent=None, refused=(*pair.refused, *refused)), (LookAgain(),)


def dropped(pair: Pair, _sent: Sent, _event: Dropped) -> Step:
    """Nothing left, or nothing changed: everything is still owed."""
    state = State.ALONE if pair.state is State.CREATING else State.PAIRED
    return replace(pair, state=state, sent=None), (LookAgain(),)


def unsettled(pair: Pair, sent: Sent) -> Step:
    """A create that may have happened is never repeated: it waits for its record to be found, or a person."""
    return pair, (Problem(Kind.UNSETTLED, sent.to),)


def _known(sent: Sent, policy: Policy) -> Iterable[tuple[Move, Field]]:
    return ((move, policy.fields[move.field]) for move in sent.moves if move.field in policy.fields)


def _leave(learnt: _Learnt, sent: Sent, answer: Values) -> None:
    """What had no reason to travel at birth is agreed as it is, but for what stands in the new record already."""
    for name in sent.left.keys() & answer.keys():
        learnt.base[sent.to.other][name] = sent.left[name]
        if blank(answer[name]):
            learnt.base[sent.to][name] = answer[name]


def _old(one: Field, move: Move, got: Maybe) -> bool:
    return got is not MISSING and move.was is not MISSING and one.same(got, move.was)


def _spelling(one: Field, move: Move, got: Maybe) -> Value:
    return got if got is not MISSING and one.spells(move.value, got) else move.value


def _news(one: Field, move: Move, got: Maybe, to: Side) -> bool:
    return not _old(one, move, got) and one.direction.reaches(to.other)
