"""Which records take part in a bridge: conditions on their fields, as data.

    {"tags": {"has": "engineering"}, "status": {"in": ["OPEN", "ON_HOLD"]},
     "any": [{"priority": {"is": "URGENT"}}, {"due_date": {"before": "2027-01-01T00:00:00Z"}}]}

All conditions of a filter must hold, and of each `any` at least one alternative, which is a filter of its own. Values
are compared in their normal form, in any case unless the field's conditions name another `normalizer`; the value
itself is never changed. A field that a record does not speak of is blank.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from unified_api.engine.normal import NORMALIZERS, blank, normal
from unified_api.engine.policy import PolicyError
from unified_api.engine.values import Value, Values

ANY: Final = "any"
NORMALIZER: Final = "normalizer"
USUAL: Final = "case"


class Operator(StrEnum):
    """How a condition asks.

    IS, NOT: the value is this one, or is not. IN: it is one of these. HAS, LACKS: the list holds this word, or does
    not. BLANK: it says nothing, or something. BEFORE, AFTER: the moment or day is earlier or later, and is there.
    """

    IS = "is"
    NOT = "not"
    IN = "in"
    HAS = "has"
    LACKS = "lacks"
    BLANK = "blank"
    BEFORE = "before"
    AFTER = "after"


NEGATIONS: Final = {Operator.NOT: Operator.IS, Operator.LACKS: Operator.HAS}


@dataclass(frozen=True, slots=True)
class Condition:
    """What is asked of one field: operators with what they compare to; all must hold."""

    field: str
    tests: Mapping[Operator, Value]
    normalizer: str = USUAL

    def holds(self, value: Value) -> bool:
        """Whether a value passes all of them."""
        return all(self._passes(operator, value, told) for operator, told in self.tests.items())

    def _passes(self, operator: Operator, value: Value, told: Value) -> bool:
        if operator in NEGATIONS:
            return not self._passes(NEGATIONS[operator], value, told)
        match operator:
            case Operator.IS:
                return self._same(value, told)
            case Operator.IN:
                return self._holds(told, value)
            case Operator.HAS:
                return self._holds(value, told)
            case Operator.BLANK:
                return blank(value) is told
        moment, limit = _moment(value), _moment(told)
        return _precedes(moment, limit) if operator is Operator.BEFORE else _precedes(limit, moment)

    def _same(self, one: Value, other: Value) -> bool:
        return normal(one, self.normalizer) == normal(other, self.normalizer)

    def _holds(self, words: Value, word: Value) -> bool:
        return isinstance(words, list) and any(self._same(one, word) for one in words)


@dataclass(frozen=True, slots=True)
class Filter:
    """Conditions that all must hold, and alternatives of which one must; without any, every record is wanted."""

    conditions: tuple[Condition, ...] = ()
    alternatives: tuple[Filter, ...] = ()

    @classmethod
    def parse(cls, data: Mapping[str, Any], place: str = "filter") -> Filter:
        """Read a configuration; raises PolicyError, which names the place of the mistake under `place`."""
        _mapping(data, place, "maps names of fields to conditions")
        conditions = (_condition(name, told, f"{place}.{name}") for name, told in data.items() if name != ANY)
        return cls(tuple(conditions), _alternatives(data[ANY], f"{place}.{ANY}") if ANY in data else ())

    def as_data(self) -> dict[str, Any]:
        """The JSON form that `parse` reads."""
        data: dict[str, Any] = {one.field: _condition_data(one) for one in self.conditions}
        alternatives = [one.as_data() for one in self.alternatives]
        return data | ({ANY: alternatives} if alternatives else {})

    def wants(self, values: Values) -> bool:
        """Whether a record takes part."""
        return all(one.holds(values.get(one.field)) for one in self.conditions) and (
            not self.alternatives or any(one.wants(values) for one in self.alternatives)
        )

    def about(self, name: str) -> Filter:
        """What it asks of one field in any case."""
        return Filter(tuple(one for one in self.conditions if one.field == name))

    def reads(self) -> frozenset[str]:
        """The fields that it asks about."""
        inner = (one.reads() for one in self.alternatives)
        return frozenset(one.field for one in self.conditions).union(*inner)


def _condition(name: str, told: Any, place: str) -> Condition:
    _mapping(told, place, "maps ways to ask to what is compared")
    normalizer = told.get(NORMALIZER, USUAL)
    if normalizer not in NORMALIZERS:
        raise PolicyError(f"{place}.{NORMALIZER}: {normalizer!r} is none of {', '.join(NORMALIZERS)}")
    tests = {_operator(key, place): value for key, value in told.items() if key != NORMALIZER}
    if not tests:
        raise PolicyError(f"{place}: nothing is asked; possible are {', '.join(Operator)}")
    for operator, value in tests.items():
        _check(operator, value, f"{place}.{operator}")
    return Condition(name, tests, normalizer)


def _condition_data(one: Condition) -> dict[str, Any]:
    normalizer = {} if one.normalizer == USUAL else {NORMALIZER: one.normalizer}
    return {**{operator.value: told for operator, told in one.tests.items()}, **normalizer}


def _operator(key: str, place: str) -> Operator:
    try:
        return Operator(key)
    except ValueError:
        raise PolicyError(
            f"{place}: unknown condition {key!r}; possible are {', '.join([*Operator, NORMALIZER])}"
        ) from None


def _check(operator: Operator, value: Any, place: str) -> None:
    if operator is Operator.IN and not isinstance(value, list):
        raise PolicyError(f"{place}: {value!r} is no list of values")
    if operator in {Operator.HAS, Operator.LACKS} and isinstance(value, list | dict):
        raise PolicyError(f"{place}: {value!r} is no single word")
    if operator is Operator.BLANK and not isinstance(value, bool):
        raise PolicyError(f"{place}: {value!r} is neither true nor false")
    if operator in {Operator.BEFORE, Operator.AFTER} and _moment(value) is None:
        raise PolicyError(
            f"{place}: {value!r} is no moment; write 2027-01-31, or 2027-01-31T12:00:00Z with its zone"
        )


def _alternatives(data: Any, place: str) -> tuple[Filter, ...]:
    if not isinstance(data, Sequence) or isinstance(data, str) or not data:
        raise PolicyError(f"{place}: {data!r} is no list of alternatives")
    return tuple(Filter.parse(one, f"{place}[{number}]") for number, one in enumerate(data))


def _mapping(data: Any, place: str, meaning: str) -> None:
    if not isinstance(data, Mapping):
        raise PolicyError(f"{place}: {data!r} is no mapping; it {meaning}")


def _moment(value: Any) -> datetime | None:
    """A moment with its zone, or a day as its first moment in UTC; None for anything else."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    if moment is None or moment.tzinfo is not None:
        return moment
    return moment.replace(tzinfo=UTC) if len(str(value)) == len("YYYY-MM-DD") else None


def _precedes(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and other is not None and one < other
