"""Webhooks: subscriptions to events, each signed by a secret that the vendor chose."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Final

from tests.emulators.exchange import Answer, Request
from tests.emulators.pieces import sealed
from tests.emulators.vendor import Delivery, Routes
from tests.emulators.vendors.zendesk.forms import API, inner, paged, spelled
from tests.emulators.world import Event, Record, World

on: Final = Routes()


def signature(secret: str, stamp: str, body: bytes) -> str:
    """What proves a delivery."""
    made = hmac.new(secret.encode(), stamp.encode() + body, hashlib.sha256).digest()
    return base64.b64encode(made).decode()


def deliveries(world: World, event: Event) -> list[Delivery]:
    """An event for everybody who asked for its kind."""
    wanted = f"zen:event-type:{event.word}"
    told = [hook for hook in world.rows("webhook") if wanted in hook["subscriptions"]]
    return [_delivery(event, hook, wanted) for hook in told if hook["status"] == "active"]


def _delivery(event: Event, hook: Record, word: str) -> Delivery:
    stamp = spelled(event.at)
    body = json.dumps(
        {
            "account_id": 1,
            "id": f"event-{event.id}",
            "type": word,
            "subject": f"zen:{event.kind}:{event.record['id']}",
            "time": stamp,
            "zendesk_event_version": "2022-11-06",
            "detail": {"id": str(event.record["id"]), "updated_at": event.record.get("updated_at")},
            "event": event.more,
        }
    ).encode()
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "X-Zendesk-Account-Id": "1",
        "X-Zendesk-Webhook-Id": hook["id"],
        "X-Zendesk-Webhook-Invocation-Id": f"invocation-{event.id}",
        "X-Zendesk-Webhook-Signature": signature(hook["_secret"], stamp, body),
        "X-Zendesk-Webhook-Signature-Timestamp": stamp,
    }
    return Delivery(hook["endpoint"], headers, body)


def _shown(hook: Record) -> Record:
    return {key: value for key, value in hook.items() if key[0] != "_"}


@on("GET", f"{API}/webhooks")
def list_webhooks(world: World, request: Request) -> Answer:
    """All of them."""
    return paged(world, request, "webhooks", [_shown(hook) for hook in world.rows("webhook")])


@on("POST", f"{API}/webhooks")
def create_webhook(world: World, request: Request) -> Answer:
    """A new one, with a secret."""
    number = world.next_id("webhook")
    hook = {**inner(request, "webhook"), "id": f"01HOOK{number}", "_secret": sealed("secret", number)}
    return Answer(201, {"webhook": _shown(world.add("webhook", hook))})


@on("GET", f"{API}/webhooks/{{webhook_id}}")
def show_webhook(world: World, request: Request) -> Answer:
    """One of them."""
    return Answer(200, {"webhook": _shown(world.get("webhook", request.params["webhook_id"]))})


@on("GET", f"{API}/webhooks/{{webhook_id}}/signing_secret")
def show_secret(world: World, request: Request) -> Answer:
    """The secret of one."""
    hook = world.get("webhook", request.params["webhook_id"])
    return Answer(200, {"signing_secret": {"algorithm": "SHA256", "secret": hook["_secret"]}})


@on("DELETE", f"{API}/webhooks/{{webhook_id}}")
def delete_webhook(world: World, request: Request) -> Answer:
    """Removes one."""
    world.get("webhook", request.params["webhook_id"])
    del world.table("webhook")[request.params["webhook_id"]]
    return Answer(204)
