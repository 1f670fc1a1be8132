"""Values of the log as the API spells them; what is sensitive is not shown, as in lists."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Container, Mapping
from typing import Any

from unified_api.models.base import CUSTOM, CommonModel, wire_fields
from unified_api.models.fields import Day, Instant, WireField

Document = dict[str, Any]


def image(model: type[CommonModel], values: Mapping[str, Any], hidden: Container[str] = ()) -> Document:
    """The values of a record, in the order of the model's fields. hidden: those that show null."""
    declared = {
        name: value(concealed(one, name in hidden), values[name])
        for name, one in wire_fields(model).items()
        if name in values
    }
    custom = {name: told for name, told in values.items() if name.startswith(CUSTOM)}
    return declared | {name: None if name in hidden else told for name, told in custom.items()}


def concealed(field: WireField, hides: bool) -> WireField:  # noqa: FBT001 - hides or not
    """The field; as a sensitive one where it may not be read."""
    if not hides or field.sensitive:
        return field
    same = copy.copy(field)
    same.sensitive = True
    return same


def value(field: WireField, known: Any) -> Any:
    """One value, which is in JSON as the log and the journal hold it."""
    if known is None or field.sensitive:
        return None
    if isinstance(field, Instant):
        return instant(dt.datetime.fromisoformat(known))
    return f"{known}T00:00:00Z" if isinstance(field, Day) else known


def instant(moment: dt.datetime) -> str:
    """A point in time as in lists: UTC, with microseconds."""
    return f"{moment.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def change(field: WireField, old: Any, new: Any) -> Document:
    """What a change did to a field. `is_hidden`: it is sensitive, and neither value shows."""
    return {"old": value(field, old), "new": value(field, new), "is_hidden": field.sensitive}
