"""Values of common models, derived from their declarations: whatever a caller may send for each field."""

from __future__ import annotations

from typing import Any, Final

from hypothesis import strategies as st

from unified_api.models.base import CommonModel, wire_fields
from unified_api.models.fields import (
    Choice,
    Choices,
    Custom,
    Day,
    Flag,
    Instant,
    Number,
    Ref,
    Refs,
    Text,
    Texts,
    Whole,
    WireField,
)
from unified_api.models.sealed import Sensitive
from unified_api.models.shapes import Nested, Object, Objects, Shapes

Values = st.SearchStrategy[Any]
TEXT: Final = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)
SCALAR: Final = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT
MAPPING: Final = st.dictionaries(TEXT, SCALAR, max_size=3)
#: A record by the id that the pushing product has for it.
RECORD: Final = st.integers(1, 50).map(lambda number: {"remote_id": str(number)})
_SPELLED: Final = "%Y-%m-%dT%H:%M:%S.%fZ"
_MOMENT: Final = st.datetimes().filter(lambda m: 999 < m.year < 9999).map(lambda m: m.strftime(_SPELLED))
_DAY: Final = st.dates().filter(lambda d: 999 < d.year < 9999).map(lambda d: f"{d.isoformat()}T00:00:00Z")
_BY_CLASS: Final[dict[type[WireField], Values]] = {
    Custom: SCALAR,
    Text: TEXT,
    Sensitive: TEXT,
    Instant: _MOMENT,
    Day: _DAY,
    Flag: st.booleans(),
    Whole: st.integers(-(2**63), 2**63 - 1),
    Number: st.floats(allow_nan=False, allow_infinity=False),
    Ref: RECORD,
    Refs: st.lists(RECORD, max_size=3, unique_by=lambda one: one["remote_id"]),
    Texts: st.lists(TEXT, max_size=3, unique=True),
    Object: MAPPING,
    Objects: st.lists(MAPPING, max_size=2),
}


def of_model(model: type[CommonModel]) -> Values:
    """Some fields of a model, each with a value or null."""
    fields = wire_fields(model).items()
    return st.fixed_dictionaries({}, optional={name: st.none() | of_field(field) for name, field in fields})


def of_field(field: WireField) -> Values:
    """A value of a field, as a caller sends it; raises LookupError for a class that is new here."""
    if isinstance(field, Choice):
        return st.sampled_from(field.words) | TEXT
    if isinstance(field, Choices):
        return st.lists(st.sampled_from(field.words), max_size=3, unique=True)
    if isinstance(field, Object) and field.of is not None:
        return st.dictionaries(TEXT, st.none() | of_field(field.of), max_size=3)
    if isinstance(field, Nested):
        return _object(field)
    if isinstance(field, Shapes):
        return st.lists(_object(field), max_size=2)
    for kind, values in _BY_CLASS.items():
        if isinstance(field, kind):
            return values
    raise LookupError(f"no values are known for a field of class {type(field).__name__}")


def _object(field: Nested | Shapes) -> Values:
    return st.fixed_dictionaries({}, optional={n: st.none() | of_field(one) for n, one in field.keys.items()})
