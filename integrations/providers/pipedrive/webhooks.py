"""Webhooks: one subscription to everything. They are not signed, and only name what is read again.

https://pipedrive.readme.io/docs/guide-for-webhooks
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integrations.kit.endpoints import Api
from integrations.kit.paths import dig
from integrations.kit.signatures import Carried
from integrations.kit.webhooks import Callback, Subscribed, Subscriptions, Webhooks
from unified_api.models.crm import Account, Contact, Lead, Note, Opportunity, Stage, Task, User

_USER = "isthmus"
_PATH = "/api/v1/webhooks"
#: Where the id of a record stands: in what the delivery says of itself, or in the record as it is, or as it was [?].
_IDS = ("meta.entity_id", "data.id", "previous.id")


def _ids(event: Any, _headers: Mapping[str, str]) -> list[str]:
    """The first of these; none where no place has it, so that the list is read."""
    found = [dig(event, place) for place in _IDS]
    return [str(one) for one in found if isinstance(one, str | int)][:1]


def _make(api: Api, callback: Callback) -> Subscribed:
    """Ask for all events, in the place of what is sent there already."""
    for hook in api.get(_PATH)["data"]:
        if hook["subscription_url"] == callback.url:
            _remove(api, str(hook["id"]))
    told = {
        "name": "Isthmus",
        "subscription_url": callback.url,
        "event_action": "*",
        "event_object": "*",
        "version": "2.0",
        "http_auth_user": _USER,
        "http_auth_password": callback.secret.reveal(),
    }
    return Subscribed(str(api.send("POST", _PATH, told)["data"]["id"]))


def _remove(api: Api, subscription: str) -> None:
    api.send("DELETE", f"{_PATH}/{int(subscription)}", repeatable=True)


def _is_active(api: Api, subscription: str, callback: Callback) -> bool:
    """Pipedrive removes what is not taken for three days."""
    mine = [hook for hook in api.get(_PATH)["data"] if str(hook["id"]) == subscription]
    return any(hook["subscription_url"] == callback.url and hook.get("is_active", 1) for hook in mine)


webhooks = Webhooks(
    proof=Carried("Authorization", user=_USER),
    word="meta.entity",
    models={
        "activity": Task,
        "deal": Opportunity,
        "lead": Lead,
        "note": Note,
        "organization": Account,
        "person": Contact,
        "stage": Stage,
        "user": User,
    },
    remote_id=_ids,
    event_id="meta.id",
    subscriptions=Subscriptions(make=_make, remove=_remove, is_active=_is_active),
)
