"""What a value must be to stand in a field of a common model, by the field's class.

Coercion is narrow: a number may stand for a text or an id, because providers send ids both ways; nothing else
is guessed. What does not fit raises Unmappable with a reason, and the record is set aside.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any

from django.db import models

from integrations.kit.errors import Unmappable
from integrations.kit.strict import REPLACEMENT, scrub
from unified_api.models.fields import (
    Choice,
    Custom,
    Day,
    Flag,
    Instant,
    Number,
    Ref,
    Refs,
    Shape,
    Text,
    Texts,
    WireField,
)
from unified_api.models.sealed import Sensitive, revealed
from unified_api.models.shapes import Keyed, Shapes

#: From a value that is not null to the one that the field holds.
Coerce = Callable[[Any], Any]
_INT64 = range(-(2**63), 2**63)
#: Longer than any provider's id; beyond it, an index row of Postgres would not fit.
LONGEST_ID = 512
_MAX_TEXT = 4_000_000


def coercion(field: WireField) -> Coerce:
    """How values come into this field; raises TypeError for a class of fields that the kit does not know."""
    if isinstance(field, models.IntegerField):
        return whole
    if isinstance(field, Keyed):
        return _objects(field)
    if isinstance(field, Sensitive):
        return lambda value: field.parse(text(revealed(value)))
    for kind, coerce in _BY_CLASS.items():
        if isinstance(field, kind):
            return coerce
    raise TypeError(f"the kit does not know how to fill a field of class {type(field).__name__}")


def text(value: Any) -> str:
    """A string; numbers are spelled out."""
    if isinstance(value, str):
        if len(value) > _MAX_TEXT:
            raise Unmappable(f"a text of {len(value)} characters is longer than {_MAX_TEXT}")
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unmappable(f"a text is due, a {_name(value)} came")
    return str(value)


def identifier(value: Any) -> str:
    """A remote id: a string that is not empty, or an integer."""
    if isinstance(value, bool | float) or not isinstance(value, str | int):
        raise Unmappable(f"an id is due, a {_name(value)} came")
    name = str(value)
    if not 0 < len(name) <= LONGEST_ID:
        raise Unmappable(f"an id of {len(name)} characters is no id")
    if REPLACEMENT in name:
        raise Unmappable("an id with characters that cannot be stored could be any of several")
    return name


def flag(value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise Unmappable(f"true or false is due, a {_name(value)} came")
    return value


def whole(value: Any) -> int:
    """An integer within 64 bits."""
    if isinstance(value, bool) or not isinstance(value, int) or value not in _INT64:
        raise Unmappable(f"an integer within 64 bits is due, a {_name(value)} came")
    return value


def number(value: Any) -> float:
    """A number that has a value."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unmappable(f"a number is due, a {_name(value)} came")
    try:
        found = float(value)
    except OverflowError:
        found = math.inf
    if not math.isfinite(found):  # JSON has no word for it
        raise Unmappable("a finite number of double precision is due")
    return found


def instant(value: Any) -> datetime:
    """An aware datetime, made UTC."""
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise Unmappable(f"an instant with a zone is due, a {_name(value)} came")
    try:
        return value if value.tzinfo is UTC else value.astimezone(UTC)
    except OverflowError:
        raise Unmappable(f"{value.year} with this zone is out of range") from None


def day(value: Any) -> date:
    """A calendar day."""
    if isinstance(value, datetime) or not isinstance(value, date):
        raise Unmappable(f"a day is due, a {_name(value)} came")
    return value


def identifiers(value: Any) -> list[str]:
    """Remote ids, each once, in the provider's order."""
    return _once([identifier(item) for item in _list(value) if item is not None])


def texts(value: Any) -> list[str]:
    """Strings, each once, in the provider's order."""
    return _once([text(item) for item in _list(value) if item is not None])


def shape(value: Any) -> Any:
    """A list or object, as it is."""
    if not isinstance(value, list | dict):
        raise Unmappable(f"a list or an object is due, a {_name(value)} came")
    return scrub(value)


def _objects(field: Keyed) -> Coerce:
    """Nested objects, each key as a field of its class is filled; of one that the field lacks, the adapter is wrong."""
    keys = {name: coercion(one) for name, one in field.keys.items()}

    def nested(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise Unmappable(f"an object is due, a {_name(value)} came")
        if unknown := sorted(set(value) - set(keys)):
            raise Unmappable(f"{unknown[0]!r} is no key of these objects; known are {', '.join(keys)}")
        return {name: None if told is None else keys[name](told) for name, told in value.items()}

    return (lambda value: [nested(item) for item in _list(value)]) if isinstance(field, Shapes) else nested


def _once(values: list[str]) -> list[str]:
    return list(dict.fromkeys(values)) if len(values) > 1 else values


def _list(value: Any) -> Sequence[Any]:
    if not isinstance(value, list | tuple):
        raise Unmappable(f"a list is due, a {_name(value)} came")
    return value


def _name(value: Any) -> str:
    return type(value).__name__


_BY_CLASS: dict[type[WireField], Coerce] = {
    Custom: scrub,
    Choice: text,
    Text: text,
    Instant: instant,
    Day: day,
    Flag: flag,
    Number: number,
    Ref: identifier,
    Refs: identifiers,
    Texts: texts,
    Shape: shape,
}
