"""Webhooks, as a person sets them up at the app: several events in one delivery, signed by the app's secret.

https://developers.hubspot.com/docs/apps/legacy-apps/authentication/validating-requests
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integrations.kit.signatures import Header, Hmac
from integrations.kit.webhooks import Webhooks
from integrations.providers.hubspot.schemas import CUSTOM
from unified_api.models.base import CommonModel
from unified_api.models.crm import Account, Contact, CustomObject, Engagement, Lead, Note, Opportunity, Task

_MODELS: dict[str, type[CommonModel]] = {
    "contact": Contact,
    "company": Account,
    "deal": Opportunity,
    "lead": Lead,
    "note": Note,
    "task": Task,
    "call": Engagement,
    "meeting": Engagement,
    "custom": CustomObject,
}
#: The same in events that any kind of records can have, by the vendor's number of the kind.
_GENERIC = {
    "0-1": "contact",
    "0-2": "company",
    "0-3": "deal",
    "0-136": "lead",
    "0-46": "note",
    "0-27": "task",
    "0-48": "call",
    "0-47": "meeting",
}
#: What stands before the ids of kinds that are one model.
_BEFORE = {"call": "calls-", "meeting": "meetings-"}


def _word(event: Any) -> str:
    """What happened to what: `contact.deletion`, also where it is told as `object.deletion` of a kind."""
    kind, dot, happened = str(event["subscriptionType"]).partition(".")
    if kind == "object":
        number = str(event.get("objectTypeId"))
        kind = "custom" if number.startswith(CUSTOM) else _GENERIC.get(number, kind)
    return f"{kind}{dot}{happened}"


def _ids(event: Any, _headers: Mapping[str, str]) -> list[str]:
    """The record; of an association the one that it begins at, of a merge all that took part and what came of them."""
    found = [event.get(name) for name in ("objectId", "fromObjectId", "primaryObjectId", "newObjectId")]
    several = [*found, *(event.get("mergedObjectIds") or ())]
    kind = _word(event).partition(".")[0]
    before = f"{event['objectTypeId']}-" if kind == "custom" else _BEFORE.get(kind, "")
    return list(dict.fromkeys(f"{before}{one}" for one in several if isinstance(one, int | str)))


webhooks = Webhooks(
    proof=Hmac(
        "X-HubSpot-Signature-v3",
        encoding="base64",
        base="{method}{url}{body}{timestamp}",
        timestamp=Header("X-HubSpot-Request-Timestamp"),
    ),
    items="",
    word=_word,
    until=".",
    models=_MODELS,
    remote_id=_ids,
)
