"""What would be written until a pair comes to rest: a dry run, for plans that people read.

Each write is taken as done exactly as it was sent, and the records are looked at again. What a remote puts in by
itself cannot be known: a new record counts as blank where nothing was sent, so a field that its create could not
carry is shown as an update of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from unified_api.engine.events import (
    Answered,
    Contest,
    Create,
    Delete,
    Effect,
    Look,
    Problem,
    Push,
    Record,
    Withheld,
)
from unified_api.engine.pair import Pair
from unified_api.engine.plan import plan
from unified_api.engine.policy import Policy
from unified_api.engine.values import Both, Value
from unified_api.engine.weigh import Terms

Write: TypeAlias = Push | Delete
#: A create, an update of either side, and one more would be a pair that does not come to rest.
MOST: Final = 4


@dataclass(frozen=True, slots=True)
class Foreseen:
    """One write, and both records as they would stand after it."""

    write: Write
    then: Look


@dataclass(frozen=True, slots=True)
class Forecast:
    """The writes in their order, and what would remain: problems, contests, and sides that are closed."""

    writes: tuple[Foreseen, ...]
    remains: tuple[Problem | Contest | Withheld, ...]


def forecast(pair: Pair, look: Look, terms: Terms) -> Forecast:
    """What a pair owes now, and what follows from that; nothing of a pair that has a write in flight."""
    writes: list[Foreseen] = []
    effects: tuple[Effect, ...] = ()
    for _ in range(MOST):
        pair, effects = _plan(pair, look, terms)
        write = next((one for one in effects if isinstance(one, Push | Delete)), None)
        if write is None:
            break
        look = after(look, write, terms.policy)
        writes.append(Foreseen(write, look))
        written = look.of(write.to)
        pair, _done = _plan(pair, Answered(written.values if written else {}), terms)
    remains = tuple(one for one in effects if isinstance(one, Problem | Contest | Withheld))
    return Forecast(tuple(writes), remains)


def after(look: Look, write: Write, policy: Policy) -> Look:
    """Both records once the write is done as it was sent."""
    before = look.of(write.to) or Record({})
    if isinstance(write, Delete):
        written = replace(before, gone=True)
    elif isinstance(write, Create):
        blanks: dict[str, Value] = dict.fromkeys(policy.fields)
        written = Record(blanks | write.fields)
    else:
        written = replace(before, values={**before.values, **write.fields})
    records = Both(look.a, look.b).having(write.to, written)
    return Look(records.a, records.b)


def _plan(pair: Pair, event: Look | Answered, terms: Terms) -> tuple[Pair, tuple[Effect, ...]]:
    return plan(pair, event, policy=terms.policy, access=terms.access, closed=terms.closed)
