"""How records of the company's own kinds can be associated: with each other, and with contacts, companies and deals.

A type is of two kinds, in one direction: its id is `2-3456:0-1:USER_DEFINED:37`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import quote

from integrations.kit.endpoints import GET, Api
from integrations.kit.errors import ProviderError, Rejected, Uncertain
from integrations.kit.lenses import at, ref
from integrations.kit.mapping import Mapping
from integrations.kit.paths import dig
from integrations.kit.provider import Resource
from integrations.kit.session import beside
from integrations.providers.hubspot.schemas import ID, LISTED, STANDARD, schema_of, targets_of
from unified_api.models.crm import AssociationType

#: Of types that somebody has made.
_MADE: Final = "USER_DEFINED"
#: Under which a schema is told of which class a create is.
_OF: Final = "source_class"
_PARTS: Final = 4


@dataclass(frozen=True)
class TypeId:
    """What stands in the id of a type: two kinds, and the vendor's number with what it is one of."""

    source: str
    target: str
    category: str
    number: str

    @classmethod
    def of(cls, remote_id: str) -> TypeId | None:
        """That of an id; None of what is none."""
        parts = remote_id.split(":")
        return cls(*parts) if len(parts) == _PARTS and all(parts) else None

    def __str__(self) -> str:
        return f"{self.source}:{self.target}:{self.category}:{self.number}"

    def as_data(self) -> dict[str, Any]:
        """As it is written."""
        return {"associationCategory": self.category, "associationTypeId": int(self.number)}


def _labels(source: str, target: str) -> str:
    return f"/crm/v4/associations/{quote(source, safe='')}/{quote(target, safe='')}/labels"


def _class(number: str) -> dict[str, str]:
    return {"id": number, "origin_type": "COMMON_MODEL" if number in STANDARD else "CUSTOM_OBJECT"}


def _between(api: Api, schema: Any, target: str) -> Iterator[dict[str, Any]]:
    """The types of two kinds: the labels tell what they are called, and the schema names them."""
    names = {str(one["id"]): one.get("name") for one in schema["associations"]}
    with beside("the labels of associations"):
        labels = api.get(_labels(schema[ID], target))["results"]
    for told in labels:
        number = str(told["typeId"])
        yield {
            "id": str(TypeId(schema[ID], target, told["category"], number)),
            "from": schema[ID],
            "source": _class(schema[ID]),
            "targets": [_class(target)],
            "name": names.get(number),
            "label": told.get("label"),
        }


def _types(api: Api, schemas: list[Any]) -> list[Any]:
    return [one for schema in schemas for to in targets_of(schema) for one in _between(api, schema, to)]


def _of_class(api: Api, schemas: list[Any]) -> list[Any]:
    return _types(api, [schema for schema in schemas if schema[ID] == schema[_OF]])


def _find(api: Api, remote_id: str) -> Any:
    told = TypeId.of(remote_id)
    schema = schema_of(api, told.source) if told else None
    if told is None or schema is None or told.target not in targets_of(schema):
        return None
    return next((one for one in _between(api, schema, told.target) if one["id"] == remote_id), None)


def _make(api: Api, body: dict[str, Any]) -> str:
    """A label: of the numbers that it gets, one in each direction, that of the direction which is meant."""
    source, targets = body["from"], [one.get("id") for one in body["targets"]]
    if (dig(body, "source.id") or source) != source:
        raise Rejected("two classes", fields={"source": "is another class than the one that it is made for"})
    if len(targets) != 1 or not targets[0]:
        raise Rejected("a type is of two classes there", fields={"targets": "have to be one class"})
    path = _labels(source, targets[0])
    made = api.send("POST", path, {"label": body["label"], "name": body["name"]})["results"]
    numbers = {one["typeId"] for one in made}
    try:
        there = api.get(path)["results"]
    except ProviderError as error:
        raise Uncertain(f"it was made, but is not shown: {error}") from error
    number = next(one["typeId"] for one in there if one["typeId"] in numbers)
    return str(TypeId(source, targets[0], _MADE, str(number)))


association_types = Resource(
    mapping=Mapping(
        AssociationType,
        source_class=ref("from", create_only=True),
        source_object_class=at("source", create_only=True),
        target_object_classes=at("targets", create_only=True),
        remote_key_name=at("name", create_only=True),
        display_name=at("label", create_only=True),
    ),
    list=replace(LISTED, then=_types),
    get=GET("/crm/v4/associations/{remote_id}", find=_find, calls=2),
    create=_make,
    create_calls=2,
    recent=replace(LISTED, of=_OF, then=_of_class, calls=5),
    recognise=(_OF, "display_name"),
    required=("target_object_classes", "remote_key_name"),
    frequency=3_600.0,
)
