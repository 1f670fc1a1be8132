"""Webhooks of an audience: forms without a signature. Only who knows the address can send there [?].

So what they say is a hint at most, and none is followed further than to what changed: the member that one names is
named by the hash of an address, which may be another by then.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

from integrations.kit.endpoints import Api
from integrations.kit.errors import Gone
from integrations.kit.signatures import Unsigned
from integrations.kit.webhooks import Callback, Subscribed, Subscriptions, Webhooks
from unified_api.models.crm import Contact

_EVENTS: Final = ("subscribe", "unsubscribe", "profile", "cleaned", "upemail")


def _path(api: Api) -> str:
    return f"/3.0/lists/{api.settings['list_id']}/webhooks"


def _subscribe(api: Api, callback: Callback) -> Subscribed:
    """Have all changes told, whoever made them: what Isthmus wrote itself is no news, but costs little."""
    for hook in api.get(_path(api))["webhooks"]:
        if hook["url"] == callback.url:
            with suppress(Gone):
                _unsubscribe(api, hook["id"])
    told = {
        "url": callback.url,
        "events": {**dict.fromkeys(_EVENTS, True), "campaign": False},
        "sources": {"user": True, "admin": True, "api": True},
    }
    return Subscribed(str(api.send("POST", _path(api), told)["id"]))


def _unsubscribe(api: Api, subscription: str) -> None:
    if not subscription.isalnum():
        raise Gone("no webhook has such an id")
    api.send("DELETE", f"{_path(api)}/{subscription}", repeatable=True)


def _is_active(api: Api, subscription: str, callback: Callback) -> bool:
    mine = (subscription, callback.url)
    return any((str(hook["id"]), hook["url"]) == mine for hook in api.get(_path(api))["webhooks"])


def _nobody(_event: Any, _headers: Any) -> list[str]:
    """No id: what changed is read."""
    return []


webhooks = Webhooks(
    proof=Unsigned(),
    word="type",
    models=dict.fromkeys(_EVENTS, Contact),
    remote_id=_nobody,
    subscriptions=Subscriptions(make=_subscribe, remove=_unsubscribe, is_active=_is_active),
)
