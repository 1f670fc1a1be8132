"""A record that has no counterpart yet, or none any more.

The pair row itself is the reservation: it stands in state ALONE before anything leaves. A field that the
create cannot carry (no word for it, refused, not writable at birth) is owed: it goes over by an update, or
stays a visible problem. Blanks are not sent; what the remote fills in for them is its news. What belongs to a record
that has no counterpart there waits for that: a comment without its ticket is nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from unified_api.engine.carry import carry_whole, standing
from unified_api.engine.events import Create, Effect, Kind, Problem, Settled, Withheld
from unified_api.engine.merge import Rule
from unified_api.engine.normal import blank
from unified_api.engine.pair import Move, Pair, Sent, State
from unified_api.engine.policy import Field
from unified_api.engine.values import MISSING, Both, Side, Value, Values
from unified_api.engine.weigh import Access, Terms

Step = tuple[Pair, tuple[Effect, ...]]


@dataclass(slots=True)
class _Cradle:
    """What goes into the new record, what has to wait, and why."""

    moves: list[Move] = field(default_factory=list)
    owed: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def beget(pair: Pair, source: Side, values: Values, terms: Terms, *, restores: bool = False) -> Step:
    """Create the counterpart of the one record that there is, or say why not."""
    to = source.other
    known = Both[Values]({}, {}).having(source, values)
    pair = replace(pair, refused=standing(pair.refused, known, terms.policy))
    if to not in terms.policy.creates and not restores:
        return pair, (Settled(),)
    if not terms.access[to].creates:
        return pair, (Problem(Kind.NO_CREATE, source), Settled())
    if to in terms.closed:
        return pair, (Withheld(to),)
    return _send(pair, to, values, terms, restores=restores)


def _send(pair: Pair, to: Side, values: Values, terms: Terms, *, restores: bool) -> Step:
    cradle = _Cradle()
    for one, value in _travelling(values, to, terms):
        _lay(cradle, pair, one, value, to, terms)
    constants = _constants(cradle, pair, to, terms)
    lacking = _required([*cradle.moves, *constants], to, terms.access[to])
    if lacking or not cradle.moves or _is_orphan(cradle, terms.access[to]):
        told = {one.field for one in cradle.problems}
        return pair, (*cradle.problems, *(one for one in lacking if one.field not in told), Settled())
    gone = {*cradle.owed, *(move.field for move in cradle.moves)}
    left = {name: values[name] for name in terms.policy.fields if name in values and name not in gone}
    sent = Sent(to, (*cradle.moves, *constants), tuple(cradle.owed), left)
    creating = replace(pair, state=State.CREATING, sent=sent)
    return creating, (Create(to, sent.moves, restores=restores), *cradle.problems)


def _lay(cradle: _Cradle, pair: Pair, one: Field, value: Value, to: Side, terms: Terms) -> None:
    move, problems = carry_whole(one, value, to, pair.refused)
    cradle.problems += problems
    if move is not None and one.name in terms.access[to].create:
        cradle.moves.append(move)
    else:
        cradle.owed.append(one.name)


def _is_orphan(cradle: _Cradle, access: Access) -> bool:
    """Whether it names something that it belongs to, and that has no counterpart yet."""
    return any(
        one.kind is Kind.UNPAIRED and one.field in access.parents and one.field in cradle.owed
        for one in cradle.problems
    )


def _constants(cradle: _Cradle, pair: Pair, to: Side, terms: Terms) -> list[Move]:
    moves = []
    for name, value in terms.policy.constants[to].items():
        refusal = next((one for one in pair.refused if one.to is to and one.covers(name)), None)
        if refusal is None:
            moves.append(Move(name, None, value, MISSING, Rule.CONSTANT))
        else:
            cradle.problems.append(Problem(Kind.REFUSED, to.other, name, value, refusal.reason))
    return moves


def _travelling(values: Values, to: Side, terms: Terms) -> Iterator[tuple[Field, Value]]:
    writable = terms.access[to].create | terms.access[to].update
    for one in terms.policy.fields.values():
        value = values.get(one.name)
        if one.direction.reaches(to) and one.name in writable and not blank(value):
            yield one, value


def _required(moves: Iterable[Move], to: Side, access: Access) -> list[Problem]:
    lacking = access.required - {move.field for move in moves}
    return [
        Problem(Kind.REQUIRED, to.other, name, reason=f"side {to} requires it") for name in sorted(lacking)
    ]
