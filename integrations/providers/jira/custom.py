"""The customer's own fields, told apart by their kinds: values as they are, names of options, ids of users, texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integrations.kit.endpoints import GET, Api, Table
from integrations.kit.errors import Rejected, Unwritable
from integrations.kit.field_classes import FieldClass, FieldClasses, Kind
from integrations.kit.paths import dig
from integrations.providers.jira.documents import to_document, to_markdown

#: The table of their kinds, by their keys.
FIELDS = "fields"
BEGINNING = "customfield_"
_LISTED = GET("/field", items="")
TABLE = Table(_LISTED, key="schema.custom", word="id")
_OURS = "com.atlassian.jira.plugin.system.customfieldtypes:"
_TEXT = "textarea"
#: By kind: what a value is here, and in which property it stands there, if it is an object.
_KINDS: dict[str, tuple[Kind, str]] = {
    "textfield": ("string", ""),
    "url": ("string", ""),
    _TEXT: ("string", ""),
    "float": ("number", ""),
    "datepicker": ("date", ""),
    "datetime": ("datetime", ""),
    "select": ("string", "value"),
    "radiobuttons": ("string", "value"),
    "userpicker": ("string", "accountId"),
    "labels": ("list", ""),
    "multiselect": ("list", "value"),
    "multicheckboxes": ("list", "value"),
    "multiuserpicker": ("list", "accountId"),
    "people": ("list", "accountId"),
}


def _kind(api: Api, name: str) -> str:
    """The last word of what its kind is called; empty for kinds of others."""
    found = api.key(FIELDS, name) or ""
    return found.removeprefix(_OURS) if found.startswith(_OURS) else ""


def told_apart(api: Api, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an issue; of kinds that nobody knows here, values stay as they are, but that people are ids."""
    return {
        name: _value(_kind(api, name), value) if name.startswith(BEGINNING) and value is not None else value
        for name, value in fields.items()
    }


def _value(kind: str, found: Any) -> Any:
    if kind == _TEXT:
        return to_markdown(found)
    if kind not in _KINDS:
        return _with_ids(found)
    _, part = _KINDS[kind]
    if not part:
        return found
    return [one[part] for one in found] if isinstance(found, list) else found[part]


def _with_ids(found: Any) -> Any:
    """The same with people told by their ids alone, wherever they stand: who may not be known is not shown here."""
    if isinstance(found, list):
        return [_with_ids(one) for one in found]
    if not isinstance(found, dict):
        return found
    return found["accountId"] if "accountId" in found else {k: _with_ids(one) for k, one in found.items()}


def spelled(api: Api, fields: Mapping[str, Any], current: Any) -> dict[str, Any]:
    """The same as Jira takes them; raises Rejected for kinds that nobody knows here."""
    return {
        name: _spelled(api, name, value, current) if name.startswith(BEGINNING) else value
        for name, value in fields.items()
    }


def _spelled(api: Api, name: str, value: Any, current: Any) -> Any:
    kind = _kind(api, name)
    if kind not in _KINDS:
        raise Rejected("a field cannot be written", fields={name: "is of a kind that can only be read here"})
    try:
        if kind == _TEXT:
            return to_document(value, dig(current, ("documents", name)))
    except Unwritable as error:
        raise Rejected("a field cannot be written like this", fields={name: str(error)}) from error
    part = _KINDS[kind][1]
    if not part or value is None:
        return value
    return [{part: one} for one in value] if isinstance(value, list) else {part: value}


def texts(api: Api, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The documents in them, as they are there: what is written keeps the parts that no text can tell."""
    return {
        name: value
        for name, value in fields.items()
        if name.startswith(BEGINNING) and isinstance(value, dict) and _kind(api, name) == _TEXT
    }


def _described(told: Any) -> FieldClass | None:
    kind = str(dig(told, "schema.custom") or "").removeprefix(_OURS)
    if not told["id"].startswith(BEGINNING) or kind not in _KINDS:
        return None
    form = _KINDS[kind][0]
    return FieldClass(
        key=told["id"],
        name=told["name"],
        kind=form,
        kind_of_items="string" if form == "list" else None,
        is_custom=True,
    )


field_classes = FieldClasses(get=_LISTED, read=_described, within="fields")
