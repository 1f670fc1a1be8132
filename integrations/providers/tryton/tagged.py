"""Values as Tryton tags them in JSON: days, moments, amounts and durations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from integrations.kit.errors import Unmappable
from integrations.kit.lens import DayLens, Lens, Words
from integrations.kit.lenses import instant, on_day

_KIND: Final = "__class__"
_DAY: Final = ("year", "month", "day")
_TIME: Final = ("hour", "minute", "second", "microsecond")
#: Decimals of an hour: a second stays what it is.
_DECIMALS: Final = 6
_HOUR: Final = 3_600


def moment(found: Any) -> datetime:
    """A moment, which is in UTC there."""
    return datetime(*_parts(found, (*_DAY, *_TIME)), tzinfo=UTC)  # type: ignore[misc, arg-type]


def tagged_moment(when: datetime) -> dict[str, Any]:
    """The same the other way."""
    utc = when.astimezone(UTC)
    return {_KIND: "datetime", **{name: getattr(utc, name) for name in (*_DAY, *_TIME)}}


def tagged_day(day: date) -> dict[str, Any]:
    """A day."""
    return {_KIND: "date", **{name: getattr(day, name) for name in _DAY}}


def untagged_day(found: Any) -> date:
    """The same the other way."""
    return date(*_parts(found, _DAY))


def _parts(found: Any, names: tuple[str, ...]) -> list[int]:
    if not isinstance(found, dict) or not set(names) <= set(found):
        raise ValueError(f"a {type(found).__name__} is no tagged value")
    return [found[name] for name in names]


def when(path: str, **options: Any) -> Lens:
    """A moment."""
    return instant(path, parse=moment, spell=tagged_moment, **options)


def day_of(path: str, **options: Any) -> Lens:
    """A moment of which Tryton keeps the day."""
    return on_day(path, parse=untagged_day, spell=tagged_day, **options)


@dataclass(frozen=True, kw_only=True)
class TaggedDayLens(DayLens):
    """A day."""

    def decode(self, found: Any) -> Any:
        """The day."""
        try:
            return untagged_day(found)
        except (TypeError, ValueError):
            raise Unmappable(f"what stands at {self.path!r} is no day that exists") from None

    def encode(self, value: Any, words: Words) -> Any:  # noqa: ARG002 - see Lens
        """With its tag."""
        return tagged_day(value)


@dataclass(frozen=True, kw_only=True)
class AmountLens(Lens):
    """Whole units of a currency; Tryton keeps smaller ones, too, which are rounded."""

    def decode(self, found: Any) -> Any:
        """The nearest whole number."""
        return round(Decimal(found["decimal"]))

    def encode(self, value: Any, words: Words) -> Any:  # noqa: ARG002 - see Lens
        """With its tag."""
        return {_KIND: "Decimal", "decimal": str(value)}


@dataclass(frozen=True, kw_only=True)
class HoursLens(Lens):
    """Hours; Tryton keeps a duration."""

    def decode(self, found: Any) -> Any:
        """The hours."""
        return _hours(found["seconds"])

    def encode(self, value: Any, words: Words) -> Any:  # noqa: ARG002 - see Lens
        """With its tag."""
        return {_KIND: "timedelta", "seconds": _seconds(value)}

    def canonical(self, value: Any) -> Any:
        """As they are read again: a third of an hour is rounded."""
        return _hours(_seconds(value))


def _hours(seconds: float) -> float:
    return round(seconds / _HOUR, _DECIMALS)


def _seconds(hours: float) -> float:
    return round(hours * _HOUR, _DECIMALS)
