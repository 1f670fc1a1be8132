"""Values of another JSON type than a field's, taken for one of its own where nothing is lost and nothing is guessed.

`"5"` is a whole number and `5` a text, `"true"` is true, and a word alone is a list of one. `1` is not true, `"1,000"`
no number and `"a, b"` no list: they may mean something else. `2.5` is no text either: it may have been `2.50`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from unified_api.models.fields import Flag, Instant, Malformed, Number, Refs, Text, Texts, Whole, WireField

#: Nobody's number is longer, and to read one takes time that grows faster than its length.
_WHOLE: Final = re.compile(r"0|-?[1-9][0-9]{0,18}")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,18})(?:\.[0-9]{1,18})?")
_WORD: Final = re.compile(r"[^\s,;]+")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MIDNIGHT: Final = re.compile(rf"({_DAY.pattern})T00:00(?::00(?:\.0{{1,6}})?)?(?:Z|\+00:00)?")
_FLAGS: Final = {"true": True, "false": False}


def understood(declared: WireField, value: Any) -> tuple[Any, str]:
    """The stored form of a caller's JSON value, which is not null, and what was expected if it had to be converted.

    Raises Malformed.
    """
    try:
        stored = declared.parse(value)
    except Malformed as error:
        other = _converted(declared, value)
        if other is None:
            raise
        return declared.parse(other), str(error)
    is_day_alone = isinstance(declared, Instant) and _DAY.fullmatch(value) is not None
    return stored, "a date-time is expected, and midnight UTC was taken" if is_day_alone else ""


def text(value: Any) -> str | None:
    """A whole number as a text; None for what is none."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def whole(value: Any) -> int | None:
    """A text, or a number with a point, as the whole number that it is; None for what is none."""
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else None


def number(value: Any) -> int | float | None:
    """A text as a number, if that has all of its digits; None for what is none."""
    if not isinstance(value, str) or not _NUMBER.fullmatch(value):
        return None
    told = float(value)
    return (
        whole(value) if _WHOLE.fullmatch(value) else told if Decimal(repr(told)) == Decimal(value) else None
    )


def flag(value: Any) -> bool | None:
    """`true` or `false` as a text, however it is capitalised; None for anything else."""
    return _FLAGS.get(value.lower()) if isinstance(value, str) else None


def alone(value: Any) -> list[str] | None:
    """A word as a list of one; None for what may be several, or none."""
    return [value] if isinstance(value, str) and _WORD.fullmatch(value) else None


def day(value: Any) -> str | None:
    """The day of a date-time that says midnight UTC; None for any other."""
    found = _MIDNIGHT.fullmatch(value) if isinstance(value, str) else None
    return found[1] if found else None


def moment(value: Any) -> str | None:
    """A day as its midnight UTC; None for what is none."""
    return f"{value}T00:00:00Z" if isinstance(value, str) and _DAY.fullmatch(value) else None


def _double(value: Any) -> int | float | None:
    told = number(value)
    return told if told is not None and told == float(told) else None


def _texts(value: Any) -> list[Any] | None:
    if not isinstance(value, list):
        return alone(value)
    return [one if (told := text(one)) is None else told for one in value]


_OF: Final[tuple[tuple[type[WireField], Callable[[Any], Any]], ...]] = (
    (Text, text),
    (Whole, whole),
    (Number, _double),
    (Flag, flag),
    (Texts, _texts),
    (Refs, alone),
)


def _converted(declared: WireField, value: Any) -> Any:
    """What `parse` may take in its place, None where there is nothing."""
    return next((convert(value) for kind, convert in _OF if isinstance(declared, kind)), None)
