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
               Lost       PAIRED              (landed: found by a search, or known to have been made) LookAgain
    PAIRED     Look       PAIRED              Settled, with the problems and contests that remain
                          PUSHING             Push to one side; what the other side is owed follows after
                          PAIRED              Withheld: the side that is owed something is closed
                          DORMANT             Settled: a record left the filter; the bases stay
                          GONE                Settled: a record was deleted, and stays so, or a person has to say
                          DELETING            Delete: the rule takes the counterpart along
                          CREATING            Create: the rule has the lost record made again
    PUSHING    Look       PUSHING             Wait
               Answered   PAIRED              LookAgain, Overruled for edits that gave way
               Rejected   PAIRED              LookAgain; refused until a value or a map changes
               Dropped    PAIRED              LookAgain
               Lost       PAIRED              LookAgain, Overruled
    DELETING   Look       DELETING            Wait
               Answered   GONE                LookAgain
               Rejected   GONE                LookAgain; it is not tried again
               Dropped    GONE                LookAgain
               Lost       GONE                LookAgain; whether it is still there is read
    GONE       Look       as PAIRED           a record that came back resumes three-way
                          GONE, CREATING      alone again after both were gone: its counterpart is not missed, or made
    DORMANT    Look       as PAIRED           the same for one that matches the filter again

Every other combination is a mistake of the caller and raises StateError. `propose` is the one way to write what no
comparison asks for: a value of before is put back, and both bases say so, so that the next look does not undo it.
`part` deletes a record, and `bring_back` makes one again, without its counterpart: the one that is left lives alone.
`let_go` is for an outcome that cannot be taken into account: the pair stands where it stood before the write.
"""

from __future__ import annotations

from dataclasses import replace

from unified_api.engine import absence, answer
from unified_api.engine.birth import beget
from unified_api.engine.events import (
    Answered,
    Create,
    Delete,
    Dropped,
    Effect,
    Event,
    Look,
    Lost,
    Push,
    Record,
    Rejected,
    Settled,
    Wait,
    Withheld,
)
from unified_api.engine.pair import Move, Pair, Sent, State
from unified_api.engine.policy import Policy
from unified_api.engine.values import Both, Side, Values
from unified_api.engine.weigh import Access, Terms, weigh

Step = tuple[Pair, tuple[Effect, ...]]
IN_FLIGHT = frozenset({State.CREATING, State.PUSHING, State.DELETING})


class StateError(ValueError):
    """An event that cannot happen in the state of the pair: the caller lost track of its write."""


def plan(
    pair: Pair, event: Event, *, policy: Policy, access: Both[Access], closed: frozenset[Side] = frozenset()
) -> Step:
    """Take one event into account: the pair to store, and what is to be done.

    closed: sides to which nothing may be written for now. Raises StateError.
    """
    terms = Terms(policy, access, closed)
    if isinstance(event, Look):
        return _look(pair, event, terms)
    return _outcome(pair, _in_flight(pair, type(event).__name__), event, policy)


def propose(pair: Pair, to: Side, moves: tuple[Move, ...]) -> Step:
    """Write these values, though nobody's edit asks for it; raises StateError while a write is in flight."""
    _refuse_busy(pair)
    return replace(pair, state=State.PUSHING, sent=Sent(to, moves)), (Push(to, moves),)


def part(pair: Pair, to: Side, expected: Values) -> Step:
    """Delete the record of a side, which says what is expected, and leave the other one alone; raises StateError."""
    _refuse_busy(pair)
    parted = replace(pair, state=State.DELETING, sent=Sent(to, ()), parted=True)
    return parted, (Delete(to, expected),)


def bring_back(pair: Pair, to: Side, moves: tuple[Move, ...]) -> Step:
    """Make a deleted record again out of what it said itself, to live alone; raises StateError."""
    _refuse_busy(pair)
    back = replace(pair, state=State.CREATING, sent=Sent(to, moves), parted=True)
    return back, (Create(to, moves, restores=True),)


def let_go(pair: Pair) -> Step:
    """Learn nothing of the write in flight, which has ended: nothing is agreed, and the next look says what is so.

    What may have given way to it is said, as far as it left at all, which the caller knows. Raises StateError.
    """
    return answer.untold(pair, _in_flight(pair, "its end"))


def _refuse_busy(pair: Pair) -> None:
    if pair.sent is not None:
        raise StateError(f"a pair in state {pair.state} has a write in flight; wait for its outcome")


def _in_flight(pair: Pair, what: str) -> Sent:
    if pair.sent is None or pair.state not in IN_FLIGHT:
        raise StateError(f"{what} came for a pair in state {pair.state} with nothing in flight")
    return pair.sent


def _outcome(pair: Pair, sent: Sent, event: Event, policy: Policy) -> Step:
    match event:
        case Rejected():
            return answer.rejected(pair, sent, event)
        case Dropped():
            return answer.dropped(pair, sent, event)
        case Answered() | Lost() if pair.state is State.DELETING:
            return answer.deleted(pair, event)
        case Answered():
            creating = pair.state is State.CREATING
            return (answer.created if creating else answer.updated)(pair, sent, event, policy)
        case Lost() if pair.state is State.CREATING:
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
    a, b = _present(look.a), _present(look.b)
    if a is None or b is None:
        return absence.absent(pair, look, terms)
    if a.outside or b.outside:
        return replace(pair, state=State.DORMANT), (Settled(),)
    return _compare(replace(pair, state=State.PAIRED, buried=False, parted=False), Both(a, b), terms)


def _look_alone(pair: Pair, look: Look, terms: Terms) -> Step:
    for side in Side:
        record = look.of(side)
        if record is not None and not record.gone and not record.outside:
            return beget(pair, side, record.values, terms)
    return pair, (Settled(),)


def _compare(pair: Pair, now: Both[Record], terms: Terms) -> Step:
    weighed = weigh(pair, now, terms)
    states: tuple[Effect, ...] = (*weighed.problems, *weighed.contests)
    owed = [side for side in (Side.B, Side.A) if weighed.owed[side]]
    for to in owed:
        if to not in terms.closed:
            sent = Sent(to, weighed.owed[to])
            pushing = replace(weighed.pair, state=State.PUSHING, sent=sent)
            return pushing, (Push(to, sent.moves), *states)
    if owed:
        return weighed.pair, (*(Withheld(to) for to in owed), *states)
    return weighed.pair, (*states, Settled())


def _present(record: Record | None) -> Record | None:
    return None if record is None or record.gone else record
