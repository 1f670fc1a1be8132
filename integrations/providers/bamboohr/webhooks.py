"""Webhooks about employees: they name who changed, and are signed by a key that is shown once.

https://documentation.bamboohr.com/docs/event-based-webhooks. The signature is made of body and time, in an order that
is not certain [?]: either is taken.
"""

from __future__ import annotations

from http import HTTPStatus

from integrations.kit.endpoints import Api
from integrations.kit.errors import Uncertain
from integrations.kit.signatures import AnyOf, Header, Hmac
from integrations.kit.webhooks import Callback, Subscribed, Subscriptions, Webhooks
from unified_api.models.hris import Employee

_HOOKS = "/webhooks"
_EVENTS = ("employee.created", "employee.updated", "employee.deleted")
#: Fields whose changes are told, of those that every account can have watched.
_WATCHED = (
    *("firstName", "lastName", "preferredName", "employeeNumber", "workEmail", "homeEmail", "mobilePhone"),
    *("hireDate", "status", "jobTitle", "department", "division", "location"),
    *("address1", "city", "state", "zipcode", "country", "dateOfBirth", "gender", "maritalStatus"),
)
_SIGNED = Header("X-BambooHR-Timestamp")


def _make(api: Api, callback: Callback) -> Subscribed:
    """Ask for events, in the place of what is sent there already."""
    for hook in api.get(_HOOKS)["webhooks"]:
        if hook["url"] == callback.url:
            _remove(api, str(hook["id"]))
    told = {
        "name": "Isthmus",
        "url": callback.url,
        "format": "json",
        "events": list(_EVENTS),
        "monitorFields": list(_WATCHED),
    }
    made = api.send("POST", _HOOKS, told)
    return Subscribed(str(made["id"]), made["privateKey"])


def _remove(api: Api, subscription: str) -> None:
    """It is confirmed by a sentence, which is no JSON."""
    try:
        api.send("DELETE", f"{_HOOKS}/{int(subscription)}")
    except Uncertain as error:
        if error.status != HTTPStatus.OK:
            raise


def _is_active(api: Api, subscription: str, callback: Callback) -> bool:
    mine = (subscription, callback.url)
    return any((str(hook["id"]), hook["url"]) == mine for hook in api.get(_HOOKS)["webhooks"])


webhooks = Webhooks(
    proof=AnyOf(
        (
            Hmac("X-BambooHR-Signature", base="{body}{timestamp}", timestamp=_SIGNED),
            Hmac("X-BambooHR-Signature", base="{timestamp}{body}", timestamp=_SIGNED),
        )
    ),
    word="type",
    models=dict.fromkeys(_EVENTS, Employee),
    remote_id="data.employeeId",
    subscriptions=Subscriptions(make=_make, remove=_remove, is_active=_is_active),
)
