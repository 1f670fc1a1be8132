"""What can happen to a pair, and what the engine answers, as data.

Problems and contests are states, not happenings: every look returns all that the pair has now, so the shell replaces
those that it shows. Everything else is to be carried out once, in the transaction that stores the new pair.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from unified_api.engine.merge import Rule
from unified_api.engine.pair import Move
from unified_api.engine.values import MISSING, Both, Maybe, Side, Value, Values

# --- what happens ---------------------------------------------------------------------------------------


class Span(NamedTuple):
    """Between which moments an edit was made, in seconds: all that anybody knows."""

    earliest: float
    latest: float

    @classmethod
    def around(cls, at: float, doubt: float = 0.0) -> Span:
        """A moment that may be wrong by so much either way."""
        return cls(at - doubt, at + doubt)


@dataclass(frozen=True, slots=True)
class Record:
    """One current record: only fields that it speaks of. `outside`: the bridge's filter does not want it.

    edited: when each field was last edited by somebody else than us, by the provider's own account and corrected for
    its clock. Only fields whose newest edit wins need it.
    """

    values: Values
    gone: bool = False
    outside: bool = False
    edited: Mapping[str, Span] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Look:
    """Both current records; None where there is none yet. Never the values of the change log.

    again: what is gone of two may be there again, as a record that belongs to nobody has its key.
    """

    a: Record | None
    b: Record | None
    again: bool = field(default=False, kw_only=True)

    def of(self, side: Side) -> Record | None:
        """The record of one side."""
        return self.a if side is Side.A else self.b


@dataclass(frozen=True, slots=True)
class Answered:
    """The write in flight was done; `values` is what the remote answered, possibly more than was sent.

    For a create it is the whole new record, for a delete nothing.
    """

    values: Values


@dataclass(frozen=True, slots=True)
class Rejected:
    """The remote did not take the write. `fields` names those at fault, where it told.

    large: what the record stands for is larger than it may be.
    """

    reason: str
    fields: Mapping[str, str] = field(default_factory=dict)
    large: bool = False


@dataclass(frozen=True, slots=True)
class Dropped:
    """The write in flight surely changed nothing: not sent, or refused because the record had moved."""


@dataclass(frozen=True, slots=True)
class Lost:
    """The outcome of the write in flight stays unknown.

    `values` is the record as read back afterwards. `landed` is what a version told, where there is one;
    without it, a field that still holds its old value counts as not written. A create has landed when a
    search found its record; else a person has to look. `partly`: that it landed was told by other fields, so
    one that still holds its old value was refused in silence, or somebody put it back. `gone`: the record that was
    updated is not there any more, so there is nothing to read back.
    """

    values: Values = field(default_factory=dict)
    landed: bool | None = None
    partly: bool = False
    gone: bool = False


Event: TypeAlias = Look | Answered | Rejected | Dropped | Lost

# --- what is to be done ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Push:
    """Update the record of side `to`; the pair already says so in `sent`."""

    to: Side
    moves: tuple[Move, ...]

    @property
    def fields(self) -> dict[str, Value]:
        """What to write, in the target's spelling."""
        return {move.field: move.value for move in self.moves}


@dataclass(frozen=True, slots=True)
class Create(Push):
    """Create the record of side `to`; `restores`: in place of one that was deleted there."""

    restores: bool = False


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete the record of side `to`, which must still say what it said when this was decided."""

    to: Side
    expected: Values


class Kind(StrEnum):
    """Why a field, or a whole pair (field ""), cannot be kept equal."""

    UNMAPPED = "unmapped"  # the value map has no word for it
    READ_ONLY = "read_only"  # the target cannot write this field
    REFUSED = "refused"  # the target was asked and did not take it
    TOO_LARGE = "too_large"  # the file that it stands for is larger than the bridge carries
    REQUIRED = "required"  # the target will not create without this field
    UNPAIRED = "unpaired"  # it names a record that has no counterpart on the other side
    NO_CREATE = "no_create"  # the target creates no records
    NO_DELETE = "no_delete"  # the target deletes no records
    UNSETTLED = "unsettled"  # a create whose outcome nobody knows
    GONE = "gone"  # a record was deleted
    FAILED = "failed"  # an error that nobody expected: the pair rests until a side changes
    EDITED = "edited"  # its counterpart was deleted, but it was edited since it was last agreed


@dataclass(frozen=True, slots=True)
class Problem:
    """What a person should see: the value of `side` does not reach the other side."""

    kind: Kind
    side: Side
    field: str = ""
    value: Maybe = MISSING
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Overruled:
    """An edit of `side` was replaced: `value` gave way to `by` under `rule`. For the record's history."""

    field: str
    side: Side
    value: Maybe
    by: Value
    rule: Rule


@dataclass(frozen=True, slots=True)
class Contest:
    """A field that both sides moved, and that the policy leaves to a person; it holds up no other. A state."""

    field: str
    now: Both[Value]
    base: Both[Maybe]


@dataclass(frozen=True, slots=True)
class Withheld:
    """Side `to` is owed something, and is closed for now: look again when it is opened."""

    to: Side


@dataclass(frozen=True, slots=True)
class Settled:
    """Nothing to do until a side moves."""


@dataclass(frozen=True, slots=True)
class Wait:
    """A write is in flight: look again when its outcome is known."""


@dataclass(frozen=True, slots=True)
class LookAgain:
    """The outcome is known: look at both records once more."""


Effect: TypeAlias = (
    Push | Create | Delete | Problem | Contest | Overruled | Withheld | Settled | Wait | LookAgain
)
