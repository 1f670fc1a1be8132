"""Webhooks of the repository: signed over the raw body, by the same name when they are sent again.

GitHub does not send again by itself what was not taken within ten seconds; the next reading of the list finds it.
Making and removing them is not in the description at hand: general knowledge [?].
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from integrations.kit.endpoints import Api
from integrations.kit.errors import Gone
from integrations.kit.paths import dig
from integrations.kit.signatures import Header, Hmac
from integrations.kit.webhooks import Callback, Subscribed, Subscriptions, Webhooks
from integrations.providers.github.repository import path_of
from unified_api.models.ticketing import Collection, Comment, Tag, Ticket, User

_EVENT = Header("X-GitHub-Event")
_EVENTS = {"issues": Ticket, "issue_comment": Comment, "label": Tag, "member": User, "repository": Collection}
#: Where the ids stand; of a label that was renamed, the old one as well.
_IDS = {
    "issues": ("issue.number",),
    "issue_comment": ("comment.id",),
    "label": ("label.name", "changes.name.from"),
}


def _named(event: Any, headers: Mapping[str, str]) -> list[str]:
    """The ids of what an event is about; none where the list is to be read."""
    found = [dig(event, path) for path in _IDS.get(headers[_EVENT.name.lower()], ())]
    return [str(one) for one in found if isinstance(one, str | int)]


def _subscribe(api: Api, callback: Callback) -> Subscribed:
    hooks = f"{path_of(api)}/hooks"
    for hook in api.get(hooks, {"per_page": "100"}):
        if dig(hook, "config.url") == callback.url:
            with suppress(Gone):
                _unsubscribe(api, str(hook["id"]))
    config = {"url": callback.url, "content_type": "json", "secret": callback.secret.reveal()}
    told = {"name": "web", "active": True, "events": list(_EVENTS), "config": config}
    return Subscribed(str(api.send("POST", hooks, told)["id"]))


def _unsubscribe(api: Api, subscription: str) -> None:
    api.send("DELETE", f"{path_of(api)}/hooks/{int(subscription)}", repeatable=True)


def _is_active(api: Api, subscription: str, callback: Callback) -> bool:
    there = api.get(f"{path_of(api)}/hooks", {"per_page": "100"})
    known = {str(hook["id"]): hook["active"] and dig(hook, "config.url") == callback.url for hook in there}
    return bool(known.get(subscription))


webhooks = Webhooks(
    proof=Hmac("X-Hub-Signature-256", prefix="sha256="),
    word=_EVENT,
    models=_EVENTS,
    remote_id=_named,
    event_id=Header("X-GitHub-Delivery"),
    subscriptions=Subscriptions(make=_subscribe, remove=_unsubscribe, is_active=_is_active),
)
