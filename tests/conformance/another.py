"""Values that differ from what is there, to be refused."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, Final

from tenants.vault import Secret
from unified_api.models.fields import (
    Choice,
    Choices,
    Day,
    Flag,
    Instant,
    Number,
    Ref,
    Refs,
    Shape,
    Texts,
    Whole,
    WireField,
)
from unified_api.models.sealed import Sensitive
from unified_api.models.shapes import Object, Objects, Shapes

#: Two of each kind; the more special kinds stand first.
_TWO: Final[tuple[tuple[Any, tuple[Any, Any]], ...]] = (
    (Sensitive, (Secret("one"), Secret("two"))),
    (Shapes, ([{}], [])),
    (Objects, ([{"one": "two"}], [])),
    (Object, ({"one": "two"}, {})),
    (Shape, ({}, {"one": "two"})),
    (Refs | Texts, (["4711"], ["4712"])),
    (Ref, ("4711", "4712")),
    (Flag, (True, False)),
    (Instant, (datetime(2001, 2, 3, tzinfo=UTC), datetime(2001, 2, 4, tzinfo=UTC))),
    (Day, (date(2001, 2, 3), date(2001, 2, 4))),
    (Whole, (4711, 4712)),
    (Number, (47.5, 48.5)),
)


def another(field: WireField, value: Any) -> Any:
    """A value of a field that is not this one."""
    if isinstance(field, Choices):
        two: tuple[Any, ...] = ([field.words[0]], [field.words[-1]])
    elif isinstance(field, Choice):
        two = (field.words[0], field.words[-1])
    else:
        two = next((found for kind, found in _TWO if isinstance(field, kind)), ("one text", "another"))
    return two[1] if two[0] == value else two[0]
