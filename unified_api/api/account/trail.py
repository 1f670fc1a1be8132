"""The audit trail in the form of the wire contract: who did what to the tenant's things."""

from __future__ import annotations

from typing import Any, Final

from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from tenants.events import EventType
from tenants.models import ApiKey, AuditEvent
from unified_api.api import newest, parameters
from unified_api.api.cursors import PAGING, Window
from unified_api.api.endpoint import Endpoint
from unified_api.api.errors import answer
from unified_api.api.openapi.operation import Operation
from unified_api.api.openapi.refusals import REFUSAL
from unified_api.api.openapi.schema import ID, INSTANT, TEXT, maybe, named, record, word
from unified_api.api.openapi.schema import page as page_of

#: By kind of actor: the contract's role.
_ROLES: Final = {"api_key": "API", "operator": "ADMIN", "command": "ADMIN", "system": "SYSTEM"}
_EVENT: Final = named(
    "AuditLogEvent",
    record(
        {
            "id": ID,
            "user_name": maybe(TEXT),
            "user_email": maybe(TEXT),
            "role": word(*dict.fromkeys(_ROLES.values())),
            "ip_address": TEXT,
            "event_type": word(*EventType),
            "event_description": TEXT,
            "created_at": INSTANT,
        }
    ),
)
_TYPE: Final = parameters.text("event_type", "Of this type.")
_EMAIL: Final = parameters.text("user_email", "By the operator with this e-mail address.")
_START: Final = parameters.instant("start_date", "At this time or later.")
_END: Final = parameters.instant("end_date", "At this time or earlier.")


class AuditTrail(Endpoint):
    """GET audit-trail: of the whole tenant, so for production keys."""

    needs_account = False
    tag = "accounts"
    operations = {
        "get": Operation({200: page_of(_EVENT), 403: REFUSAL}, query=(*PAGING, _TYPE, _EMAIL, _START, _END))
    }

    def get(self, _request: Request) -> HttpResponse:
        """A page of events that the contract has a type for, newest first."""
        if self.key.kind != ApiKey.Kind.PRODUCTION:
            raise PermissionDenied("The audit trail is of the whole tenant; read it with a production key.")
        with transaction.atomic():
            window = Window.asked(self.params, f"{self.key.tenant_id} audit-trail")
            found, page = newest.page(window, self._wanted(), "at")
        return answer({**page, "results": [_shown(event) for event in found]})

    def _wanted(self) -> QuerySet[AuditEvent]:
        wanted = Q(event_type__isnull=False)
        if (event_type := self.asked(_TYPE)) is not None:
            wanted &= Q(event_type=event_type)
        if (email := self.asked(_EMAIL)) is not None:
            wanted &= Q(actor_kind="operator", actor=email)
        if (start := self.asked(_START)) is not None:
            wanted &= Q(at__gte=start)
        if (end := self.asked(_END)) is not None:
            wanted &= Q(at__lte=end)
        found: QuerySet[AuditEvent] = AuditEvent.objects.filter(wanted)
        return found


def _shown(event: AuditEvent) -> dict[str, Any]:
    is_person = event.actor_kind == "operator"
    return {
        "id": str(event.id),
        "user_name": _name(event),
        "user_email": event.actor if is_person and "@" in event.actor else None,
        "role": _ROLES[event.actor_kind],
        "ip_address": event.address,
        "event_type": event.event_type,
        "event_description": _description(event),
        "created_at": event.at,
    }


def _name(event: AuditEvent) -> str:
    """Who did it, for people."""
    if event.actor_kind == "api_key":
        return f"API key …{event.actor}"
    return event.actor or "Isthmus"


def _description(event: AuditEvent) -> str:
    """What was done to what, with what else is on record."""
    said = "; ".join(f"{name}: {value}" for name, value in event.detail.items())
    what = f"{event.action.replace('.', ' ').replace('_', ' ')} {event.subject}".strip()
    return f"{what} ({said})" if said else what
