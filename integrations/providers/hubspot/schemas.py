"""Kinds of records that the company has made for itself, as classes, and what an account has of them.

The list of them has all their properties. Those kinds of the system's own with which theirs can be associated are
classes, too, beside the first of theirs: in a portal without custom objects there is no class.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote

from integrations.kit.endpoints import GET, Api, Table
from integrations.kit.errors import Gone
from integrations.kit.field_classes import FieldClass
from integrations.kit.lenses import at, compute
from integrations.kit.mapping import Mapping
from integrations.kit.paging import Whole
from integrations.kit.paths import MISSING, dig
from integrations.kit.provider import Resource
from integrations.providers.hubspot.properties import described
from unified_api.models.crm import CustomObjectClass
from unified_api.models.field_classes import FIELD_CLASS

SCHEMAS: Final = "/crm-object-schemas/v3/schemas"
ID: Final = "objectTypeId"
LISTED: Final = GET(SCHEMAS, items="results", params={"archived": "false"}, paging=Whole())
#: Tables: the ids of the company's own kinds; their properties that can be written, and the kinds with which they can
#: be associated, behind these ids.
CLASSES, FIELDS, TARGETS = "custom classes", "custom fields", "custom associations"
#: With what the numbers of the company's own kinds begin.
CUSTOM: Final = "2-"
_NAMES: Final = {
    "0-1": ("contact", "Contact", "Contacts"),
    "0-2": ("company", "Company", "Companies"),
    "0-3": ("deal", "Deal", "Deals"),
}
#: The kinds of the system's own, as schemas, by their ids.
STANDARD: Final[dict[str, dict[str, Any]]] = {
    number: {
        ID: number,
        "name": name,
        "description": None,
        "labels": {"singular": one, "plural": several},
        "properties": [],
        "requiredProperties": [],
        "associations": [],
        "archived": False,
    }
    for number, (name, one, several) in _NAMES.items()
}
_written = described(frozenset())


def _fields(_api: Api, schemas: list[Any]) -> list[Any]:
    return [
        {"name": f"{schema[ID]}.{field.key}", "fieldType": told["fieldType"]}
        for schema in schemas
        for told in schema["properties"]
        if (field := _written(told))
    ]


def targets_of(schema: Any) -> list[str]:
    """The kinds with which records of a class can be associated, of those that are read."""
    mine = [one["toObjectTypeId"] for one in schema["associations"] if one["fromObjectTypeId"] == schema[ID]]
    return [to for to in dict.fromkeys(mine) if to in STANDARD or to.startswith(CUSTOM)]


def _ends(_api: Api, schemas: list[Any]) -> list[Any]:
    return [{"name": f"{schema[ID]}.{to}"} for schema in schemas for to in targets_of(schema)]


tables: Final = {
    CLASSES: Table(LISTED, "name", ID),
    FIELDS: Table(replace(LISTED, then=_fields), "fieldType", "name"),
    TARGETS: Table(replace(LISTED, then=_ends), "name", "name"),
}


def forms(api: Api, kind: str) -> dict[str, str | None]:
    """The properties of a kind that can be written, by name, and the form in which each is edited."""
    return {name: api.key(FIELDS, f"{kind}.{name}") for name in _behind(api, FIELDS, kind)}


def known_targets(api: Api, kind: str) -> list[str]:
    """The kinds with which records of a class can be associated, see `targets_of`."""
    return _behind(api, TARGETS, kind)


def _behind(api: Api, table: str, kind: str) -> list[str]:
    beginning = f"{kind}."
    return [word.removeprefix(beginning) for word in api.known(table) if word.startswith(beginning)]


def schema_of(api: Api, number: str) -> Any:
    """A schema by the number of its kind; None where there is none."""
    if number in STANDARD:
        return STANDARD[number]
    try:
        return api.get(f"{SCHEMAS}/{quote(number, safe='')}")
    except Gone:
        return None


def _with_standard(_api: Api, schemas: list[Any]) -> list[Any]:
    return [*schemas, *STANDARD.values()] if schemas else []


def _read_fields(schema: Any) -> Any:
    told = dig(schema, "properties")
    if told is MISSING:
        return MISSING
    due = dig(schema, "requiredProperties") or ()
    return [_shown(replace(field, is_required=field.key in due)) for one in told if (field := _written(one))]


def _shown(field: FieldClass) -> dict[str, Any]:
    return {name: value for name, value in field.described().items() if name in FIELD_CLASS}


classes = Resource(
    mapping=Mapping(
        CustomObjectClass,
        remote_id=ID,
        gone="archived",
        name=at("name", read_only=True),
        description=at("description", read_only=True),
        labels=at("labels", read_only=True),
        fields=compute(_read_fields, path="properties"),
        association_types=at("associations", read_only=True),
    ),
    list=replace(LISTED, then=_with_standard),
    get=GET(f"{SCHEMAS}/{{remote_id}}", find=schema_of),
    frequency=3_600.0,
)
