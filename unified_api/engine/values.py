"""What a field can hold, and the two sides.

A value is what JSON can say: text, flag, number, nothing, a list or a map of these. Moments are text in ISO 8601
with an offset, days are text as YYYY-MM-DD, references are the text of an id: the shell translates. A field
that a record does not speak of is absent from its mapping, and `MISSING` here; absent is not null. How values are
compared is said in `normal`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import ClassVar, Final, Generic, Literal, TypeAlias, TypeVar

Value: TypeAlias = "str | bool | int | float | list[Value] | dict[str, Value] | None"
Values: TypeAlias = Mapping[str, Value]
T = TypeVar("T")


class Absent(Enum):
    """The type of `MISSING` (an enum of one member, so that mypy can tell it from every value)."""

    MISSING = "missing"


MISSING: Final = Absent.MISSING
Maybe: TypeAlias = Value | Literal[Absent.MISSING]


class Side(StrEnum):
    """One of the two records of a pair."""

    A = "a"
    B = "b"

    @property
    def other(self) -> Side:
        """The counterpart's side."""
        return Side.B if self is Side.A else Side.A


@dataclass(frozen=True)  # no slots: typing writes __orig_class__ on what Both[T](…) makes
class Both(Generic[T]):
    """One thing per side."""

    a: T
    b: T
    #: Python would go through the sides by number, and for ever.
    __iter__: ClassVar[None] = None

    def __getitem__(self, side: Side) -> T:
        return self.a if side is Side.A else self.b

    def having(self, side: Side, thing: T) -> Both[T]:
        """The same, with another thing on one side."""
        return Both(thing, self.b) if side is Side.A else Both(self.a, thing)
