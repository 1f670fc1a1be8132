"""Issues as tickets. Each is known by its id: a key changes when an issue is moved to another project."""

from __future__ import annotations

from typing import Any

from integrations.kit.endpoints import DELETE, GET, PUT, Api
from integrations.kit.lenses import at, each, instant, on_day, only, ref, refs
from integrations.kit.mapping import Mapping
from integrations.kit.provider import Resource
from integrations.providers.jira.custom import BEGINNING, FIELDS, field_classes, texts, told_apart
from integrations.providers.jira.documents import DocumentLens
from integrations.providers.jira.files import attachments
from integrations.providers.jira.lenses import LabelLens, PartChoice, PartLens, StatusLens
from integrations.providers.jira.people import collections, site_of, users
from integrations.providers.jira.searching import (
    assigned_to,
    changed,
    everything,
    fetched,
    in_categories,
    in_projects,
    newest,
)
from integrations.providers.jira.writing import amend, create
from unified_api.models.ticketing import Ticket

_FIELDS = ("*all", "-comment", "-worklog")
PRIORITIES = "priorities"
_PRIORITY = {
    "URGENT": ("Highest", "Blocker"),
    "HIGH": ("High", "Critical", "Major"),
    "NORMAL": ("Medium", "Normal"),
    "LOW": ("Low", "Lowest", "Minor", "Trivial"),
}
_STATUS = {"OPEN": ("new",), "IN_PROGRESS": ("indeterminate",), "CLOSED": ("done",)}


def _shaped(api: Api, issues: list[Any]) -> list[Any]:
    """Issues with their address, and the customer's own fields as values; see `custom`."""
    return [
        {
            **one,
            "url": f"{site_of(api)}/browse/{one['key']}",
            "fields": told_apart(api, one["fields"]),
            "documents": texts(api, one["fields"]),
        }
        for one in issues
    ]


#: What is told of an issue inside another one.
_OTHER = Mapping(
    Ticket,
    name=at("fields.summary", read_only=True),
    status=at("fields.status", read_only=True),
    priority=at("fields.priority", read_only=True),
    ticket_type=at("fields.issuetype", read_only=True),
)
_SHAPED = fetched(_FIELDS, _shaped)
tickets = Resource(
    mapping=Mapping(
        Ticket,
        version=instant("fields.updated"),
        name="fields.summary",
        description=DocumentLens(path="fields.description"),
        status=StatusLens(path="fields.status.statusCategory.key", remote=_STATUS, after_create=True),
        priority=PartChoice(path="fields.priority.name", remote=_PRIORITY, table=PRIORITIES),
        ticket_type=PartLens(path="fields.issuetype.name"),
        assignees=only(PartLens(path="fields.assignee.accountId")),
        creator=ref("fields.creator.accountId", read_only=True),
        collections=only(PartLens(path="fields.project.id", create_only=True)),
        parent_ticket=PartLens(path="fields.parent.id"),
        attachments=refs("fields.attachment", "id", read_only=True),
        tags=each("fields.labels", LabelLens()),
        due_date=on_day("fields.duedate"),
        ticket_url=at("url", read_only=True),
        remote_created_at=instant("fields.created", read_only=True),
        remote_updated_at=instant("fields.updated", read_only=True),
        completed_at=instant("fields.resolutiondate", read_only=True),
    ),
    list=everything(_SHAPED),
    changes=changed(_SHAPED),
    get=GET("/issue/{remote_id}", params={"fields": ",".join(_FIELDS)}, then=_shaped),
    create=create,
    update=PUT("/issue/{remote_id}", send=amend, calls=3),
    delete=DELETE("/issue/{remote_id}"),
    recent=newest(_SHAPED),
    recognise=("name",),
    tables=(FIELDS,),
    # The search comes behind by seconds, or minutes.
    lookback=600.0,
    read_lag=60.0,
    markdown=("description",),
    quotes={
        "fields.creator": users.mapping,
        "fields.reporter": users.mapping,
        "fields.assignee": users.mapping,
        "fields.attachment.author": users.mapping,
        "fields.attachment": attachments.mapping,
        "fields.project": collections.mapping,
        "fields.parent": _OTHER,
        "fields.subtasks": _OTHER,
        "fields.issuelinks.inwardIssue": _OTHER,
        "fields.issuelinks.outwardIssue": _OTHER,
    },
    selects={
        ("status", "EQUALS"): lambda word: in_categories(_STATUS.get(word, (word,))),
        ("status", "IS_ONE_OF"): lambda words: in_categories(
            [key for word in words for key in _STATUS.get(word, (word,))]
        ),
        ("collections", "IS_ONE_OF"): in_projects,
        ("assignees", "IS_ONE_OF"): assigned_to,
    },
    custom=(f"fields.{BEGINNING}",),
    field_classes=field_classes,
)
