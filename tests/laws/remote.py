"""One simulated remote, what it does to our writes, and a write on its way to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from unified_api.engine.events import Event, Push, Rejected
from unified_api.engine.values import Side, Value, Values

STATUS_TO_B = {"OPEN": "open", "WORKING": "open", "HELD": "waiting", "CLOSED": "closed"}
STATUS_TO_A = {"open": "OPEN", "waiting": "HELD", "closed": "CLOSED", "merged": "CLOSED"}
SPELLINGS: Mapping[str, Callable[[str], str]] = {
    "keeps": lambda text: text,
    "strips": str.strip,
    "shouts": str.upper,
    "cuts": lambda text: text[:4],
}


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


@dataclass(frozen=True)
class Cell:
    """A value, and the numbers of the edits that it has taken into account."""

    value: Value
    known: frozenset[int] = frozenset()


@dataclass
class Wire:
    """One write on its way."""

    push: Push
    knows: dict[str, frozenset[int]]  # what the source knew of each field when it was decided
    saw: dict[str, frozenset[int]]  # what the target was seen to know then
    version: int
    source: dict[str, Value]
    landed: bool = False
    outcome: Event | None = None
    took: set[str] = field(default_factory=set)


@dataclass
class Remote:
    """A third-party system with one record, or none yet."""

    manners: Manners
    cells: dict[str, Cell] | None
    version: int = 0
    read_at: int = 0  # the version that the mirror shows
    writes: int = 0
    creates: int = 0
    unspelt: set[str] = field(default_factory=set)

    def values(self) -> dict[str, Value]:
        """What a read answers."""
        return {name: cell.value for name, cell in (self.cells or {}).items()}


def normal(value: Value) -> Value:
    """The form in which the bookkeeper compares."""
    return (value.strip() or None) if isinstance(value, str) else value


def spelt(manners: Manners, value: Value) -> Value:
    """How a remote writes down free text; words and flags stay as they are."""
    if isinstance(value, str) and value[:1] in {"v", "V", " ", "n", "N"}:
        return SPELLINGS[manners.spelling](value)
    return value


def refusable(value: Value) -> bool:
    """Whether a remote that refuses things refuses this."""
    return isinstance(value, str) and value.strip().lower().startswith("no")


def fault(manners: Manners, fields: Values) -> Event | None:
    """What a remote that refuses aloud says to a write, if it does."""
    bad = {name: "not here" for name, value in fields.items() if refusable(value)}
    if bad and manners.refusal == "named":
        return Rejected("invalid", bad)
    return Rejected("invalid") if bad and manners.refusal == "unnamed" else None


def default(name: str, side: Side) -> Value:
    """What a new record holds where nothing was sent."""
    return {"status": "OPEN" if side is Side.A else "open", "urgent": False}.get(name)
