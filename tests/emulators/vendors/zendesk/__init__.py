"""Zendesk Support, as its description and documents have it.

https://developer.zendesk.com/api-reference/ticketing/introduction/
"""

from __future__ import annotations

import re
from typing import Final

from tests.emulators.exchange import Request
from tests.emulators.vendor import Beyond, Limit, Routes, Spent, Vendor
from tests.emulators.vendors.zendesk import (
    exports,
    fields,
    files,
    hooks,
    oauth,
    people,
    searching,
    ticket,
    tickets,
)
from tests.emulators.vendors.zendesk.forms import API, EMAIL, enters, error
from tests.emulators.world import World

_DOCS: Final = "https://developer.zendesk.com"
_PAGES: Final = f"{_DOCS}/api-reference/introduction/pagination/"
_EXPORTS: Final = f"{_DOCS}/documentation/ticketing/managing-tickets/using-the-incremental-export-api/"
_HOOKS: Final = f"{_DOCS}/api-reference/webhooks/webhooks-api/webhooks/"
_COMMENTS: Final = f"{_DOCS}/api-reference/ticketing/tickets/ticket_comments/"
_EXAMPLES: Final = "the description's own examples, and answers of any account"
_VALUE: Final = {
    "type": "array",
    "items": {"type": "object", "properties": {"id": {"type": "integer"}, "value": {}}},
}
_TICKET: Final = "/components/schemas/Ticket"

beyond = Beyond(
    paths={
        f"{API}/webhooks": _HOOKS,
        f"{API}/webhooks/{{webhook_id}}": _HOOKS,
        f"{API}/webhooks/{{webhook_id}}/signing_secret": _HOOKS,
        f"{API}/tickets/{{ticket_id}}/comments/{{comment_id}}/make_private": f"{_COMMENTS}#make-comment-private",
        "/api/v2/oauth/tokens/current": f"{_DOCS}/documentation/api-basics/authentication/revoking-oauth-token",
        "/oauth/tokens": f"{_DOCS}/api-reference/ticketing/oauth/grant_type_tokens/",
        "/attachments/token/{token}/": "the address in `content_url`",
    },
    query={
        **dict.fromkeys(("page[size]", "page[after]", "page", "per_page"), _PAGES),
        "include": f"{_EXPORTS}#exporting-ticket-events",
        "sort_order": f"{_COMMENTS}#list-comments",
        "query": f"{_DOCS}/api-reference/ticketing/users/users/#search-users",
        "ids": f"{_DOCS}/api-reference/ticketing/users/users/#show-many-users",
        "filename": f"{_DOCS}/api-reference/ticketing/tickets/ticket-attachments/#upload-files",
    },
    fields={
        **dict.fromkeys(("meta", "links", "count", "next_page", "previous_page"), _PAGES),
        "generated_timestamp": _EXPORTS,
        "audit": f"{_DOCS}/documentation/ticketing/managing-tickets/creating-and-updating-tickets/",
    },
    nulls=dict.fromkeys(
        (
            *("assignee_id", "group_id", "organization_id", "problem_id", "brand_id", "custom_status_id"),
            *("external_id", "priority", "type", "subject", "value", "email", "details", "next"),
        ),
        _EXAMPLES,
    ),
    errata={
        # It asks for the definition of a field where values are set.
        f"{_TICKET}CreateInput/properties/custom_fields": _VALUE,
        f"{_TICKET}UpdateInput/properties/custom_fields": _VALUE,
        # Check boxes are true or false, numbers are numbers, several choices a list.
        f"{_TICKET}Object/properties/custom_fields": _VALUE,
        # Exports show deleted ones.
        f"{_TICKET}Object/properties/status/enum": [*ticket.STATUSES, "deleted"],
        # Who is nobody has no id.
        "/components/schemas/UserForAdmin/properties/id/nullable": True,
        "/components/schemas/UserForEndUser/properties/id/nullable": True,
        # A result shows whatever a record of its kind shows.
        "/components/schemas/SearchResultObject/additionalProperties": True,
        # The reference of events has more of them, and in each more than here.
        "/components/schemas/AuditObject/properties/events/items/additionalProperties": True,
        # It shows the events of metrics here.
        "/components/schemas/ExportIncrementalTicketEventsResponse/properties/ticket_events": {
            "type": "array",
            "items": {"type": "object"},
        },
    },
)


def _seed(world: World) -> None:
    """A desk: who owns the token, an agent in a group, a customer of an organization, and a field."""
    people.add_group(world, "Support", default=True)
    people.add_user(world, "Ada Admin", EMAIL, "admin")
    people.add_user(world, "Ben Agent", "ben@support.example", "agent")
    acme = people.add_organization(world, "Acme", domain_names=["acme.example"])
    people.add_user(world, "Cleo Customer", "cleo@acme.example", organization_id=acme["id"])
    fields.add_field(world, "Subject", "subject", removable=False)
    fields.add_field(world, "Product", "tagger", ("printer", "scanner"))
    fields.add_field(world, "Seats", "integer")


def _told(spent: Spent) -> dict[str, str]:
    if spent.limit.name != "account":
        return {}
    left, reset = str(max(spent.left, 0)), str(round(spent.reset))
    most = str(spent.limit.most)
    both = {"X-Rate-Limit": most, "X-Rate-Limit-Remaining": left}
    return {**both, "ratelimit-limit": most, "ratelimit-remaining": left, "ratelimit-reset": reset}


def _of_export(request: Request) -> str | None:
    return "all" if request.path.startswith(f"{API}/incremental/") else None


def _of_ticket(request: Request) -> str | None:
    found = re.fullmatch(rf"{API}/tickets/\d+", request.path)
    return request.path if found and request.method == "PUT" else None


vendor = Vendor(
    name="Zendesk",
    routes=Routes(
        [r for m in (people, tickets, exports, fields, files, searching, hooks, oauth) for r in m.on.all]
    ),
    error=error,
    enters=enters,
    seed=_seed,
    limits=(
        Limit("account", 700, 60, lambda _request: "all"),
        Limit("incremental exports", 10, 60, _of_export),
        Limit("updates of a ticket", 30, 600, _of_ticket),
    ),
    told=_told,
    canonical=lambda path: path.removesuffix(".json"),
    deliveries=hooks.deliveries,
    official="zendesk/zendesk-support.openapi.json",
    beyond=beyond,
)
