"""Selective sync: which records of the account are taken in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.db import transaction
from django.http import HttpResponse
from rest_framework.request import Request

from unified_api.api import bodies
from unified_api.api.account.scopes import model_named, names_of
from unified_api.api.endpoint import Endpoint
from unified_api.api.errors import answer, malformed
from unified_api.api.openapi.operation import Operation, answers
from unified_api.api.openapi.schema import ANY, ID, TEXT, any_of, keyed, many, maybe, named, record, word
from unified_api.models.base import CommonModel, common_model, common_models, model_id
from unified_api.models.fields import Malformed
from unified_api.sync import clock, comparing, conditions
from unified_api.sync.models_account import SyncCondition

_SAID: Final = {"common_model": TEXT, "normalized_key_name": TEXT}
_OPERATOR: Final = {"operator": word(*comparing.OPERATORS)}
_CONDITION: Final = named(
    "SelectiveSyncCondition",
    record({"id": ID, **_SAID, "remote_key_name": maybe(TEXT), **_OPERATOR, "value": keyed(ANY)}),
)
_LIST: Final = record({"results": many(_CONDITION)})
_CONDITIONS: Final = "conditions"


def _conditions(models: Iterable[type[CommonModel]]) -> bodies.Key[list[dict[str, Any]]]:
    """What a body says that records of these models have to say."""
    said = {**_SAID, "common_model": names_of(models), **_OPERATOR}
    about = f'All of a model have to hold. `value`: what to compare with, or `{{"value": …}}`; {comparing.MOST_VALUES}'
    about += " values at most. An operator has to fit the field."
    item = record({**said, "value": any_of(keyed(ANY), ANY)})
    return bodies.objects(_CONDITIONS, about, item, most=comparing.MOST)


class Conditions(Endpoint):
    """GET selective-sync/conditions, and PUT of ours: the contract has no way to set them."""

    tag = "accounts"
    operations = {
        "get": answers(_LIST),
        "put": lambda endpoint: Operation({200: _LIST}, body=bodies.body(_conditions(endpoint.models()))),
    }

    def models(self) -> list[type[CommonModel]]:
        """The models of which records can be selected."""
        return [model for model in common_models(self.category) if model.wire.contract]

    def get(self, _request: Request) -> HttpResponse:
        """What records have to say to be taken in."""
        with transaction.atomic():
            rows = SyncCondition.objects.filter(linked_account_id=self.account.id)
            return _shown(list(rows.order_by("model", "field", "id")))

    def put(self, _request: Request) -> HttpResponse:
        """Say it anew; what is said of a model anew has it read again from the start."""
        models = self.models()
        wanted = [self._condition(one, models) for one in _conditions(models).of(self.body())]
        with transaction.atomic():
            conditions.set_for(self.account, wanted)
        return _shown(sorted(wanted, key=lambda one: (one.model, one.field, one.id)))

    def _condition(self, told: Mapping[str, Any], models: list[type[CommonModel]]) -> SyncCondition:
        model = model_named(told.get("common_model"), models, _CONDITIONS)
        field, operator = (str(told.get(name)) for name in ("normalized_key_name", "operator"))
        value = told.get(comparing.VALUE)
        value = value.get(comparing.VALUE) if isinstance(value, dict) else value
        try:
            comparing.Condition.of(model, field, operator, value)
        except Malformed as error:
            raise malformed(_CONDITIONS, str(error)) from error
        return SyncCondition(
            linked_account_id=self.account.id,
            model=model_id(model),
            field=field,
            operator=operator,
            value={comparing.VALUE: value},
            created_at=clock.now(),
        )


def _shown(rows: list[SyncCondition]) -> HttpResponse:
    return answer(
        {
            "results": [
                {
                    "id": str(row.id),
                    "common_model": common_model(row.model).__name__,
                    "normalized_key_name": row.field,
                    "remote_key_name": None,
                    "operator": row.operator,
                    "value": row.value,
                }
                for row in rows
            ]
        }
    )
