"""Notes and tasks: what was written down, and what is to be done, about contacts, companies and deals."""

from __future__ import annotations

from typing import Any

from integrations.kit.endpoints import Api
from integrations.kit.lenses import choice, compute, ref
from integrations.kit.mapping import Mapping
from integrations.providers.hubspot.associations import Link
from integrations.providers.hubspot.lenses import first, of, when
from integrations.providers.hubspot.people import SHARED, version
from integrations.providers.hubspot.records import Kind, resource
from integrations.providers.hubspot.searching import millis
from unified_api.models.crm import Note, Task

#: When it happened, or is due; nothing is made without.
_TIME = "hs_timestamp"
_STATUS = {"OPEN": ("NOT_STARTED", "IN_PROGRESS", "WAITING", "DEFERRED"), "CLOSED": "COMPLETED"}


def _timed(api: Api, properties: dict[str, Any], current: Any) -> dict[str, Any]:
    """With the moment of the write, where a new one has no time."""
    if current is not None or properties.get(_TIME) is not None:
        return properties
    return {**properties, _TIME: millis(api.now())}


def _kind(name: str, contacts: int, companies: int, deals: int) -> Kind:
    links = {"contacts": Link(contacts), "companies": Link(companies), "deals": Link(deals)}
    return Kind(name=name, created="hs_createdate", links=links, prepare=_timed)


notes = resource(
    _kind("notes", 202, 190, 214),
    Mapping(
        Note,
        version=compute(version),
        gone="archived",
        content=of("hs_note_body"),
        owner=ref(of("hubspot_owner_id")),
        contact=first("contacts"),
        account=first("companies"),
        opportunity=first("deals"),
        remote_created_at=when("createdAt", read_only=True),
        remote_updated_at=when("updatedAt", read_only=True),
    ),
    (*SHARED, "hs_createdate", "hs_note_body"),
    recognise=("content",),
    markup=("content",),
)
tasks = resource(
    _kind("tasks", 204, 192, 216),
    Mapping(
        Task,
        version=compute(version),
        gone="archived",
        subject=of("hs_task_subject"),
        content=of("hs_task_body"),
        status=choice(of("hs_task_status"), _STATUS),
        owner=ref(of("hubspot_owner_id")),
        contact=first("contacts"),
        account=first("companies"),
        opportunity=first("deals"),
        due_date=when(of(_TIME)),
        completed_date=when(of("hs_task_completion_date"), read_only=True),
    ),
    (
        *SHARED,
        *(
            "hs_createdate",
            _TIME,
            "hs_task_subject",
            "hs_task_body",
            "hs_task_status",
            "hs_task_completion_date",
        ),
    ),
    recognise=("subject",),
    markup=("content",),
)
