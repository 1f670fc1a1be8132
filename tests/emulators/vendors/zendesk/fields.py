"""Fields that a customer has added to tickets. A drop-down is a tag as well: without the tag the field is empty."""

from __future__ import annotations

from typing import Any, Final

from tests.emulators.exchange import Answer, Request
from tests.emulators.vendor import Routes
from tests.emulators.vendors.zendesk.forms import API, paged, spelled
from tests.emulators.world import Record, World

on: Final = Routes()


def add_field(world: World, title: str, kind: str, options: tuple[str, ...] = (), **more: Any) -> Record:
    """A field."""
    now = spelled(world.clock.now())
    choices = [{"id": world.next_id("option"), "name": one.title(), "value": one} for one in options]
    usual = {"title": title, "type": kind, "active": True, "required": False, "removable": True}
    stamps = {"created_at": now, "updated_at": now}
    return world.add("ticket_field", {**usual, "custom_field_options": choices, **stamps, **more})


def values_of(world: World) -> list[Record]:
    """The values of a new ticket."""
    return [{"id": field["id"], "value": None} for field in _custom(world)]


def _custom(world: World) -> list[Record]:
    return [field for field in world.rows("ticket_field") if field["removable"]]


def add_tag_of_value(world: World, ticket: Record, told: Record) -> None:
    """Set a value; that of a drop-down takes the place of the former one among the tags."""
    held = next((one for one in ticket["custom_fields"] if one["id"] == int(told["id"])), None)
    if held is None:
        return
    if world.get("ticket_field", told["id"])["type"] == "tagger":
        kept = [tag for tag in ticket["tags"] if tag != held["value"]]
        ticket["tags"] = sorted({*kept, *([told["value"]] if told["value"] else [])})
    held["value"] = told["value"]


def clear_values_without_tag(world: World, ticket: Record) -> None:
    """Clear drop-downs whose tag was taken away, and set those whose tag came."""
    for held in ticket["custom_fields"]:
        field = world.get("ticket_field", held["id"])
        if field["type"] == "tagger":
            tags = [one["value"] for one in field["custom_field_options"] if one["value"] in ticket["tags"]]
            held["value"] = tags[0] if tags else None


@on("GET", f"{API}/ticket_fields")
def list_fields(world: World, request: Request) -> Answer:
    """All of them."""
    return paged(world, request, "ticket_fields", world.rows("ticket_field"))
