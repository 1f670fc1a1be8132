"""Issues in the form of the wire contract: what a person has to look at, of all linked accounts and bridges."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from rest_framework.request import Request

from tenants import accounts
from tenants.models import LinkedAccount
from unified_api import registry
from unified_api.api import newest, parameters, reach
from unified_api.api.cursors import PAGING, Window
from unified_api.api.endpoint import Endpoint
from unified_api.api.errors import answer
from unified_api.api.openapi.operation import Operation, answers
from unified_api.api.openapi.schema import ANY, TEXT, columns, keyed, many, named, record
from unified_api.api.openapi.schema import page as page_of
from unified_api.sync import issues
from unified_api.sync.models_bridge import Bridge
from unified_api.sync.models_watch import Issue

#: The contract's short words for what is wrong; the whole sentence is among the details.
_LABELS: Final = {
    issues.CREDENTIAL: "Invalid login credentials",
    issues.PERMISSION: "Missing permission",
    issues.READING: "Sync failing",
    issues.FIELDS: "Mapped fields removed",
    "budget": "Sync budget exceeded",
    "failing": "Sync failing",
    "failed": "Records that cannot be compared",
    "drift": "Records out of sync",
    "merged": "Merged records",
    "removals": "Removals held",
}
_ISSUE: Final = named(
    "AccountIssue",
    record(
        {
            **columns(Issue, "id", "status"),
            "error_description": TEXT,
            "end_user": keyed(ANY),
            **columns(Issue, "first_incident_time", "last_incident_time", "is_muted"),
            "error_details": many(TEXT),
        }
    ),
)
_TOKEN: Final = parameters.text("account_token", "Of the account of this token.")
_ACCOUNT: Final = parameters.ids("linked_account_id", "Of one of these linked accounts.")
_INTEGRATION: Final = parameters.text("integration_name", "Of accounts at this integration, by name or slug.")
_ORGANIZATION: Final = parameters.text("end_user_organization_name", "Of end users of this organization.")
_STATUS: Final = parameters.word("status", Issue.Status.values, "With this status.")
_MUTED: Final = parameters.flag("include_muted", "Also those that are muted.")
_LAST: Final = "last_incident_time"
_TIMES: Final = tuple(
    (parameters.instant(name, about), lookup)
    for name, about, lookup in (
        ("start_date", "That were last met at this time or later.", f"{_LAST}__gte"),
        ("end_date", "That were last met at this time or earlier.", f"{_LAST}__lte"),
        ("first_incident_time_after", "That began at this time or later.", "first_incident_time__gte"),
        ("first_incident_time_before", "That began at this time or earlier.", "first_incident_time__lte"),
        ("last_incident_time_after", "That were last met at this time or later.", f"{_LAST}__gte"),
        ("last_incident_time_before", "That were last met at this time or earlier.", f"{_LAST}__lte"),
    )
)


class Issues(Endpoint):
    """GET issues: of all categories, whichever the path names."""

    needs_account = False
    tag = "accounts"
    operations = {
        "get": Operation(
            {200: page_of(_ISSUE)},
            query=(
                *PAGING,
                _TOKEN,
                _ACCOUNT,
                _INTEGRATION,
                _ORGANIZATION,
                _STATUS,
                _MUTED,
                *(one for one, _ in _TIMES),
            ),
        )
    }

    def get(self, _request: Request) -> HttpResponse:
        """A page of issues, the one that was met last first; muted ones when asked for."""
        with transaction.atomic():
            window = Window.asked(self.params, f"{self.key.tenant_id} account-issues")
            found, page = newest.page(window, self._wanted(), _LAST)
            results = shown(found)
        return answer({**page, "results": results})

    def _wanted(self) -> QuerySet[Issue]:
        rows = reach.issues(self.key)
        if (token := self.asked(_TOKEN)) is not None:
            mine = accounts.by_token(token)
            rows = rows.filter(linked_account_id=mine.id) if mine else rows.none()
        if ids := self.asked(_ACCOUNT):
            rows = rows.filter(linked_account_id__in=ids)
        if (status := self.asked(_STATUS)) is not None:
            rows = rows.filter(status=status)
        for parameter, lookup in _TIMES:
            if (bound := self.asked(parameter)) is not None:
                rows = rows.filter(**{lookup: bound})
        rows = rows if self.asked(_MUTED) else rows.filter(is_muted=False)
        return rows.filter(self._of_accounts())

    def _of_accounts(self) -> Q:
        """What is asked of the accounts that issues are about."""
        about: dict[str, Any] = {}
        if (organization := self.asked(_ORGANIZATION)) is not None:
            about["end_user_organization_name"] = organization
        if (name := self.asked(_INTEGRATION)) is not None:
            about["integration__in"] = [p.slug for p in registry.all() if name in {p.name, p.slug}]
        if not about:
            return Q()
        return Q(linked_account_id__in=LinkedAccount.objects.filter(**about).values("id"))


class OneIssue(Endpoint):
    """GET issues/{id}."""

    needs_account = False
    tag = "accounts"
    operations = {"get": answers(_ISSUE)}

    def get(self, _request: Request, id: str) -> HttpResponse:  # noqa: A002 - the path's word
        """The issue as it stands."""
        with transaction.atomic():
            [one] = shown([reach.one(reach.issues(self.key), id)])
        return answer(one)


def shown(found: Iterable[Issue]) -> list[dict[str, Any]]:
    """Issues in the contract's form, within the transaction that read them."""
    rows = list(found)
    bridges = Bridge.objects.filter(id__in={one.bridge_id for one in rows if one.bridge_id})
    sides = {bridge.id: bridge.account_a for bridge in bridges}
    about = {one.id: one.linked_account_id or sides.get(one.bridge_id) for one in rows}
    known = {
        account.id: account for account in LinkedAccount.objects.filter(id__in={*about.values()} - {None})
    }
    return [_issue(one, known.get(about[one.id])) for one in rows]


def _issue(one: Issue, account: LinkedAccount | None) -> dict[str, Any]:
    return {
        "id": str(one.id),
        "status": one.status,
        "error_description": _LABELS.get(one.kind, one.kind.replace("_", " ").capitalize()),
        "end_user": _end_user(account),
        "first_incident_time": one.first_incident_time,
        "last_incident_time": one.last_incident_time,
        "is_muted": one.is_muted,
        "error_details": [one.description],
    }


def _end_user(account: LinkedAccount | None) -> Mapping[str, Any]:
    """Whose account it is about; of a bridge, whose first account."""
    if account is None:
        return {}
    return {
        "origin_id": account.end_user_origin_id,
        "organization_name": account.end_user_organization_name,
        "email_address": account.end_user_email_address,
        "linked_account_id": str(account.id),
        "integration": account.integration,
        "category": account.category,
    }
