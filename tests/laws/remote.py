"""One simulated remote, what it does to our writes, and a write on its way to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from tests.laws.fields import FIELD, WORDY, composed, moved
from unified_api.engine.events import Delete, Event, Push, Rejected
from unified_api.engine.values import Side, Value, Values

SPELLINGS: Final[Mapping[str, Callable[[str], str]]] = {
    "keeps": lambda text: text,
    "strips": str.strip,
    "shouts": str.upper,
    "cuts": lambda text: text[:4],
}


@dataclass(frozen=True)
class Clock:
    """How a remote tells the times of edits: ahead by `skew`, in whole steps of `grain`; `doubt` covers both."""

    skew: int = 0
    grain: int = 1
    most: int = 0

    def shows(self, time: int) -> int:
        """What it says of an edit at that time."""
        return (time + self.skew) // self.grain * self.grain

    @property
    def doubt(self) -> int:
        """By how much it may be wrong."""
        return self.most + self.grain


@dataclass(frozen=True)
class Manners:
    """How a remote behaves towards our writes."""

    spelling: str = "keeps"
    late: bool = False  # re-spells only after it has answered
    refusal: str = "never"  # what it does with text that begins with "no": silent, named, unnamed
    decides: bool = False  # answers "waiting" when it is told "closed"
    terse: bool = False  # answers an update only with what was sent
    conditional: bool = True  # refuses a write to a record that moved since it was read
    versioned: bool = False  # tells whether a write with a lost answer landed
    clings: bool = False  # refuses deletes
    clock: Clock | None = None
    untyped: bool = False  # has no place for the type of an address


@dataclass(frozen=True)
class Cell:
    """A value, the numbers of the edits that it has taken into account, and when somebody last edited it."""

    value: Value
    known: frozenset[int] = frozenset()
    at: int | None = None


@dataclass(frozen=True)
class Seen:
    """What the mirror shows of a record."""

    cells: dict[str, Cell]
    gone: bool = False
    outside: bool = False

    @property
    def live(self) -> bool:
        """Whether it is there, and wanted."""
        return not (self.gone or self.outside)


@dataclass
class Wire:
    """One write on its way."""

    push: Push | Delete
    knows: dict[str, frozenset[int]]  # what the source knew of each cell when it was decided
    saw: dict[str, frozenset[int]]  # what the target was seen to know then
    version: int
    source: dict[str, Cell]  # the source as it was seen
    before: dict[str, Cell]  # and the target
    landed: bool = False
    outcome: Event | None = None
    took: set[str] = field(default_factory=set)


@dataclass
class Remote:
    """A third-party system with one record, or none yet."""

    side: Side
    manners: Manners
    cells: dict[str, Cell] | None
    gone: bool = False
    outside: bool = False
    version: int = 0
    read_at: int = 0  # the version that the mirror shows
    writes: int = 0
    creates: int = 0
    unspelt: set[str] = field(default_factory=set)
    constants: dict[str, Value] = field(default_factory=dict)

    @property
    def lives(self) -> bool:
        """Whether the record is there."""
        return self.cells is not None and not self.gone

    def holds(self, cell: str) -> Value:
        """The value of a cell."""
        return self.cells[cell].value if self.cells else None

    def values(self) -> Values:
        """What a read answers."""
        return composed({cell: held.value for cell, held in (self.cells or {}).items()}, self.side)


def spelt(manners: Manners, cell: str, value: Value) -> Value:
    """How a remote writes down free text; mapped words and flags stay as they are, addresses may lose their type."""
    if isinstance(value, dict) and manners.untyped:
        return {name: told for name, told in value.items() if name != "email_address_type"}
    if not isinstance(value, str) or value[:1] not in set("vV nNrgos") or cell in {"status", "owner"}:
        return value
    spelling = "keeps" if FIELD[cell] in WORDY and manners.spelling == "cuts" else manners.spelling
    return SPELLINGS[spelling](value)


def refusable(value: Value) -> bool:
    """Whether a remote that refuses things refuses this."""
    return isinstance(value, str) and value.strip().lower().startswith("no")


def fault(manners: Manners, push: Push) -> Event | None:
    """What a remote that refuses aloud says to a write, if it does."""
    bad = {FIELD[cell]: "not here" for cell, move in moved(push) if refusable(move.value)}
    if bad and manners.refusal == "named":
        return Rejected("invalid", bad)
    return Rejected("invalid") if bad and manners.refusal == "unnamed" else None
