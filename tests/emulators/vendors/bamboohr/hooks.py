"""Webhooks of events: each is signed by a key that was shown once."""

from __future__ import annotations

import hmac
import json
from typing import Final

from tests.emulators.exchange import Answer, Request
from tests.emulators.pieces import sealed
from tests.emulators.vendor import Delivery, Routes
from tests.emulators.vendors.bamboohr.common import API, has_quirk, refusal, stamp
from tests.emulators.world import Event, Record, World

on: Final = Routes()
#: What the system may do: the time is signed before the body.
TIME_FIRST: Final = "time first"
_SUMMARY: Final = ("id", "name", "created", "lastSent", "url")


def signature(key: str, *parts: bytes) -> str:
    """What proves a delivery."""
    return hmac.new(key.encode(), b"".join(parts), "sha256").hexdigest()


def deliveries(world: World, event: Event) -> list[Delivery]:
    """An event for everybody who asked for it; a change, if somebody watches what changed."""
    word = f"{event.kind}.{event.word}"
    return [_delivery(world, hook, event, word) for hook in world.rows("hook") if _wants(hook, event, word)]


def _wants(hook: Record, event: Event, word: str) -> bool:
    seen = {*hook["monitorFields"], "jobInfo", "employmentStatus", "compensation"}
    watched = seen & {*event.more.get("changed", ())} or event.word != "updated"
    return word in hook["events"] and bool(watched)


def _delivery(world: World, hook: Record, event: Event, word: str) -> Delivery:
    changed = {"changedFields": event.more["changed"]} if "changed" in event.more else {}
    data = {"companyId": "1", "employeeId": event.record["id"], **changed}
    body = json.dumps({"type": word, "timestamp": stamp(event.at), "data": data}).encode()
    sent = str(int(event.at.timestamp())).encode()
    parts = (sent, body) if has_quirk(world, TIME_FIRST) else (body, sent)
    headers = {
        "Content-Type": "application/json",
        "X-BambooHR-Timestamp": sent.decode(),
        "X-BambooHR-Signature": signature(hook["_key"], *parts),
    }
    return Delivery(hook["url"], headers, body)


@on("GET", f"{API}/webhooks")
def list_hooks(world: World, _request: Request) -> Answer:
    """All of the user's, in short."""
    return Answer(200, {"webhooks": [{key: one[key] for key in _SUMMARY} for one in world.rows("hook")]})


@on("POST", f"{API}/webhooks")
def create_hook(world: World, request: Request) -> Answer:
    """A new one: its key is shown here, and nowhere else."""
    told = request.body
    if not told.get("format") or ("employee.updated" in told["events"] and not told.get("monitorFields")):
        raise refusal(400, "format and monitorFields are required")
    number = world.next_id("hook")
    facts: Record = {"id": str(number), "created": "2026-01-31 11:00:00", "lastSent": None, "postFields": {}}
    key = sealed("key", number)
    made = world.add("hook", {**told, **facts, "includeCompanyDomain": False, "_key": key})
    shown = {name: value for name, value in made.items() if name != "_key"}
    return Answer(201, {**shown, "privateKey": key})


@on("DELETE", f"{API}/webhooks/{{id}}")
def delete_hook(world: World, request: Request) -> Answer:
    """Removes one."""
    world.get("hook", request.params["id"])
    del world.table("hook")[request.params["id"]]
    return Answer(200, b"Web hook has been deleted.", {"Content-Type": "text/plain"})
