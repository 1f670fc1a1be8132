"""Fields: what an account sees of them, what of that can be written, and how their values are told apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from integrations.kit.endpoints import GET, Api
from integrations.kit.field_classes import FieldClass, FieldClasses, Kind
from integrations.providers.salesforce.soql import API

_SEVERAL = "multipicklist"
_KINDS: dict[str, Kind] = {
    "boolean": "bool",
    "int": "number",
    "long": "number",
    "double": "number",
    "currency": "number",
    "percent": "number",
    "date": "date",
    "datetime": "datetime",
    _SEVERAL: "list",
}


def described(kind: str) -> GET:
    """The fields of a kind of records that the account may see."""
    return GET(f"{API}/sobjects/{kind}/describe", items="fields")


def field_classes(kind: str, mapped: frozenset[str]) -> FieldClasses:
    """Those that can be written. mapped: names of those that common fields show."""
    return FieldClasses(get=described(kind), read=_read(mapped))


def _read(mapped: frozenset[str]) -> Callable[[Any], FieldClass | None]:
    def read(told: Any) -> FieldClass | None:
        if told["name"] in mapped or not (told["createable"] or told["updateable"]):
            return None
        kind = _KINDS.get(told["type"].lower(), "string")
        listed = told.get("picklistValues") if kind == "string" else None
        required = told["createable"] and not (told["nillable"] or told["defaultedOnCreate"])
        return FieldClass(
            key=told["name"],
            name=told["label"],
            description=told.get("inlineHelpText"),
            kind=kind,
            kind_of_items="string" if kind == "list" else None,
            choices=tuple((one["value"], one["label"]) for one in listed or () if one["active"]),
            is_custom=told["custom"],
            is_required=required,
        )

    return read


def told_apart(api: Api, kind: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """A record in which several choices are a list."""
    return {
        name: [one for one in value.split(";") if one]
        if isinstance(value, str) and api.key(kind, name) == _SEVERAL
        else value
        for name, value in record.items()
    }


def spelled(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as they are sent: of several choices one text."""
    return {
        name: ";".join(map(str, value)) if isinstance(value, list) else value
        for name, value in values.items()
    }
