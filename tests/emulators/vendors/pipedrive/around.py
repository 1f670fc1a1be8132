"""What stands around records: users, stages, and webhooks."""

from __future__ import annotations

import base64
import json
from typing import Final

from tests.emulators.exchange import Answer, Refused, Request
from tests.emulators.vendor import Delivery, Routes
from tests.emulators.vendors.pipedrive.common import COMPANY, stamp
from tests.emulators.world import Event, Record, World

on: Final = Routes()


def add_user(world: World, name: str, email: str, *, active: bool = True) -> Record:
    """Somebody who works there."""
    return world.add("user", {"name": name, "email": email, "active_flag": active, "is_deleted": False})


def add_stage(world: World, name: str, pipeline: int) -> Record:
    """A stage of a pipeline."""
    now = stamp(world.clock.now())
    facts = {"name": name, "pipeline_id": pipeline, "order_nr": 1, "is_deleted": False}
    return world.add("stage", {**facts, "add_time": now, "update_time": now})


@on("GET", "/users")
def users(world: World, _request: Request) -> Answer:
    """All of them."""
    return Answer(200, {"success": True, "data": world.rows("user")})


@on("GET", "/users/me")
def me(world: World, _request: Request) -> Answer:
    """Whose token it is."""
    return Answer(200, {"success": True, "data": {**world.rows("user")[0], "company_id": COMPANY}})


@on("GET", "/users/{id}")
def user(world: World, request: Request) -> Answer:
    """One by its id; with the word "success: false" in a 200 where a test wants that."""
    found = world.table("user").get(request.params["id"])
    if found is None:
        status = 200 if world.table("quirk") else 404
        raise Refused(status, {"success": False, "error": "User not found", "errorCode": 404})
    return Answer(200, {"success": True, "data": found})


@on("GET", "/stages")
def stages(world: World, request: Request) -> Answer:
    """A page of them."""
    after, size = request.number("cursor", 0), request.number("limit", 100)
    rows = [one for one in world.rows("stage") if one["id"] > after]
    further = {"next_cursor": str(rows[size - 1]["id"])} if len(rows) > size else {}
    return Answer(200, {"success": True, "data": rows[:size], "additional_data": further})


@on("GET", "/stages/{id}")
def stage(world: World, request: Request) -> Answer:
    """One by its id."""
    return Answer(200, {"success": True, "data": world.get("stage", request.params["id"])})


@on("GET", "/activityTypes")
def activity_types(world: World, _request: Request) -> Answer:
    """Three of every account, and one of the customer's."""
    now = stamp(world.clock.now())
    rows = [
        {"id": number, "name": name, "key_string": name.lower(), "is_custom_flag": name == "Demo"}
        for number, name in enumerate(("Call", "Meeting", "Task", "Demo"), 1)
    ]
    facts = {"order_nr": 1, "active_flag": True, "color": "FFFFFF", "icon_key": "task"}
    shown = [{**one, **facts, "add_time": now, "update_time": now} for one in rows]
    return Answer(200, {"success": True, "data": shown})


@on("GET", "/webhooks")
def webhooks(world: World, _request: Request) -> Answer:
    """All that were asked for; nobody is shown a password."""
    return Answer(200, {"success": True, "status": "ok", "data": [_shown(one) for one in world.rows("hook")]})


@on("POST", "/webhooks")
def subscribe(world: World, request: Request) -> Answer:
    """Ask for one."""
    return Answer(201, {"success": True, "status": "ok", "data": _shown(world.add("hook", request.body))})


@on("DELETE", "/webhooks/{id}")
def unsubscribe(world: World, request: Request) -> Answer:
    """Ask for it no more."""
    del world.table("hook")[str(world.get("hook", request.params["id"])["id"])]
    return Answer(200, {"success": True, "status": "ok"})


def _shown(hook: Record) -> Record:
    return {name: value for name, value in hook.items() if name != "http_auth_password"}


def deliveries(world: World, event: Event) -> list[Delivery]:
    """What an event brings about: not signed, with the user and password that were asked for."""
    return [_delivery(hook, event) for hook in world.rows("hook")]


def _delivery(hook: Record, event: Event) -> Delivery:
    about = {"action": event.word, "entity": event.kind, "entity_id": str(event.record["id"])}
    meta = {"id": f"{event.id:08d}-5f1a", "version": "2.0", "company_id": str(COMPANY), **about}
    gone = event.word == "delete"
    shown = {"data": None if gone else event.record, "previous": event.record if gone else None}
    pair = f"{hook['http_auth_user']}:{hook['http_auth_password']}".encode()
    headers = {
        "Content-Type": "application/json",
        "Authorization": f"Basic {base64.b64encode(pair).decode()}",
    }
    return Delivery(hook["subscription_url"], headers, json.dumps({"meta": meta, **shown}).encode())
