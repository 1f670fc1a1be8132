"""An audience: itself, its merge fields, its webhooks, and how something is refused."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from tests.emulators.exchange import Answer, Refused, Request
from tests.emulators.vendor import Delivery, Routes
from tests.emulators.world import Event, Record, World

on: Final = Routes()
LIST: Final = "4ca5becb8d"
_DOCS: Final = "https://mailchimp.com/developer/marketing/docs/errors/"
_TITLES: Final = {
    400: "Invalid Resource",
    401: "API Key Invalid",
    404: "Resource Not Found",
    405: "Method Not Allowed",
    429: "Too Many Requests",
}
_TYPES: Final = {"FNAME": "text", "LNAME": "text", "PHONE": "phone", "ADDRESS": "address"}


def problem(status: int, sentence: str, title: str | None = None, **faults: str) -> Record:
    """A refusal as it is told. faults: what is wrong with which field."""
    told = [{"field": field, "message": message} for field, message in faults.items()]
    return {
        "type": _DOCS,
        "title": title or _TITLES.get(status, "Error"),
        "status": status,
        "detail": sentence or "An error.",
        "instance": "995c5cb0-3280-4a6e-808b-3b096d0bb219",
        **({"errors": told} if told else {}),
    }


def refused(status: int, sentence: str, title: str | None = None, **faults: str) -> Refused:
    """The same, to be raised."""
    return Refused(status, problem(status, sentence, title, **faults))


def seed(world: World) -> None:
    """An audience with the fields that every new one has."""
    world.add("list", {"id": LIST, "name": "Newsletter"})
    for tag, kind in _TYPES.items():
        add_field(world, tag, kind, tag.title())


def add_field(world: World, tag: str, kind: str, name: str, **more: Any) -> Record:
    """A merge field. options: such as `choices`."""
    number = len(world.rows("field")) + 1
    told = {"merge_id": number, "tag": tag, "name": name, "type": kind, "required": False, "public": True}
    rest = {"default_value": "", "display_order": number + 1, "options": {}, "help_text": "", "list_id": LIST}
    return world.add("field", {"id": tag, **told, **rest, **more})


def audience_of(world: World, request: Request) -> Record:
    """The audience that a path names; raises Refused."""
    return world.get("list", request.params["list_id"])


def page(request: Request, rows: list[Record]) -> list[Record]:
    """The piece of a list that is asked for: ten, where nothing is said."""
    count, offset = request.number("count", 10), request.number("offset", 0)
    if not 0 < count <= 1_000:
        raise refused(400, "count has to be between 1 and 1000", count="out of range")
    return rows[offset : offset + count]


@on("GET", "/lists/{list_id}")
def show(world: World, request: Request) -> Answer:
    """The audience."""
    found = audience_of(world, request)
    wanted = (request.asked("fields") or "id,name").split(",")
    return Answer(200, {name: found[name] for name in wanted if name in found})


@on("GET", "/lists/{list_id}/merge-fields")
def list_fields(world: World, request: Request) -> Answer:
    """Its fields."""
    rows = [{k: v for k, v in one.items() if k != "id"} for one in world.rows("field")]
    told = {"list_id": audience_of(world, request)["id"], "total_items": len(rows)}
    return Answer(200, {"merge_fields": page(request, rows), **told})


@on("GET", "/lists/{list_id}/webhooks")
def list_webhooks(world: World, request: Request) -> Answer:
    """Where its events go."""
    rows = world.rows("webhook")
    told = {"list_id": audience_of(world, request)["id"], "total_items": len(rows)}
    return Answer(200, {"webhooks": rows, **told})


@on("POST", "/lists/{list_id}/webhooks")
def add_webhook(world: World, request: Request) -> Answer:
    """Another address; the same one twice is refused."""
    told = request.body
    if any(hook["url"] == told["url"] for hook in world.rows("webhook")):
        raise refused(400, "Sorry, you can't set up multiple WebHooks for one URL", url="is there already")
    number = f"hook{world.next_id('webhook')}"
    return Answer(
        200, world.add("webhook", {**told, "id": number, "list_id": audience_of(world, request)["id"]})
    )


@on("DELETE", "/lists/{list_id}/webhooks/{webhook_id}")
def remove_webhook(world: World, request: Request) -> Answer:
    """No more events there."""
    world.get("webhook", request.params["webhook_id"])
    del world.table("webhook")[request.params["webhook_id"]]
    return Answer(204)


def deliveries(world: World, event: Event) -> list[Delivery]:
    """A form for each address that asked for events of this word; nothing proves it."""
    member = event.record
    told = {
        "type": event.word,
        "fired_at": f"{event.at:%Y-%m-%d %H:%M:%S}",
        "data[id]": member["id"],
        "data[email]": member["email_address"],
        "data[list_id]": LIST,
        **{f"data[merges][{tag}]": str(value) for tag, value in member["merge_fields"].items()},
        **{f"data[{name}]": value for name, value in event.more.items()},
    }
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    hooks = (hook for hook in world.rows("webhook") if hook["events"].get(event.word))
    return [Delivery(hook["url"], headers, urlencode(told).encode()) for hook in hooks]
