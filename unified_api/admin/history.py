"""Pages of the change log, and of the past of one record: what happened, what it was, and why it is as it is."""

# ruff: noqa: ARG002 - Django calls these methods with arguments that not all of them need
from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Container, Mapping
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from unified_api.admin import lists, naming
from unified_api.admin.pages import Page
from unified_api.models.base import model_id, wire_fields
from unified_api.models.fields import Malformed, parse_instant
from unified_api.sync.memory import history, shown, telling
from unified_api.sync.memory.as_of import as_of
from unified_api.sync.memory.subject import Subject
from unified_api.sync.memory.walk import Image
from unified_api.sync.memory.why import why
from unified_api.sync.models import Change

#: Entries of a page.
AT_ONCE: Final = 30


class ChangePage(Page):
    """The change log, newest first."""

    listed = ("position", "at", "kind", "model", "record_id", "linked_account_id", "source", "fields")
    ids = ("record_id", "linked_account_id")
    list_filter = (lists.AccountFilter,)
    ordering = ("-position",)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[lists.BoundedList]:
        """A list whose links name positions."""
        return lists.ByPosition

    def get_object(self, request: HttpRequest, object_id: str, from_field: Any = None) -> Change | None:
        """The entry at a position."""
        rows: QuerySet[Change] = self.get_queryset(request)
        return rows.filter(position=int(object_id)).first() if object_id.isdecimal() else None

    def get_urls(self) -> list[URLPattern]:
        """Django's, and a record's history."""
        record = path(
            "record/<uuid:record_id>/", self.admin_site.admin_view(self.record), name="sync_change_record"
        )
        return [record, *super().get_urls()]

    def record(self, request: HttpRequest, record_id: uuid.UUID) -> HttpResponse:
        """The past of a record, or of one `field`; with `as_of` what it was, with `why` where a value comes from."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        subject = Subject.find(record_id)
        if subject is None:
            raise Http404
        context = {**self.admin_site.each_context(request), "opts": self.model._meta, "subject": subject}
        context |= {"title": f"History of {model_id(subject.model)}", "subtitle": _called(subject)}
        context |= _entries(subject, request.GET) | _values(subject, request.GET)
        return TemplateResponse(request, "console/history.html", context)


def _called(subject: Subject) -> str:
    return str(subject.row.remote_id) if subject.row else str(subject.record_id)


def _field(subject: Subject, asked: Mapping[str, str], name: str) -> str | None:
    """The field that a parameter names, if the model has it."""
    return asked[name] if asked.get(name) in wire_fields(subject.model) else None


def _entries(subject: Subject, asked: Mapping[str, str]) -> dict[str, Any]:
    """A page of entries, newest first."""
    field, before = _field(subject, asked, "field"), asked.get("before", "")
    beyond = int(before) if before.isdecimal() else None
    found = history.entries(subject, field, beyond=beyond, backwards=False, limit=AT_ONCE + 1)
    told = history.told(subject, found[:AT_ONCE], field)
    return {
        "field": field,
        "entries": [{**one, "cause": history.cause(one), "lines": _lines(one)} for one in told],
        "older": told[-1]["position"] if len(found) > AT_ONCE else None,
    }


def _lines(entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            **one,
            "name": name,
            "old": naming.spelled(one["old"]),
            "new": naming.spelled(one["new"]),
            "overruled": naming.spelled(one["overruled"]),
        }
        for name, one in entry["fields"].items()
    ]


def _values(subject: Subject, asked: Mapping[str, str]) -> dict[str, Any]:
    """What the record says now, what it said then, and why a field says what it says."""
    moment, problem = _moment(asked.get("as_of", ""))
    now = shown.image(subject.model, Image.of(subject.row).values, subject.hidden)
    sight = as_of(subject, moment) if moment else None
    then = shown.image(subject.model, sight.image.values, subject.hidden) if sight else {}
    field = _field(subject, asked, "why") if subject.row is not None else None
    return {
        "as_of": asked.get("as_of", ""),
        "problem": problem,
        "presence": Image.of(subject.row).presence,
        "sight": sight,
        "rows": [_row(name, now, then, subject.hidden) for name in {**now, **then}],
        "why": telling.document(why(subject, field)) if field else None,
    }


def _row(
    name: str, now: Mapping[str, Any], then: Mapping[str, Any], secret: Container[str]
) -> dict[str, Any]:
    both = (naming.value(name, known.get(name), secret) for known in (now, then))
    return {
        "name": name,
        "was_other": now.get(name) != then.get(name),
        **dict(zip(("now", "then"), both, strict=True)),
    }


def _moment(text: str) -> tuple[dt.datetime | None, str]:
    """The time that was typed, UTC unless it says otherwise; or what is wrong with it."""
    try:
        return (parse_instant(text.strip()) if text.strip() else None), ""
    except Malformed as error:
        return None, str(error)
