"""Webhooks: of applications for thirty days, and those that an administrator set up, with a secret."""

from __future__ import annotations

import hmac
import json
import re
import uuid
from typing import Any, Final

from tests.emulators.exchange import Answer, Refused, Request
from tests.emulators.vendor import Delivery
from tests.emulators.vendors.jira.common import API, counted, invalid, is_app, on
from tests.emulators.world import Event, Record, World

_HOOKS: Final = f"{API}/webhook"
_LASTS: Final = 30 * 86_400
_HAPPENS: Final = ("created", "updated", "deleted")
_FILTER: Final = re.compile(r"project in \(([\w, ]+)\)")


def _must_be_app(request: Request) -> None:
    if not is_app(request):
        raise Refused(
            403, {"errorMessages": ["Only Connect and OAuth 2.0 apps can use this operation."], "errors": {}}
        )


@on("GET", _HOOKS)
def hooks(world: World, request: Request) -> Answer:
    """Those of the application."""
    _must_be_app(request)

    def shape(one: Record) -> Record:
        shown = {name: one[name] for name in ("id", "events", "jqlFilter", "url")}
        return {**shown, "expirationDate": int(one["ends"] * 1000)}

    return counted(request, [one for one in world.rows("hook") if "secret" not in one], shape)


@on("POST", _HOOKS)
def new_hooks(world: World, request: Request) -> Answer:
    """New ones; each says for itself whether it was taken."""
    _must_be_app(request)
    results: list[Any] = []
    for told in request.body["webhooks"]:
        condition = _FILTER.fullmatch(told["jqlFilter"])
        if condition is None:
            results.append({"errors": ["The clause is not supported in webhook filters."]})
            continue
        facts = {"url": request.body["url"], "projects": condition[1].split(", "), **told}
        made = world.add("hook", {**facts, "ends": world.clock.now().timestamp() + _LASTS})
        results.append({"createdWebhookId": made["id"]})
    return Answer(200, {"webhookRegistrationResult": results})


@on("DELETE", _HOOKS)
def remove_hooks(world: World, request: Request) -> Answer:
    """No more deliveries; ids that are not known are not looked at."""
    _must_be_app(request)
    if not request.body.get("webhookIds"):
        raise invalid("webhookIds is required")
    for one in request.body["webhookIds"]:
        world.table("hook").pop(str(one), None)
    return Answer(202)


def set_up(world: World, url: str, secret: str) -> None:
    """What an administrator does in the settings of a site: everything is told, for as long as nobody ends it."""
    events = [f"jira:issue_{word}" for word in _HAPPENS] + [f"comment_{word}" for word in _HAPPENS]
    ends = world.clock.now().timestamp() + 100 * _LASTS
    world.add("hook", {"url": url, "events": events, "ends": ends, "secret": secret})


def sent(world: World, event: Event) -> list[Delivery]:
    """What goes out for an event."""
    issue = event.record if event.kind == "issue" else world.table("issue")[event.record["issue"]]
    shown = {"id": issue["id"], "key": issue["key"]}
    body = {"timestamp": int(event.at.timestamp() * 1000), "webhookEvent": event.word, "issue": shown}
    if event.kind == "comment":
        body["comment"] = {"id": event.record["id"]}
    raw = json.dumps(body).encode()
    listening = [
        one
        for one in world.rows("hook")
        if event.word in one["events"]
        and one["ends"] > world.clock.now().timestamp()
        and ("projects" not in one or issue["project"] in one["projects"])
    ]
    return [Delivery(one["url"], _headers(world, event, one, raw), raw) for one in listening]


def _headers(world: World, event: Event, hook: Record, raw: bytes) -> dict[str, str]:
    name = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{world.url}/{event.id}/{hook['id']}"))
    told = {"Content-Type": "application/json", "X-Atlassian-Webhook-Identifier": name}
    if "secret" in hook:
        told["X-Hub-Signature"] = f"sha256={hmac.digest(hook['secret'].encode(), raw, 'sha256').hex()}"
    return told
