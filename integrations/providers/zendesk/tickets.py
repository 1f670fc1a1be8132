"""Tickets. Values of custom fields stand in a list there, and below their ids here; a tag has no blanks in it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from integrations.kit.endpoints import DELETE, GET, POST, PUT, Api, Marked, Stamp
from integrations.kit.errors import Unwritable
from integrations.kit.field_classes import FieldClass, FieldClasses, Kind
from integrations.kit.lens import Lens, Words
from integrations.kit.lenses import at, choice, compute, each, instant, only, ref
from integrations.kit.mapping import Mapping
from integrations.kit.paths import dig
from integrations.kit.provider import Resource
from integrations.providers.zendesk.exports import PAGES, by_cursor, since_1970
from unified_api.models.ticketing import Tag, Ticket

_VALUES = "custom_fields"
_KINDS: dict[str, Kind] = {
    "checkbox": "bool",
    "date": "date",
    "decimal": "number",
    "integer": "number",
    "multiselect": "list",
}


@dataclass(frozen=True, kw_only=True)
class TagLens(Lens):
    """A tag, which has no capitals. One with a blank would become two there, which nobody had given."""

    def encode(self, value: Any, words: Words) -> Any:  # noqa: ARG002 - see Lens
        """In small letters."""
        if value.split() != [value]:
            raise Unwritable(f"cannot have a tag with blanks, as {value!r} has")
        return value.lower()

    def canonical(self, value: Any) -> Any:
        """In small letters."""
        return value.lower()


def _reshaped(_api: Api, tickets: list[Any]) -> list[Any]:
    return [_by_id(ticket) if isinstance(ticket.get(_VALUES), list) else ticket for ticket in tickets]


def _by_id(ticket: dict[str, Any]) -> dict[str, Any]:
    return {**ticket, _VALUES: {str(one["id"]): one["value"] for one in ticket[_VALUES]}}


def _body(fields: dict[str, Any], current: Any) -> dict[str, Any]:
    """The fields of a ticket; of one that is there, only if nobody changed it meanwhile."""
    values = [{"id": int(key), "value": value} for key, value in fields.get(_VALUES, {}).items()]
    told = {**fields, **({_VALUES: values} if values else {})}
    if current is None:
        return {"ticket": told}
    return {"ticket": {**told, "safe_update": True, "updated_stamp": current["updated_at"]}}


def _creator(ticket: Any) -> Any:
    """Who wrote it for somebody else, who is an agent; who asked for it is its contact."""
    submitter = dig(ticket, "submitter_id")
    return None if submitter and submitter == dig(ticket, "requester_id") else submitter


def _page(ticket: Any) -> Any:
    url = dig(ticket, "url")
    return url.replace("/api/v2/", "/agent/").removesuffix(".json") if url else url


def _field(told: Any) -> FieldClass | None:
    """A field that the customer made; those of the system are known."""
    if not told["removable"]:
        return None
    options = told.get("custom_field_options") or ()
    kind = _KINDS.get(told["type"], "string")
    return FieldClass(
        key=str(told["id"]),
        name=told["title"],
        description=told.get("description") or None,
        kind=kind,
        kind_of_items="string" if kind == "list" else None,
        choices=tuple((one["value"], one["name"]) for one in options),
        is_custom=True,
        is_required=told.get("required"),
    )


_STATUS = {"OPEN": ("open", "new"), "ON_HOLD": ("pending", "hold"), "CLOSED": ("solved", "closed")}
_PRIORITY = {"URGENT": "urgent", "HIGH": "high", "NORMAL": "normal", "LOW": "low"}
_mapping = Mapping(
    Ticket,
    version="updated_at",
    gone=compute(lambda ticket: dig(ticket, "status") == "deleted"),
    name="subject",
    description=at("description", to="comment.body", create_only=True),
    status=choice("status", _STATUS),
    priority=choice("priority", _PRIORITY),
    ticket_type="type",
    assignees=only(ref("assignee_id", whole=True)),
    assigned_teams=only(ref("group_id", whole=True)),
    creator=compute(_creator),
    contact=ref("requester_id", whole=True),
    account=ref("organization_id", whole=True),
    parent_ticket=ref("problem_id", whole=True),
    tags=each("tags", TagLens()),
    due_date=instant("due_at", timespec="seconds"),
    ticket_url=compute(_page),
    remote_created_at=instant("created_at", read_only=True),
    remote_updated_at=instant("updated_at", read_only=True),
)
_NEWEST = {"sort_by": "created_at", "sort_order": "desc"}
_SEARCH = {"query": 'type:ticket subject:"{name}"', **_NEWEST}
_GENERATED = instant("generated_timestamp", parse=since_1970)

tickets = Resource(
    mapping=_mapping,
    list=replace(by_cursor("tickets", _GENERATED), then=_reshaped),
    get=GET("/tickets/{remote_id}", item="ticket", then=_reshaped),
    # What the answer to a write shows may be changed again by the customer's triggers: it is read by id instead.
    create=POST("/tickets", remote_id="ticket.id", body=_body, key="Idempotency-Key"),
    update=PUT("/tickets/{remote_id}", body=_body, repeatable=False, stamp=Stamp(instant("updated_at"))),
    delete=DELETE("/tickets/{remote_id}"),
    required=("description",),
    recent=GET("/search", items="results", params=_SEARCH, then=_reshaped),
    recognise=("name",),
    marked=Marked(
        "external_id", GET("/tickets", items="tickets", params={"external_id": "{mark}"}, then=_reshaped)
    ),
    # The search comes behind; and a list that withholds a minute shows no write of ours earlier.
    read_lag=60.0,
    sweep_every=7 * 86_400.0,
    custom=(f"{_VALUES}.",),
    field_classes=FieldClasses(
        get=GET("/ticket_fields", items="ticket_fields", paging=PAGES), read=_field, within=_VALUES
    ),
)


def _named(_api: Api, tags: list[Any]) -> list[Any]:
    return [{**tag, "id": tag["name"]} for tag in tags]


#: Those that were used lately: what is not among them may still be a tag.
tags = Resource(
    mapping=Mapping(Tag, name=at("name", read_only=True)),
    list=GET("/tags", items="tags", paging=PAGES, then=_named),
    sweep=False,
    frequency=3_600.0,
)
