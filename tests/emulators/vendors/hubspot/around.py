"""What stands around records: the account, its owners, and the webhooks of an app."""

from __future__ import annotations

import base64
import hmac
import json
from typing import Any, Final

from tests.emulators.exchange import Answer, Refused, Request
from tests.emulators.vendor import Delivery, Routes
from tests.emulators.vendors.hubspot.common import KINDS, PORTAL, refusal, stamp, wants_archived
from tests.emulators.world import Event, Record, World

on: Final = Routes()
ACCOUNT: Final = "/account-info/v3/details"


def add_owner(world: World, first: str, last: str, email: str, *, archived: bool = False) -> Record:
    """Somebody who can own records."""
    now, number = stamp(world.clock.now()), world.next_id("owner")
    facts: Record = {"firstName": first, "lastName": last, "email": email, "archived": archived}
    who = {"type": "PERSON", "teams": [], "createdAt": now, "updatedAt": now}
    user = {"userIdIncludingInactive": number + 5000, **({} if archived else {"userId": number + 5000})}
    return world.add("owner", {"id": str(number), **facts, **who, **user})


@on("GET", ACCOUNT)
def account(_world: World, _request: Request) -> Answer:
    """Whose token it is."""
    return Answer(200, {"portalId": PORTAL, "timeZone": "US/Eastern", "accountType": "STANDARD"})


@on("GET", "/crm/v3/owners/")
def owners(world: World, request: Request) -> Answer:
    """Those who are there, or who are archived."""
    archived, after = wants_archived(request), request.number("after", 0)
    size = request.number("limit", 100)
    rows = [one for one in world.rows("owner") if one["archived"] is archived and int(one["id"]) > after]
    some = rows[:size]
    paging = {"paging": {"next": {"after": some[-1]["id"]}}} if len(rows) > size else {}
    return Answer(200, {"results": some, **paging})


@on("GET", "/crm/v3/owners/{ownerId}")
def owner(world: World, request: Request) -> Answer:
    """One of them."""
    if not request.params["ownerId"].isdigit():
        raise refusal(400, "VALIDATION_ERROR", "an owner's id is a number")
    found = world.table("owner").get(request.params["ownerId"])
    if found is None or found["archived"] is not wants_archived(request):
        raise Refused(404)
    return Answer(200, found)


def deliveries(world: World, event: Event) -> list[Delivery]:
    """What goes out for an event: to each app that wants to know."""
    return [_delivery(world, hook, [_told(event)]) for hook in world.rows("hook")]


def _told(event: Event) -> Record:
    kind = KINDS[event.kind]
    word = "object" if event.kind not in {"contacts", "companies", "deals"} else kind.singular
    told: Record = {
        "eventId": event.id,
        "subscriptionId": 25,
        "portalId": PORTAL,
        "appId": 1160452,
        "occurredAt": round(event.at.timestamp() * 1000),
        "subscriptionType": f"{word}.{event.word}",
        "attemptNumber": 0,
        **({"objectTypeId": kind.number} if word == "object" else {}),
    }
    if event.word == "associationChange":
        of = f"{kind.singular}_TO_{KINDS[event.more['other']].singular}".upper()
        ends = {"fromObjectId": int(event.record["id"]), "toObjectId": int(event.more["to"])}
        return {**told, **ends, "associationType": of, "associationRemoved": event.more["removed"]}
    if event.word == "merge":
        merged = [int(one) for one in event.more["merged"]]
        return {
            **told,
            "objectId": int(event.record["id"]),
            "primaryObjectId": int(event.more["primary"]),
            "mergedObjectIds": merged,
            "newObjectId": int(event.record["id"]),
            "numberOfPropertiesMoved": 0,
        }
    return {**told, "objectId": int(event.record["id"]), "changeSource": "CRM_UI", **event.more}


def _delivery(world: World, hook: Record, events: list[Any]) -> Delivery:
    body, now = json.dumps(events).encode(), str(round(world.clock.now().timestamp() * 1000))
    headers = {
        "Content-Type": "application/json",
        "X-HubSpot-Request-Timestamp": now,
        "X-HubSpot-Signature-v3": signature(hook["secret"], hook["url"], body, now),
    }
    return Delivery(hook["url"], headers, body)


def signature(secret: str, url: str, body: bytes, now: str) -> str:
    """What proves a delivery, version 3."""
    made = hmac.new(secret.encode(), f"POST{url}".encode() + body + now.encode(), "sha256").digest()
    return base64.b64encode(made).decode()
