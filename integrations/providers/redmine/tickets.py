"""Tickets.

What an issue leaves out since it is empty is null here, and values of custom fields stand below their ids.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from integrations.kit.endpoints import DELETE, GET, PUT, Api
from integrations.kit.errors import Rejected
from integrations.kit.field_classes import FieldClass, FieldClasses, Kind
from integrations.kit.lens import ChoiceLens
from integrations.kit.lenses import at, choice, instant, on_day, only, ref, refs
from integrations.kit.mapping import Mapping
from integrations.kit.paths import dig
from integrations.kit.provider import Resource
from integrations.providers.redmine import locking, permissions
from integrations.providers.redmine.issues import ALL, PATH, WHOLE, listed
from integrations.providers.redmine.people import quoted
from unified_api.models.ticketing import Ticket

_VALUES, _TYPE = "values", "tracker_name"
#: Where ids stand that are written under other names.
_REFERENCES = {
    "assigned_to_id": "assigned_to",
    "author_id": "author",
    "parent_issue_id": "parent",
    "project_id": "project",
}


@dataclass(frozen=True, kw_only=True)
class StatusLens(ChoiceLens):
    """A status. One with a name of the installation's own says at least whether it closes."""

    def read(self, record: Any) -> Any:
        """The common word; that of a status nobody knows, if it does not close, is its name."""
        word = super().read(record)
        closes = word not in self.remote and dig(record, "status.is_closed") is True
        return "CLOSED" if closes else word


def _shaped(api: Api, issues: list[Any]) -> list[Any]:
    return [{**issue, **_reshaped(api.settings["base_url"], issue)} for issue in issues]


def _reshaped(base_url: str, issue: Any) -> dict[str, Any]:
    """What an issue tells, as it is written; its tracker by name."""
    return {
        "url": f"{base_url}/issues/{issue['id']}",
        **{name: (issue.get(place) or {}).get("id") for name, place in _REFERENCES.items()},
        _TYPE: (issue.get("tracker") or {}).get("name"),
        _VALUES: {str(one["id"]): one["value"] for one in issue.get("custom_fields") or ()},
    }


def _body(api: Api, fields: dict[str, Any]) -> dict[str, Any]:
    """Fields as Redmine takes them: it passes over a null assignee, and not over a blank one."""
    plain = {name: "" if value is None else value for name, value in fields.items() if name != _VALUES}
    values = [{"id": int(key), "value": value} for key, value in fields.get(_VALUES, {}).items()]
    if _TYPE in plain:
        plain["tracker_id"] = _tracker(api, plain.pop(_TYPE))
    return {**plain, **({"custom_fields": values} if values else {})}


def _tracker(api: Api, name: str) -> str:
    found = api.key("trackers", name)
    if found is None:
        told = f"cannot be {name!r} there; known are {', '.join(api.known('trackers'))}"
        raise Rejected("Redmine has no such tracker", fields={_TYPE: told})
    return found


def _create(api: Api, fields: dict[str, Any]) -> str:
    _may_hide(api, fields, fields.get("project_id"))
    return str(api.send("POST", "/issues.json", {"issue": _body(api, fields)})["issue"]["id"])


def _change(api: Api, remote_id: str, fields: dict[str, Any], seen: Any) -> None:
    _may_hide(api, fields, fields.get("project_id", seen["project_id"]), seen["author_id"])
    locking.put(api, remote_id, _body(api, fields), seen)


def _may_hide(api: Api, fields: dict[str, Any], project: Any, author: Any = None) -> None:
    """See that an issue that is to be private will be; of a move that is decided by the project it goes to."""
    if fields.get("is_private"):
        allowed, own = "set_issues_private", "set_own_issues_private"
        permissions.require(api, project, "is_private", allowed, of_own=own, author=author)


def _field(told: Any) -> FieldClass | None:
    """A field of issues. Every value of one is a text."""
    if told["customized_type"] != "issue":
        return None
    kind: Kind = "date" if told["field_format"] == "date" else "string"
    return FieldClass(
        key=str(told["id"]),
        name=told["name"],
        description=told.get("description") or None,
        kind="list" if told["multiple"] else kind,
        kind_of_items=kind if told["multiple"] else None,
        choices=tuple((one["value"], one["label"]) for one in told.get("possible_values") or ()),
        is_custom=True,
        is_required=told["is_required"],
    )


#: Names as Redmine's defaults have them in English. What is resolved there is not closed.
_STATUS = {
    "OPEN": ("New",),
    "IN_PROGRESS": ("In Progress", "Resolved"),
    "ON_HOLD": ("Feedback",),
    "CLOSED": ("Closed", "Rejected"),
}
_PRIORITY = {"URGENT": ("Urgent", "Immediate"), "HIGH": "High", "NORMAL": "Normal", "LOW": "Low"}
_mapping = Mapping(
    Ticket,
    name="subject",
    description="description",
    # A create takes none but those with which issues may begin.
    status=StatusLens(
        path="status.name", to="status_id", remote=_STATUS, table="statuses", after_create=True
    ),
    priority=choice("priority.name", _PRIORITY, table="priorities", to="priority_id"),
    ticket_type=_TYPE,
    assignees=only(ref("assigned_to_id")),
    creator=ref("author_id", read_only=True),
    collections=only(ref("project_id")),
    parent_ticket=ref("parent_issue_id"),
    access_level=choice("is_private", {"PRIVATE": True, "COLLECTION": False}),
    attachments=refs("attachments", "id", read_only=True),
    due_date=on_day("due_date"),
    ticket_url=at("url", read_only=True),
    remote_created_at=instant("created_on", read_only=True),
    remote_updated_at=instant("updated_on", read_only=True),
    completed_at=instant("closed_on", read_only=True),
)
tickets = Resource(
    mapping=_mapping,
    list=listed(_shaped),
    get=GET(PATH, item="issue", params=WHOLE, then=_shaped),
    create=_create,
    create_calls=2 + permissions.CALLS,
    update=PUT(PATH, send=_change, calls=1 + locking.CALLS + permissions.CALLS),
    delete=DELETE(PATH),
    recent=GET(
        "/issues.json",
        items="issues",
        params={**ALL, "subject": "~{name}", "sort": "id:desc", "limit": "100"},
        then=_shaped,
    ),
    recognise=("name",),
    defaults=lambda settings: {"project_id": settings["project"]} if settings.get("project") else {},
    selects={("name", "EQUALS"): lambda told: {"subject": f"~{told}"}},
    mentions={"description": ("@",)},
    quotes={"author": quoted, "assigned_to": quoted, "journals.user": quoted, "attachments.author": quoted},
    custom=(f"{_VALUES}.",),
    field_classes=FieldClasses(
        get=GET("/custom_fields.json", items="custom_fields"), read=_field, within=_VALUES
    ),
)
