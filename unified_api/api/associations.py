"""PUT …/associations/{target_class}/{target_object}/{association_type}: two records are associated from now on.

The path says all, so there is no body. What is associated already is answered as it is, and nothing is sent; while that
is being done, a repeated request is answered by the write that does it.
"""

from __future__ import annotations

import uuid
from typing import Any, Final

from django.db import transaction
from django.http import HttpResponse
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from unified_api.api import idempotency, outcomes, reading, writes
from unified_api.api.match_keys import MatchKey
from unified_api.api.openapi import records as components
from unified_api.api.openapi.operation import Operation
from unified_api.api.outcomes import Outcome, envelope
from unified_api.models.base import CommonModel, common_models, model_id
from unified_api.models.crm import AssociationType, CustomObject, CustomObjectClass
from unified_api.sync import journal

#: What a path names behind the object that it begins with.
NAMED: Final = "<str:target_class>/<str:target_object>/<str:association_type>"


def _told(endpoint: reading.ModelEndpoint) -> Operation:
    written = writes.told(endpoint.model, body=None)
    return Operation({**written.answers, 200: components.shown(endpoint.model)}, query=written.query)


class Associate(writes.WritingEndpoint):
    """PUT custom-object-classes/{above}/custom-objects/{id}/associations/{…}/{…}/{…}."""

    is_bare = True
    operations = {"put": _told}

    def put(
        self,
        request: Request,
        above: str,
        id: str,  # noqa: A002 - the path's word
        target_class: str,
        target_object: str,
        association_type: str,
    ) -> HttpResponse:
        """The association of two records, made if there is none."""
        reading.read_above(self, CustomObjectClass, target_class, "")
        to, target = self._target(target_class, target_object)
        named = {
            "source_object": reading.read_above(self, CustomObject, id, above),
            "target_object": target,
            "association_type": reading.read_above(self, AssociationType, association_type, above),
        }
        self.place = {**{name: str(record) for name, record in named.items()}, "target_model": model_id(to)}
        key = MatchKey(self.account, self.model, named)

        def intend(body: dict[str, Any]) -> writes.Intended | Outcome:
            return self._there(key) or writes.intent_of(self, request, body, "create", None)

        def guard(_operation: str) -> None:
            key.lock()
            if key.open_creates() or key.records():
                raise writes.Overtaken

        return writes.once(self, request, {}, intend, guard)

    def body(self) -> dict[str, Any]:
        """What a create without a body says."""
        return {"model": {}}

    def _target(self, of_class: str, text: str) -> tuple[type[CommonModel], uuid.UUID]:
        """The record with this id and its model: a custom object of the class, or a record of a common model."""
        record = reading.parse_id(text)
        with transaction.atomic():
            for model in common_models(self.category):
                if model.objects.filter(id=record, linked_account_id=self.account.id).exists():
                    above = of_class if model is CustomObject else ""
                    return model, reading.read_above(self, model, text, above)
        raise NotFound

    def _there(self, key: MatchKey) -> Outcome | None:
        """The association of a key, where there is one, or the write that is making it."""
        with transaction.atomic():
            under_way, known = key.open_creates(), key.records()
        if known:
            return Outcome(200, envelope(reading.read_one(self, known[0])))
        if not under_way:
            return None
        patience = 0.0 if self.asked(writes.RUN_ASYNC) else idempotency.PATIENCE
        settled = idempotency.wait_for(under_way[0], patience)
        return self._there(key) if settled.state in journal.FINAL else outcomes.pending(settled, [])
