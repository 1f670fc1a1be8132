"""What a field can hold, the two sides, and how values are compared.

A value is what JSON can say: text, flag, number, nothing, or a list of these. Moments are text in ISO 8601
with an offset, days are text as YYYY-MM-DD, references are the text of an id: the shell translates. A field
that a record does not speak of is absent from its mapping, and `MISSING` here; absent is not null.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum, StrEnum
from typing import Final, Generic, Literal, TypeAlias, TypeVar

Value: TypeAlias = "str | bool | int | float | list[Value] | None"
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

    def __getitem__(self, side: Side) -> T:
        return self.a if side is Side.A else self.b

    def having(self, side: Side, thing: T) -> Both[T]:
        """The same, with another thing on one side."""
        return replace(self, a=thing) if side is Side.A else replace(self, b=thing)


def _exact(text: str) -> str:
    return text


def _trim(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines()).strip()


def _case(text: str) -> str:
    return _trim(text).casefold()


def _instant(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return moment.astimezone(UTC).isoformat() if moment.tzinfo else text


NORMALIZERS: Final[Mapping[str, Callable[[str], str]]] = {
    "exact": _exact,
    "trim": _trim,
    "case": _case,
    "instant": _instant,
}


def normal(value: Value, normalizer: str) -> Value:
    """The form in which a value is compared, never stored. Empty text and an empty list count as nothing."""
    if isinstance(value, list):
        return [normal(item, normalizer) for item in value] or None
    if isinstance(value, str):
        return NORMALIZERS[normalizer](value) or None
    return value


def blank(value: Maybe) -> bool:
    """Whether the value says nothing."""
    return value is MISSING or normal(value, "trim") is None
