"""`remote_fields` of records: what their provider's answers have in its own fields, each with its class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from integrations.kit.paths import MISSING, dig
from tenants.models import LinkedAccount
from unified_api.api import raw_answers
from unified_api.api.openapi.field_classes import KEYS
from unified_api.api.render import Record
from unified_api.models.base import CommonModel
from unified_api.models.crm import CustomObject
from unified_api.sync import field_classes
from unified_api.sync.models_fields import RemoteFieldClass


def shown(one: RemoteFieldClass) -> dict[str, Any]:
    """A class as the wire contract has it."""
    return {name: getattr(one, name) for name in KEYS}


def show(
    account: LinkedAccount, model: type[CommonModel], page: Sequence[Record], raw: Mapping[str, Any]
) -> None:
    """Put `remote_fields` into the records of a page; raw: by record what its provider answered, if it may be read."""
    classes = field_classes.of(account, model) if page else []
    of_object = model is CustomObject
    for record in page:
        mine = [one for one in classes if not of_object or str(one.object_class) == record["object_class"]]
        found = (
            _in_fields(mine, record)
            if of_object
            else _in_answers(account, model, mine, raw.get(record["id"]))
        )
        record["remote_fields"] = [{"remote_field_class": shown(one), "value": value} for one, value in found]


def _in_fields(classes: Sequence[RemoteFieldClass], record: Record) -> Iterator[tuple[RemoteFieldClass, Any]]:
    """A custom object has its values by their keys."""
    told = orjson.loads(orjson.dumps(record["fields"])) or {}  # it comes as it is stored, a text
    return ((one, told[one.remote_key_name]) for one in classes if one.remote_key_name in told)


def _in_answers(
    account: LinkedAccount, model: type[CommonModel], classes: Sequence[RemoteFieldClass], told: Any
) -> Iterator[tuple[RemoteFieldClass, Any]]:
    resource = raw_answers.resource_of(account, model)
    if resource is None or resource.field_classes is None:
        return
    for one in classes:
        place = resource.field_classes.place(one.remote_key_name)
        values = (dig(answer["data"], place) for answer in told or ())
        found = next((value for value in values if value is not MISSING), MISSING)
        if found is not MISSING:
            yield one, found
