"""Properties: what an account has of them, and how their values, which are texts there, are told apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from integrations.kit.endpoints import GET, Api, Table
from integrations.kit.field_classes import FieldClass, FieldClasses, Kind
from integrations.kit.paths import dig

WITHIN = "properties"
#: By the word for the form in which a property is edited.
_KINDS: dict[str, Kind] = {"booleancheckbox": "bool", "checkbox": "list", "number": "number"}
#: Numbers below are held exactly by whoever reads JSON.
_EXACT = 2.0**53
_MOMENTS: dict[str, Kind] = {"date": "date", "datetime": "datetime"}


def table(kind: str) -> Table:
    """The properties of a kind of records, and how each is edited."""
    return Table(_listed(kind), "fieldType", "name")


def field_classes(kind: str, mapped: frozenset[str]) -> FieldClasses:
    """Those that can be written. mapped: names of those that common fields show."""
    return FieldClasses(get=_listed(kind), read=described(mapped), within=WITHIN)


def _listed(kind: str) -> GET:
    return GET(f"/crm/v3/properties/{kind}", items="results")


def described(mapped: frozenset[str]) -> Callable[[Any], FieldClass | None]:
    """How one is understood; None for those that common fields show, or that nobody can write."""

    def read(told: Any) -> FieldClass | None:
        fixed = dig(told, "modificationMetadata.readOnlyValue") is True or told.get("calculated") is True
        if fixed or told["name"] in mapped or told.get("hidden") is True:
            return None
        kind = _KINDS.get(told["fieldType"]) or _MOMENTS.get(told["type"], "string")
        options = told.get("options") if kind == "string" else None
        return FieldClass(
            key=told["name"],
            name=told["label"],
            description=told["description"] or None,
            kind=kind,
            kind_of_items="string" if kind == "list" else None,
            choices=tuple((one["value"], one["label"]) for one in options or ()),
            is_custom=told.get("hubspotDefined") is not True,
        )

    return read


def forms(api: Api, kind: str) -> dict[str, str | None]:
    """The properties of a kind of records by name, and the form in which each is edited."""
    return {name: api.key(kind, name) for name in api.known(kind)}


def told_apart(forms: Mapping[str, str | None], properties: Mapping[str, Any]) -> dict[str, Any]:
    """Values as numbers, flags, lists and texts; what is empty is null. forms: see there."""
    return {name: _value(forms.get(name), value) for name, value in properties.items()}


def _value(form: str | None, told: Any) -> Any:
    if told is None or told == "":
        return None
    if form == "number":
        return _number(told)
    if form == "booleancheckbox":
        return told == "true"
    return [one for one in told.split(";") if one] if form == "checkbox" else told


def _number(told: Any) -> Any:
    """A number, as long as it is held exactly; else the text."""
    found = float(told)
    if not abs(found) < _EXACT:
        return told
    return int(found) if found.is_integer() else found


def spelled(properties: Mapping[str, Any]) -> dict[str, str]:
    """Values as the texts that they are there; nothing clears."""
    return {name: _text(value) for name, value in properties.items()}


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return ";".join(map(str, value)) if isinstance(value, list) else str(value)
