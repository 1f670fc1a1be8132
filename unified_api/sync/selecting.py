"""Selective sync: which records of an account are taken in, by what they say.

A record that was never wanted is not stored. One that is known goes on being read, whatever it says later: nobody is
shown an old state of it. Where the adapter can ask for the wanted ones alone, the first run of a stream, which knows of
no others, does so.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from django.db import transaction

from integrations.kit.observation import Observation
from integrations.kit.provider import Resource
from tenants.models import LinkedAccount
from unified_api.models.base import CommonModel, model_id, relations, wire_fields
from unified_api.models.fields import Malformed, WireField
from unified_api.sync import clock, store
from unified_api.sync.models_account import SyncCondition

Compare = Callable[[Any, Any], bool]
VALUE: Final = "value"


def _contains(known: Any, wanted: Any) -> bool:
    return wanted in known if isinstance(known, str | list) and isinstance(wanted, str) else False


def _within(known: Any, days: Any) -> bool:
    now = clock.now()
    moment = known if isinstance(known, dt.datetime) else dt.datetime.combine(known, dt.time(), dt.UTC)
    return now - dt.timedelta(days=days) <= moment <= now


def _items(known: Any) -> set[Any]:
    return set(known) if isinstance(known, list) else set() if known is None else {known}


#: What each operator says of a value that is there; of nothing, only those that deny hold.
OPERATORS: Final[Mapping[str, Compare]] = {
    "CONTAINS": _contains,
    "EQUALS": lambda known, wanted: bool(known == wanted),
    "GREATER_THAN": lambda known, wanted: bool(known > wanted),
    "GREATER_THAN_OR_EQUAL_TO": lambda known, wanted: bool(known >= wanted),
    "HAS_ALL_OF": lambda known, wanted: _items(known) >= set(wanted),
    "HAS_NONE_OF": lambda known, wanted: not _items(known) & set(wanted),
    "IS_ONE_OF": lambda known, wanted: known in wanted,
    "LESS_THAN": lambda known, wanted: bool(known < wanted),
    "LESS_THAN_OR_EQUAL_TO": lambda known, wanted: bool(known <= wanted),
    "NOT_EQUALS": lambda known, wanted: bool(known != wanted),
    "WITHIN": _within,
}
_DENIALS: Final = frozenset({"HAS_NONE_OF", "NOT_EQUALS"})
_OF_SEVERAL: Final = frozenset({"HAS_ALL_OF", "HAS_NONE_OF", "IS_ONE_OF"})
_ORDERED: Final = frozenset(name for name in OPERATORS if name.startswith(("GREATER", "LESS")))


def check(model: type[CommonModel], field: str, operator: str, told: Any) -> None:
    """Raise Malformed for what can be no condition."""
    fields = wire_fields(model)
    if field not in fields or field in relations(model) or fields[field].sensitive:
        raise Malformed(f"{model_id(model)} cannot be selected by {field!r}")
    if operator not in OPERATORS:
        raise Malformed(f"{operator!r} is no operator; known are {', '.join(OPERATORS)}")
    if (operator in _OF_SEVERAL) != isinstance(told, list):
        raise Malformed(f"{operator} takes {'a list' if operator in _OF_SEVERAL else 'one value'}")
    if operator == "WITHIN" and (type(told) is not int or not 0 < told < 36_500):  # noqa: PLR2004 - a century
        raise Malformed("WITHIN takes a number of days")
    wanted = _wanted(fields[field], operator, told)
    if operator in _ORDERED | {"WITHIN"} and (isinstance(wanted, str | bool | list) or wanted is None):
        raise Malformed(f"{operator} compares numbers, days and times; {field} is none of these")


def _wanted(field: WireField, operator: str, told: Any) -> Any:
    """What to compare with, as an observation has it; raises Malformed."""
    if operator in {"CONTAINS", "WITHIN"}:
        return told
    if operator in {"HAS_ALL_OF", "HAS_NONE_OF"}:
        if any(isinstance(one, list | dict) for one in told):
            raise Malformed(f"{operator} takes a list of plain values")
        return told
    return [field.parse(one) for one in told] if isinstance(told, list) else field.parse(told)


class Selection:
    """What of an account's records is taken in."""

    def __init__(self, conditions: Iterable[SyncCondition]) -> None:
        self._by_model: dict[str, list[tuple[str, str, Any]]] = {}
        for one in conditions:
            self._by_model.setdefault(one.model, []).append((one.field, one.operator, one.value[VALUE]))

    @property
    def is_everything(self) -> bool:
        """Whether all records are wanted."""
        return not self._by_model

    @classmethod
    def of(cls, account: LinkedAccount) -> Selection:
        """The selection of an account, as it is now."""
        with transaction.atomic():
            return cls(SyncCondition.objects.filter(linked_account_id=account.id).order_by("id"))

    def wants(self, seen: Observation) -> bool:
        """Whether all conditions of its model hold for what was seen."""
        fields = wire_fields(seen.model)
        return all(
            _holds(seen.values.get(name), operator, _wanted(fields[name], operator, told))
            for name, operator, told in self._by_model.get(model_id(seen.model), ())
        )

    def of_page(self, account: LinkedAccount, page: Iterable[Observation]) -> list[Observation]:
        """What of a page is taken in, and of what stands inside its records."""
        seen = list(page)
        left = [one for outer in seen for one in (outer, *outer.embedded) if not self.wants(one)]
        unknown = {id(one) for one in left} - _known(account, left)
        return [
            replace(outer, embedded=tuple(inner for inner in outer.embedded if id(inner) not in unknown))
            for outer in seen
            if id(outer) not in unknown
        ]

    def pushed(self, resource: Resource) -> Resource:
        """The resource whose list asks the provider for the wanted records, as far as it can be asked."""
        told = self._by_model.get(model_id(resource.model), ())
        return resource.selected([one for one in told if one[:2] in resource.selects])


def _holds(known: Any, operator: str, wanted: Any) -> bool:
    if known is None:
        return operator in _DENIALS
    return OPERATORS[operator](known, wanted)


def _known(account: LinkedAccount, seen: Sequence[Observation]) -> set[int]:
    """Which of these observations are of records that are stored."""
    found: set[int] = set()
    for model in {one.model for one in seen}:
        with transaction.atomic():
            mine = store.Store(account.id, None)
            ids = {id(one): mine.record_of(model, one.remote_id) for one in seen if one.model is model}
            rows = model.objects.filter(id__in={*ids.values()}, is_shell=False).values_list("id", flat=True)
            there = set(rows)
        found |= {place for place, record in ids.items() if record in there}
    return found
