"""The state machine of a pair: `(pair, event) -> (pair, effects)`.

Theory. A pair remembers, per side and in that side's spelling, what was last agreed (its bases), and at most
one write in flight. A change anywhere only makes somebody look again; a look compares each current record
with its own base, so an echo of our own write is no news and needs no clock and no list of recent writes. The
new pair is stored together with the effects, before anything leaves; a crash at any point therefore finds
either no write, or a pair that waits for the outcome of a journalled one.

    state      event      to                  effects
    ALONE      Look       ALONE               nothing to send, or problems; Settled
                          CREATING            Create (the row was reserved before)
                          as PAIRED           the counterpart turned up: compared as below
    CREATING   Look       CREATING            Wait
               Answered   PAIRED              LookAgain; the bases are what was sent and what was answered
               Rejected   ALONE               LookAgain; refused fields are left out, or the problem stays
               Dropped    ALONE               LookAgain; surely nothing was created
               Lost       CREATING            Problem UNSETTLED, until it is found or surely absent
               Lost       PAIRED              (landed: found by a search) LookAgain
    PAIRED     Look       PAIRED              Settled, with the problems that remain
                          PUSHING             Push to one side; what the other side is owed follows after
                          GONE, DORMANT       Settled; nothing is deleted, the bases stay
    PUSHING    Look       PUSHING             Wait
               Answered   PAIRED              LookAgain, Overruled for edits that gave way
               Rejected   PAIRED              LookAgain; refused until a value or a map changes
               Dropped    PAIRED              LookAgain
               Lost       PAIRED              LookAgain, Overruled
    GONE       Look       as PAIRED           a record that came back resumes three-way
    DORMANT    Look       as PAIRED           the same for one that matches the filter again

Every other combination is a mistake of the caller and raises StateError.
"""

from __future__ import annotations

from dataclasses import replace

from unified_api.engine import answer
from unified_api.engine.birth import beget
from unified_api.engine.events import (
    Answered,
    Dropped,
    Effect,
    Event,
    Kind,
    Look,
    Lost,
    Problem,
    Push,
    Record,
    Rejected,
    Settled,
    Wait,
)
from unified_api.engine.pair import Pair, Sent, State
from unified_api.engine.policy import Policy
from unified_api.engine.values import Both, Side, Values
from unified_api.engine.weigh import Access, Terms, weigh

Step = tuple[Pair, tuple[Effect, ...]]


class StateError(ValueError):
    """An event that cannot happen in the state of the pair: the caller lost track of its write."""


def plan(pair: Pair, event: Event, *, policy: Policy, access: Both[Access]) -> Step:
    """Take one event into account: the pair to store, and what is to be done. Raises StateError."""
    terms = Terms(policy, access)
    if isinstance(event, Look):
        return _look(pair, event, terms)
    if pair.sent is None or pair.state not in {State.CREATING, State.PUSHING}:
        raise StateError(
            f"{type(event).__name__} came for a pair in state {pair.state} with nothing in flight"
        )
    return _outcome(pair, pair.sent, event, policy)


def _outcome(pair: Pair, sent: Sent, event: Event, policy: Policy) -> Step:
    creating = pair.state is State.CREATING
    match event:
        case Answered():
            return (answer.created if creating else answer.updated)(pair, sent, event, policy)
        case Rejected():
            return answer.rejected(pair, sent, event)
        case Dropped():
            return answer.dropped(pair, sent, event)
        case Lost() if creating:
            return answer.found(pair, sent, event, policy) if event.landed else answer.unsettled(pair, sent)
        case Lost():
            return answer.lost(pair, sent, event, policy)
        case _:
            raise StateError(f"{event!r} is no outcome of a write")


def _look(pair: Pair, look: Look, terms: Terms) -> Step:
    if pair.sent is not None:
        return pair, (Wait(),)
    if pair.state is State.ALONE and not (look.a and look.b):
        return _look_alone(pair, look, terms)
    present = [side for side in Side if _present(look.of(side))]
    if len(present) < len(Side):
        return _absent(pair, present)
    if _outside(look.a) or _outside(look.b):
        return replace(pair, state=State.DORMANT), (Settled(),)
    return _compare(replace(pair, state=State.PAIRED), look, terms)


def _look_alone(pair: Pair, look: Look, terms: Terms) -> Step:
    for side in Side:
        record = look.of(side)
        if record is not None and not record.gone and not record.outside:
            return beget(pair, side, record.values, terms)
    return pair, (Settled(),)


def _compare(pair: Pair, look: Look, terms: Terms) -> Step:
    weighed = weigh(pair, Both[Values](_values(look.a), _values(look.b)), terms)
    for to in (Side.B, Side.A):
        if weighed.owed[to]:
            sent = Sent(to, weighed.owed[to])
            pushing = replace(weighed.pair, state=State.PUSHING, sent=sent)
            return pushing, (Push(to, sent.moves), *weighed.problems)
    return weighed.pair, (*weighed.problems, Settled())


def _absent(pair: Pair, present: list[Side]) -> Step:
    """The place of the delete rule. For now there is one: keep; both records gone is peace."""
    problems = tuple(Problem(Kind.GONE, side.other) for side in present)
    return replace(pair, state=State.GONE), (*problems, Settled())


def _present(record: Record | None) -> bool:
    return record is not None and not record.gone


def _outside(record: Record | None) -> bool:
    return record is not None and record.outside


def _values(record: Record | None) -> Values:
    return {} if record is None else record.values
