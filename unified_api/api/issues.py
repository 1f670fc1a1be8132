"""/api/sync/v1/issues: what a person has to look at, in the words of the wire contract; heard, muted, ended."""

from __future__ import annotations

from typing import Any, Final

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponse
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from unified_api.api import newest, parameters, reach
from unified_api.api.cursors import PAGING, Window
from unified_api.api.endpoint import Endpoint
from unified_api.api.errors import answer
from unified_api.api.openapi.operation import Operation, answers
from unified_api.api.openapi.schema import ANY, columns, keyed, named, record
from unified_api.api.openapi.schema import page as page_of
from unified_api.api.reading import parse_id
from unified_api.sync import issues
from unified_api.sync.models_watch import Issue

_TOLD = ("status", "kind", "description", "details", "is_muted")
_TIMES = ("first_incident_time", "last_incident_time", "resolved_at")
_IDS = ("id", "subject", "bridge_id", "linked_account_id")
_ISSUE: Final = named("Issue", record(columns(Issue, *_IDS, *_TOLD, *_TIMES, details=keyed(ANY))))
_ABOUT: Final = {
    "bridge_id": parameters.ids("bridge_id", "Of one of these bridges."),
    "linked_account_id": parameters.ids("linked_account_id", "Of one of these linked accounts."),
    "subject": parameters.ids("subject", "About one of these."),
}
_KINDS: Final = parameters.texts("kind", "Of one of these kinds.")
_STATUS: Final = parameters.word("status", Issue.Status.values, "With this status.")
_MUTED: Final = parameters.flag("include_muted", "Also those that are muted.")
VERBS: Final = {
    "resolve": "End the issue by hand; a cause that goes on opens a new one when it is met again.",
    "mute": "Leave the issue out of lists while it lasts.",
    "unmute": "Show it in lists again.",
}


class Issues(Endpoint):
    """GET issues."""

    needs_account = False
    tag = "issues"
    operations = {
        "get": Operation({200: page_of(_ISSUE)}, query=(*PAGING, *_ABOUT.values(), _KINDS, _STATUS, _MUTED))
    }

    def get(self, _request: Request) -> HttpResponse:
        """A page of issues, the one that began last first; muted ones when asked for."""
        with transaction.atomic():
            window = Window.asked(self.params, f"{self.key.tenant_id} issues")
            found, page = newest.page(window, self._wanted(), "first_incident_time")
        return answer({**page, "results": [_shown(issue) for issue in found]})

    def _wanted(self) -> QuerySet[Issue]:
        rows = reach.issues(self.key)
        for name, parameter in _ABOUT.items():
            if ids := self.asked(parameter):
                rows = rows.filter(**{f"{name}__in": ids})
        if kinds := self.asked(_KINDS):
            rows = rows.filter(kind__in=kinds)
        if status := self.asked(_STATUS):
            rows = rows.filter(status=status)
        return rows if self.asked(_MUTED) else rows.filter(is_muted=False)


class OneIssue(Endpoint):
    """GET issues/{id}."""

    needs_account = False
    tag = "issues"
    operations = {"get": answers(_ISSUE)}

    def get(self, _request: Request, id: str) -> HttpResponse:  # noqa: A002 - the path's word
        """The issue as it stands."""
        with transaction.atomic():
            return answer(_shown(self.issue(id)))

    def issue(self, text: str) -> Issue:
        """The issue of a path, locked where it may be changed; raises NotFound."""
        rows = reach.issues(self.key).filter(id=parse_id(text))
        issue = (rows if self.request.method == "GET" else rows.select_for_update()).first()
        if issue is None:
            raise NotFound
        return issue


class Verb(OneIssue):
    """POST issues/{id}/{verb}: resolve, mute, unmute."""

    http_method_names = ("post",)
    verb: str = ""
    operations = {"post": lambda endpoint: Operation({200: _ISSUE}, sentence=VERBS[endpoint.verb])}

    def post(self, _request: Request, id: str) -> HttpResponse:  # noqa: A002 - the path's word
        """The issue as it is then."""
        with transaction.atomic():
            issue = self.issue(id)
            if self.verb == "resolve":
                issues.close(issue)
            else:
                issues.mute(issue, muted=self.verb == "mute")
        return answer(_shown(issue))


def _shown(issue: Issue) -> dict[str, Any]:
    ids = {name: getattr(issue, name) for name in _IDS}
    return {
        **{name: None if value is None else str(value) for name, value in ids.items()},
        **{name: getattr(issue, name) for name in (*_TOLD, *_TIMES)},
    }
