"""Activities as tasks: those of all types but calls and meetings, which are no tasks but happen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from integrations.kit.endpoints import PATCH, POST
from integrations.kit.lenses import choice, compute, instant, ref
from integrations.kit.mapping import Mapping
from integrations.kit.paths import dig
from integrations.providers.pipedrive.moments import starts, to_the_second, write_start
from integrations.providers.pipedrive.records import resource
from unified_api.models.crm import Task

#: What is an engagement in place of a task.
ENGAGEMENTS = frozenset({"call", "meeting"})


def _is_none(activity: Any) -> bool:
    return dig(activity, "is_deleted") is True or dig(activity, "type") in ENGAGEMENTS


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
        due_date=compute(starts, write_start, keep=to_the_second),
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
