"""Selective sync: which records of an account are taken in, by what they say.

A record that was never wanted is not stored. One that is known goes on being read, whatever it says later: nobody is
shown an old state of it. Where the adapter can ask for the wanted ones alone, the first run of a stream, which knows of
no others, does so. A page that does not speak of a field says nothing about it: then the record is read by its id,
where that can be, and what this answer does not speak of either counts as null. A field that scopes disable decides all
the same, and is not stored; where what it says cannot be understood, the record is not wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import structlog
from django.db import transaction

from integrations.kit import errors
from integrations.kit.observation import Observation
from integrations.kit.paths import MISSING
from integrations.kit.provider import Resource
from tenants.models import LinkedAccount
from unified_api.models.base import common_model, model_id
from unified_api.models.fields import Malformed
from unified_api.sync import store
from unified_api.sync.comparing import VALUE, Condition
from unified_api.sync.models_account import SyncCondition

log = structlog.get_logger(__name__)
_UNREADABLE: Final = object()


@dataclass(frozen=True)
class ById:
    """How a record is read, and taken in if it is wanted. fields: of which an answer may speak."""

    read: Callable[[str], object]
    fields: frozenset[str]


class Selection:
    """What of an account's records is taken in."""

    def __init__(self, conditions: Iterable[SyncCondition]) -> None:
        self._told: dict[str, list[SyncCondition]] = {}
        for one in conditions:
            self._told.setdefault(one.model, []).append(one)
        self._understood: dict[str, list[Condition]] = {}

    @property
    def is_everything(self) -> bool:
        """Whether all records are wanted."""
        return not self._told

    @classmethod
    def of(cls, account: LinkedAccount) -> Selection:
        """The selection of an account, as it is now."""
        with transaction.atomic():
            return cls(SyncCondition.objects.filter(linked_account_id=account.id).order_by("id"))

    def wants(self, seen: Observation) -> bool:
        """Whether all conditions of its model hold for what was seen."""
        return all(_holds(one, seen) for one in self._conditions(model_id(seen.model)))

    def of_record(self, account: LinkedAccount, seen: Observation) -> Sequence[Observation]:
        """What is taken in of one record that was read."""
        return (seen,) if self.is_everything else self.of_page(account, (seen,))

    def of_page(
        self,
        account: LinkedAccount,
        page: Iterable[Observation],
        by_id: ById | None = None,
    ) -> list[Observation]:
        """What of a page is taken in, and of what stands inside its records.

        by_id: for records of which the page says too little.
        """
        seen = list(page)
        if by_id is not None:
            unclear = self._unclear(account, seen, by_id.fields)
            for remote_id in unclear:
                by_id.read(remote_id)
            seen = [one for one in seen if one.remote_id not in unclear]
        left = [one for outer in seen for one in (outer, *outer.embedded) if not self.wants(one)]
        unknown = {id(one) for one in left} - _known(account, left)
        return [
            replace(outer, embedded=tuple(inner for inner in outer.embedded if id(inner) not in unknown))
            for outer in seen
            if id(outer) not in unknown
        ]

    def pushed(self, resource: Resource) -> Resource:
        """The resource whose list asks the provider for the wanted records, as far as it can be asked."""
        told = [(one.field, one.operator, one.told) for one in self._conditions(model_id(resource.model))]
        return resource.selected([one for one in told if one[:2] in resource.selects])

    def _unclear(
        self, account: LinkedAccount, page: Sequence[Observation], fields: frozenset[str]
    ) -> dict[str, None]:
        """The ids of records that are not known, and are wanted or not by what the page does not say of them."""
        seen = [one for one in page if self._is_open(one, fields)]
        known = _known(account, seen)
        return {one.remote_id: None for one in seen if id(one) not in known}

    def _is_open(self, seen: Observation, fields: frozenset[str]) -> bool:
        conditions = self._conditions(model_id(seen.model))
        left = [one for one in conditions if one.field not in fields or _said(seen, one.field) is not MISSING]
        return len(left) < len(conditions) and all(_holds(one, seen) for one in left)

    def _conditions(self, model: str) -> list[Condition]:
        """What is said of a model, understood once; raises Misconfigured for what was stored and is none."""
        if model not in self._understood:
            self._understood[model] = [_understood(one) for one in self._told.get(model, ())]
        return self._understood[model]


def _understood(told: SyncCondition) -> Condition:
    try:
        return Condition.of(common_model(told.model), told.field, told.operator, told.value[VALUE])
    except Malformed as error:
        sentence = f"The selective sync of {told.model} cannot be understood, set it anew: {error}"
        raise errors.Misconfigured(sentence) from error


def _holds(one: Condition, seen: Observation) -> bool:
    said = _said(seen, one.field)
    return said is not _UNREADABLE and one.holds(None if said is MISSING else said)


def _said(seen: Observation, name: str) -> Any:
    try:
        return seen.said(name)
    except errors.Unmappable:
        log.warning("selection.unreadable", model=model_id(seen.model), remote_id=seen.remote_id, field=name)
        return _UNREADABLE


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
