"""What all kinds of records of the second version have in common."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from integrations.kit.endpoints import DELETE, GET, Since, Then
from integrations.kit.field_classes import FieldClass, FieldClasses, Kind
from integrations.kit.lenses import instant
from integrations.kit.mapping import Mapping
from integrations.kit.paging import ByCursor
from integrations.kit.provider import Resource

WITHIN = "custom_fields"
PAGES = ByCursor("cursor", path="additional_data.next_cursor", size_param="limit", size=500)
NEWEST = {"sort_by": "add_time", "sort_direction": "desc", "limit": "100"}
_KINDS: dict[str, Kind] = {
    "boolean": "bool",
    "date": "date",
    "double": "number",
    "int": "number",
    "set": "list",
}


def since(moment: datetime) -> str:
    """A moment as filters take it."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _field(told: Any) -> FieldClass | None:
    """A field that the customer made; the others are known."""
    if not told["is_custom_field"]:
        return None
    kind = _KINDS.get(told["field_type"], "string")
    return FieldClass(
        key=told["field_code"],
        name=told["field_name"],
        description=told.get("description") or None,
        kind=kind,
        kind_of_items="number" if kind == "list" else None,
        choices=tuple((one["id"], one["label"]) for one in told.get("options") or ()),
        is_custom=True,
    )


def resource(name: str, fields: str, mapping: Mapping, *, then: Then | None = None, **more: Any) -> Resource:
    """What can be done with records of this name. fields: where their own fields are listed."""
    path = f"/api/v2/{name}"
    changes = Since("updated_since", spell=since, stamp=instant("update_time"))
    return Resource(
        mapping=mapping,
        list=GET(path, items="data", paging=PAGES, since=changes, then=then),
        get=GET(f"{path}/{{remote_id}}", item="data", then=then),
        delete=DELETE(f"{path}/{{remote_id}}"),
        recent=GET(path, items="data", params=NEWEST, then=then),
        custom=(f"{WITHIN}.",),
        field_classes=FieldClasses(
            get=GET(f"/api/v2/{fields}", items="data", paging=PAGES), read=_field, within=WITHIN
        ),
        **more,
    )
