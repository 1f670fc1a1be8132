"""Conditions of selective sync: what a field of a record has to say, by the eleven operators of the wire contract."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import orjson

from unified_api.models.base import CommonModel, model_id, relations, wire_fields
from unified_api.models.fields import (
    Flag,
    Malformed,
    Number,
    Shape,
    Temporal,
    Text,
    Whole,
    WireArray,
    WireField,
)
from unified_api.sync import clock

VALUE: Final = "value"
#: Conditions of an account, values of one condition, and bytes of these as JSON: each record is held against them all.
MOST: Final = 100
MOST_VALUES: Final = 100
_MOST_BYTES: Final = 20_000
#: Days, a century of them.
_DAYS: Final = range(1, 36_500)


def _within(known: Any, days: Any) -> bool:
    now = clock.now()
    moment = known if isinstance(known, dt.datetime) else dt.datetime.combine(known, dt.time(), dt.UTC)
    return now - dt.timedelta(days=days) <= moment <= now


def _items(known: Any) -> set[Any]:
    return set(known) if isinstance(known, list) else {known}


#: What each operator says of a value that is there; of nothing, only those that deny hold.
OPERATORS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "CONTAINS": lambda known, wanted: wanted in known,
    "EQUALS": lambda known, wanted: bool(known == wanted),
    "GREATER_THAN": lambda known, wanted: bool(known > wanted),
    "GREATER_THAN_OR_EQUAL_TO": lambda known, wanted: bool(known >= wanted),
    "HAS_ALL_OF": lambda known, wanted: _items(known).issuperset(wanted),
    "HAS_NONE_OF": lambda known, wanted: _items(known).isdisjoint(wanted),
    "IS_ONE_OF": lambda known, wanted: known in wanted,
    "LESS_THAN": lambda known, wanted: bool(known < wanted),
    "LESS_THAN_OR_EQUAL_TO": lambda known, wanted: bool(known <= wanted),
    "NOT_EQUALS": lambda known, wanted: bool(known != wanted),
    "WITHIN": _within,
}
_DENIALS: Final = frozenset({"HAS_NONE_OF", "NOT_EQUALS"})
_OF_SEVERAL: Final = frozenset({"HAS_ALL_OF", "HAS_NONE_OF", "IS_ONE_OF"})
_OF_ITEMS: Final = frozenset({"CONTAINS", "HAS_ALL_OF", "HAS_NONE_OF"})
_ORDERED: Final = frozenset(name for name in OPERATORS if name.startswith(("GREATER", "LESS")))
_SAME: Final = frozenset({"EQUALS", "NOT_EQUALS", "IS_ONE_OF"})
_PLAIN: Final = _SAME | {"HAS_ALL_OF", "HAS_NONE_OF"}
#: By which operators the fields of each class are compared. Nested objects are the same or not, and nothing else.
_TAKES: Final[tuple[tuple[type[WireField], frozenset[str]], ...]] = (
    (Text, _PLAIN | {"CONTAINS"}),
    (Flag, _PLAIN),
    (Whole, _PLAIN | _ORDERED),
    (Number, _PLAIN | _ORDERED),
    (Temporal, _PLAIN | _ORDERED | {"WITHIN"}),
    (WireArray, _OF_ITEMS | {"IS_ONE_OF"}),
    (Shape, _SAME),
)


@dataclass(frozen=True)
class Condition:
    """What a field has to say. told: what to compare with as JSON has it; wanted: as an observation has it."""

    field: str
    operator: str
    told: Any
    wanted: Any

    @classmethod
    def of(cls, model: type[CommonModel], field: str, operator: str, told: Any) -> Self:
        """Understand one; raises Malformed for what can be none."""
        fields, name = wire_fields(model), model_id(model)
        if field not in fields or field in relations(model) or fields[field].sensitive:
            raise Malformed(f"{name} cannot be selected by {field!r}")
        if operator not in OPERATORS:
            raise Malformed(f"{operator!r} is no operator; known are {', '.join(OPERATORS)}")
        takes = next((able for kind, able in _TAKES if isinstance(fields[field], kind)), _SAME)
        if operator not in takes:
            can = ", ".join(one for one in OPERATORS if one in takes)
            raise Malformed(f"{name}.{field} cannot be compared by {operator}; it can by {can}")
        try:
            return cls(field, operator, told, _wanted(fields[field], operator, told))
        except Malformed as error:
            raise Malformed(f"{name}.{field} {operator}: {error}") from error

    def holds(self, known: Any) -> bool:
        """Whether the field says it by this value; null is nothing."""
        return holds(known, self.operator, self.wanted)


def holds(known: Any, operator: str, wanted: Any) -> bool:
    """Whether a value is what an operator wants; null is nothing."""
    return operator in _DENIALS if known is None else OPERATORS[operator](known, wanted)


def _wanted(field: WireField, operator: str, told: Any) -> Any:
    """What to compare with, as an observation has it; raises Malformed."""
    if len(orjson.dumps(told)) > _MOST_BYTES:
        raise Malformed(f"at most {_MOST_BYTES} bytes of JSON can be compared with")
    if operator == "WITHIN":
        if type(told) is not int or told not in _DAYS:
            raise Malformed(f"a number of days from {_DAYS.start} to {_DAYS.stop - 1} is expected")
        return told
    parse = field.parse_item if isinstance(field, WireArray) and operator in _OF_ITEMS else field.parse
    if operator not in _OF_SEVERAL:
        if isinstance(told, list):
            raise Malformed("one value is expected, and no list")
        return parse(told)
    if not isinstance(told, list) or len(told) > MOST_VALUES:
        raise Malformed(f"a list of at most {MOST_VALUES} values is expected")
    return [parse(one) for one in told]
