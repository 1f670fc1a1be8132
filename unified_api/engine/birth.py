"""A record that has no counterpart yet.

The pair row itself is the reservation: it stands in state ALONE before anything leaves. A field that the
create cannot carry (no word for it, refused, not writable at birth) is owed: it goes over by an update, or
stays a visible problem. Blanks are not sent; what the remote fills in for them is its news.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from unified_api.engine.carry import carry, standing
from unified_api.engine.events import Create, Effect, Kind, Problem, Settled
from unified_api.engine.pair import Move, Pair, Sent, State
from unified_api.engine.policy import Field
from unified_api.engine.values import Both, Side, Value, Values, blank
from unified_api.engine.weigh import Access, Terms

Step = tuple[Pair, tuple[Effect, ...]]


def beget(pair: Pair, source: Side, values: Values, terms: Terms) -> Step:
    """Create the counterpart of the one record that there is, or say why not."""
    to = source.other
    pair = replace(
        pair, refused=standing(pair.refused, Both[Values]({}, {}).having(source, values), terms.policy)
    )
    if to not in terms.policy.creates:
        return pair, (Settled(),)
    if not terms.access[to].creates:
        return pair, (Problem(Kind.NO_CREATE, source), Settled())
    return _send(pair, to, values, terms)


def _send(pair: Pair, to: Side, values: Values, terms: Terms) -> Step:
    moves: list[Move] = []
    owed: list[str] = []
    problems: list[Problem] = []
    for one, value in _travelling(values, to, terms):
        carried = carry(one, value, to, pair.refused)
        if isinstance(carried, Problem):
            problems.append(carried)
            owed.append(one.name)
        elif one.name in terms.access[to].create:
            moves.append(carried)
        else:
            owed.append(one.name)
    lacking = _required(moves, to, terms.access[to])
    if lacking or not moves:
        return pair, (*problems, *lacking, Settled())
    gone = {*owed, *(move.field for move in moves)}
    left = {name: values[name] for name in terms.policy.fields if name in values and name not in gone}
    sent = Sent(to, tuple(moves), tuple(owed), left)
    return replace(pair, state=State.CREATING, sent=sent), (Create(to, sent.moves), *problems)


def _travelling(values: Values, to: Side, terms: Terms) -> Iterator[tuple[Field, Value]]:
    writable = terms.access[to].create | terms.access[to].update
    for one in terms.policy.fields.values():
        value = values.get(one.name)
        if one.direction.reaches(to) and one.name in writable and not blank(value):
            yield one, value


def _required(moves: list[Move], to: Side, access: Access) -> list[Problem]:
    lacking = access.required - {move.field for move in moves}
    return [
        Problem(Kind.REQUIRED, to.other, name, reason=f"side {to} requires it") for name in sorted(lacking)
    ]
