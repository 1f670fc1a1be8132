"""Activities as tasks: those of all types but calls and meetings, which are no tasks but happen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from integrations.kit.endpoints import PATCH, POST
from integrations.kit.errors import Unmappable
from integrations.kit.lenses import choice, compute, instant, ref
from integrations.kit.mapping import Mapping
from integrations.kit.paths import MISSING, dig
from integrations.providers.pipedrive.records import resource
from unified_api.models.crm import Task

_NO_TASKS = frozenset({"call", "meeting"})


def _is_none(activity: Any) -> bool:
    return dig(activity, "is_deleted") is True or dig(activity, "type") in _NO_TASKS


def _due(activity: Any) -> Any:
    """A day, and a time in UTC where there is one; else midnight."""
    day, time = dig(activity, "due_date"), dig(activity, "due_time")
    if not isinstance(day, str) or not day:
        return day if day is MISSING else None
    try:
        moment = datetime.fromisoformat(f"{day} {time}" if isinstance(time, str) and time else day)
        return moment.replace(tzinfo=UTC)
    except ValueError:
        raise Unmappable("what stands at 'due_date' and 'due_time' is no moment that exists") from None


def _write_due(moment: Any, _activity: Any) -> dict[str, Any]:
    if moment is None:
        return {"due_date": None, "due_time": None}
    return {"due_date": f"{moment:%Y-%m-%d}", "due_time": f"{moment:%H:%M:%S}"}


_whole = resource(
    "activities",
    "activityFields",
    Mapping(
        Task,
        version="update_time",
        gone=compute(_is_none),
        subject="subject",
        content="note",
        owner=ref("owner_id", whole=True),
        contact=ref("person_id", whole=True),
        account=ref("org_id", whole=True),
        opportunity=ref("deal_id", whole=True),
        status=choice("done", {"OPEN": False, "CLOSED": True}),
        due_date=compute(_due, _write_due),
        completed_date=instant("marked_as_done_time", read_only=True),
    ),
    create=POST("/api/v2/activities", answer="data"),
    update=PATCH("/api/v2/activities/{remote_id}", answer="data"),
    recognise=("subject",),
    defaults=lambda _settings: {"type": "task"},
    markup=("content",),
)
#: No custom field of theirs can be written.
tasks = replace(_whole, custom=(), field_classes=None)
