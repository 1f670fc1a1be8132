"""Webhooks: subscriptions to events, signed by a secret that Zendesk chooses.

https://developer.zendesk.com/api-reference/webhooks/event-types/ticket-events
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from integrations.kit.endpoints import Api
from integrations.kit.errors import Gone, Rejected
from integrations.kit.paths import dig
from integrations.kit.signatures import Header, Hmac
from integrations.kit.webhooks import Callback, Subscribed, Subscriptions, Webhooks
from unified_api.models.base import CommonModel
from unified_api.models.ticketing import Account, Comment, Contact, Ticket

_EVENT = "zen:event-type:"
#: So many pages of webhooks are looked through for a former one, of a hundred each.
_PAGES = 50
_SAID = ("ticket.comment_added", "ticket.comment_made_private", "ticket.comment_redacted")
#: As they are listed; and others, of which not every name is certain.
_LISTED: dict[str, type[CommonModel]] = {
    **dict.fromkeys(_SAID, Comment),
    **dict.fromkeys(
        (
            *("ticket.created", "ticket.status_changed", "ticket.subject_changed", "ticket.priority_changed"),
            *("ticket.agent_assignment_changed", "ticket.group_assignment_changed"),
            *("ticket.requester_changed", "ticket.organization_changed", "ticket.problem_link_changed"),
            *("ticket.custom_field_changed", "ticket.custom_status_changed", "ticket.tags_changed"),
        ),
        Ticket,
    ),
    "user.created": Contact,
    "organization.created": Account,
}
_OTHERS: dict[str, type[CommonModel]] = {
    **dict.fromkeys(("ticket.soft_deleted", "ticket.permanently_deleted", "ticket.undeleted"), Ticket),
    **dict.fromkeys(("ticket.merged", "ticket.type_changed", "ticket.task_due_at_changed"), Ticket),
    **dict.fromkeys(
        ("user.deleted", "user.name_changed", "user.details_changed", "user.role_changed"), Contact
    ),
    **dict.fromkeys(("organization.deleted", "organization.name_changed"), Account),
}


def _ids(event: Any, _headers: Mapping[str, str]) -> list[str]:
    """The record that an event names; a comment by its ticket's id and its own."""
    one = str(event["detail"]["id"])
    is_comment = event["type"].removeprefix(_EVENT) in _SAID
    return [f"{one}-{event['event']['comment']['id']}"] if is_comment else [one]


def _make(api: Api, callback: Callback) -> Subscribed:
    """Ask for events, in the place of what is sent there already: if not for all, then for those that are listed."""
    for former in [hook["id"] for hook in _all(api) if hook["endpoint"] == callback.url]:
        _remove(api, former)
    try:
        made = _asked(api, callback, {**_LISTED, **_OTHERS})
    except Rejected:
        made = _asked(api, callback, _LISTED)
    secret = api.get(f"/webhooks/{made}/signing_secret")["signing_secret"]["secret"]
    return Subscribed(made, secret)


def _all(api: Api) -> Iterator[Any]:
    """Those of the account, whoever made them."""
    asked = {"page[size]": "100"}
    for _page in range(_PAGES):
        answer = api.get("/webhooks", asked)
        yield from answer["webhooks"]
        if dig(answer, "meta.has_more") is not True:
            return
        asked["page[after]"] = answer["meta"]["after_cursor"]


def _asked(api: Api, callback: Callback, words: Iterable[str]) -> str:
    told = {
        "name": "Isthmus",
        "endpoint": callback.url,
        "status": "active",
        "http_method": "POST",
        "request_format": "json",
        "subscriptions": sorted(_EVENT + word for word in words),
    }
    return str(api.send("POST", "/webhooks", {"webhook": told})["webhook"]["id"])


def _remove(api: Api, subscription: str) -> None:
    api.send("DELETE", f"/webhooks/{subscription}", repeatable=True)


def _is_active(api: Api, subscription: str, callback: Callback) -> bool:
    """Zendesk switches off by itself what is not taken for long."""
    try:
        hook = api.get(f"/webhooks/{quote(subscription, safe='')}")["webhook"]
    except Gone:
        return False
    return (hook["endpoint"], hook["status"]) == (callback.url, "active")


webhooks = Webhooks(
    proof=Hmac(
        "X-Zendesk-Webhook-Signature",
        encoding="base64",
        base="{timestamp}{body}",
        timestamp=Header("X-Zendesk-Webhook-Signature-Timestamp"),
    ),
    word="type",
    models={_EVENT + word: model for word, model in {**_LISTED, **_OTHERS}.items()},
    remote_id=_ids,
    event_id="id",
    subscriptions=Subscriptions(make=_make, remove=_remove, is_active=_is_active),
)
