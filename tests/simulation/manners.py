"""How a simulated remote behaves, drawn from a seed; its words, and how it writes down what it is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from unified_api.engine.values import Side, Value

#: What the bridge carries, in the common model's names.
FIELDS: Final = ("name", "description", "status", "priority")
#: Fields whose values are the number of an edit in some form, and so tell who wrote them.
TEXTS: Final = ("name", "description")
#: Words that either remote knows, common to remote.
STATES: Final[Mapping[Side, Mapping[str, str]]] = {
    Side.A: {"OPEN": "open", "IN_PROGRESS": "busy", "ON_HOLD": "held", "CLOSED": "done"},
    Side.B: {"OPEN": "new", "ON_HOLD": "waiting", "CLOSED": "closed"},
}
PRIORITIES: Final = {"URGENT": "p1", "NORMAL": "p2", "LOW": "p3"}
#: Common words of a side in the other side's common words: the bridge's value map, by the bookkeeper's own table.
TRANSLATED: Final[Mapping[Side, Mapping[str, str]]] = {
    Side.B: {"OPEN": "OPEN", "IN_PROGRESS": "OPEN", "ON_HOLD": "ON_HOLD", "CLOSED": "CLOSED"},
    Side.A: {"OPEN": "OPEN", "ON_HOLD": "ON_HOLD", "CLOSED": "CLOSED"},
}
STRANGE: Final = "strange"
SPELLINGS: Final[Mapping[str, Callable[[str], str]]] = {
    "keeps": lambda text: text,
    "strips": str.strip,
    "shouts": str.upper,
    "cuts": lambda text: text[:4],
}


@dataclass(frozen=True)
class Manners:
    """How one remote behaves.

    spelling: of descriptions that are written, and, where it only strips, of names too. late: it does so after it has
    answered. refusal: of descriptions that begin with "no": silent, named, unnamed. decides: told that a ticket is
    closed, it puts it on hold. answers: to a write: whole, none (the record has to be read back).
    conditional: writes name the version that they are meant for. versioned: answers name a version.
    changes: how its list tells changes: not at all, by a filter, by an order. paging: page, offset, cursor.
    lag: seconds by which lists are behind. search_lag: the same of its search. skew: of its clock.
    granular: its stamps are whole seconds. late_fields, fixed_fields: ignored by a create; not changed by an update.
    """

    spelling: str = "keeps"
    late: bool = False
    refusal: str = "never"
    decides: bool = False
    answers: str = "whole"
    conditional: bool = False
    versioned: bool = False
    changes: str = "none"
    paging: str = "page"
    size: int = 3
    lag: float = 0.0
    search_lag: float = 0.0
    skew: float = 0.0
    granular: bool = False
    late_fields: frozenset[str] = frozenset()
    fixed_fields: frozenset[str] = frozenset()

    def plainly(self) -> Manners:
        """The same, but values are stored as they are written."""
        return replace(
            self, spelling="keeps", late=False, refusal="never", decides=False, fixed_fields=frozenset()
        )

    @property
    def strips_names(self) -> bool:
        """Whether names lose the blanks around them; other spellings would make what was created unrecognisable."""
        return self.spelling == "strips"


def drawn(chance: Random, *, late: bool) -> Manners:
    """The manners of a remote. late: it may re-spell and decide after it has answered, as one side of two may."""
    silent = chance.random() < 0.15
    lag = chance.choice([0.0, 0.0, 2.0, 20.0])
    return Manners(
        spelling=chance.choice(["keeps", "keeps", "strips", "shouts", "cuts"]),
        late=late and chance.random() < 0.25,
        refusal="silent" if silent else chance.choice(["never", "never", "never", "named", "unnamed"]),
        decides=late and chance.random() < 0.2,
        answers=chance.choice(["whole", "whole", "none"]),
        conditional=silent or chance.random() < 0.4,
        versioned=chance.random() < 0.5,
        changes=chance.choice(["none", "filter", "filter", "order"]),
        paging=chance.choice(["page", "offset", "cursor"]),
        size=chance.choice([2, 3, 50, 50, 50]),
        lag=lag,
        search_lag=chance.choice([0.0, 0.0, 0.0, lag]),
        skew=chance.choice([0.0, 0.0, -90.0, 75.0, 4000.0]),
        granular=chance.random() < 0.3,
        late_fields=frozenset({"priority"}) if chance.random() < 0.2 else frozenset(),
        fixed_fields=frozenset({"description"}) if chance.random() < 0.1 else frozenset(),
    )


PLAIN: Final = Manners()


def spelt(manners: Manners, name: str, value: Value) -> Value:
    """How a remote writes down a value."""
    if name == "name" and manners.strips_names and isinstance(value, str):
        return value.strip()
    return SPELLINGS[manners.spelling](value) if name == "description" and isinstance(value, str) else value


def refusable(name: str, value: Value) -> bool:
    """Whether a remote that refuses things refuses this."""
    return name == "description" and isinstance(value, str) and value.strip().lower().startswith("no")


def normal(value: Value) -> Value:
    """The form in which the bookkeeper compares."""
    return (value.strip() or None) if isinstance(value, str) else value


def translated(name: str, value: Value, to: Side) -> Value:
    """A common value in the common words of the other side; STRANGE where there is none."""
    if name != "status" or value is None:
        return value
    return TRANSLATED[to].get(str(value), STRANGE)


def equal(name: str, a: Value, b: Value) -> bool:
    """Whether the two sides say the same, by the tables of this file."""
    if name != "status":
        return normal(a) == normal(b)
    return translated(name, a, Side.B) == b or translated(name, b, Side.A) == a


def default(name: str) -> Value:
    """What a new record holds where nothing was sent."""
    return {"status": "OPEN", "priority": "NORMAL"}.get(name)
