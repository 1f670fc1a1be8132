"""PUT …/associations/{target_class}/{target_object}/{association_type}: two records are associated from now on.

The path says all, so there is no body. What is associated already is answered as it is, and nothing is sent.
"""

from __future__ import annotations

import uuid
from typing import Any, Final

from django.db import transaction
from django.http import HttpResponse
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from unified_api.api import reading, writes
from unified_api.api.errors import answer
from unified_api.api.openapi import records as components
from unified_api.api.openapi.operation import Operation
from unified_api.models.base import CommonModel, common_models, model_id
from unified_api.models.crm import Association, AssociationType, CustomObject, CustomObjectClass

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
        if (known := self._known(named)) is not None:
            return answer(reading.read_one(self, known))
        self.place = {**{name: str(record) for name, record in named.items()}, "target_model": model_id(to)}
        return writes.create(self, request)

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

    def _known(self, named: dict[str, uuid.UUID]) -> uuid.UUID | None:
        """The association of these, where there is one."""
        with transaction.atomic():
            mine = Association.objects.filter(linked_account_id=self.account.id, remote_was_deleted=False)
            found: uuid.UUID | None = mine.filter(**named).values_list("id", flat=True).first()
        return found
