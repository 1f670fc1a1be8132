"""An emulated desk as the far side of the adapter, with a few tickets, and short exports."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from unittest import mock

import pytest

from tests.conformance.far_side import Samples, Started, emulated
from tests.emulators.engine import emulating
from tests.emulators.exchange import Request
from tests.emulators.vendors.zendesk import exports, files, people, ticket, vendor
from tests.emulators.vendors.zendesk.forms import EMAIL, TOKEN, error
from tests.emulators.world import Clock, World
from tests.integrations.providers.zendesk.desk import START, old_ticket
from unified_api.models.ticketing import Attachment, Comment, Contact, Ticket

#: Records on a page of an export.
_FEW = 2


@contextmanager
def _start(_request: pytest.FixtureRequest) -> Iterator[Started]:
    with mock.patch.object(exports, "_SIZE", _FEW), emulating(vendor, Clock(START)) as desk:
        _fill(desk.world)
        samples = _samples(desk.world)
        yield Started(
            values={"base_url": desk.url, "email": EMAIL, "api_token": TOKEN},
            samples=lambda _client, resource: samples[resource.model],
            now=desk.world.clock.now,
            sleep=desk.world.clock.forward,
            refusal=lambda status: error(status, "no luck"),
            deliveries=desk.packed,
        )


def _fill(world: World) -> None:
    """More of everybody and everything; nothing of it is younger than what exports withhold."""
    people.add_group(world, "Sales")
    for name in ("umbrella", "initech"):
        world.clock.forward(60)
        other = people.add_organization(world, name.title(), domain_names=[f"{name}.example"])
    people.add_user(world, "Dan Customer", "dan@initech.example", organization_id=other["id"])
    for subject in ("Fire", "Flood"):
        old_ticket(world, subject, type="problem", tags=["bad"])
    for subject in ("Printer", "Scanner"):
        made = old_ticket(world, subject, priority="low")
        sent = Request("POST", "", [("filename", "log.txt")], {"content-type": "text/plain"}, b"smoke")
        upload = files.upload(world, sent).body["upload"]
        ticket.change_ticket(world, made, comment={"body": "See there.", "uploads": [upload["token"]]})
    world.clock.forward(7200)


def _samples(world: World) -> dict[Any, Samples]:
    def ids(kind: str, **alike: str) -> list[str]:
        return [str(one["id"]) for one in world.rows(kind) if alike.items() <= one.items()]

    tickets, asks, agents = ids("ticket"), ids("user", role="end-user"), ids("user", role="agent")
    agents += ids("user", role="admin")

    def written(number: int, **more: Any) -> dict[str, Any]:
        return {
            "assignees": [agents[number]],
            "assigned_teams": [ids("group")[number]],
            "contact": asks[number],
            "account": ids("organization")[number],
            "parent_ticket": tickets[number],
            "due_date": datetime(2026, 2, 1 + number, 9, 15, 30, 123_456, tzinfo=UTC),
            **more,
        }

    said = {
        "ticket": tickets[-1],
        "body": "On my way.",
        "html_body": "<b>On my way.</b>",
        "is_private": False,
    }
    hung = {"status": "ON_HOLD", "priority": "HIGH", "ticket_type": "incident", "tags": ["Smoke"]}
    over = {"status": "CLOSED", "priority": "LOW", "ticket_type": "task", "tags": ["ash"]}
    reached = {"phone_number": "+1 2", "details": "At night.", "account": ids("organization")[0]}
    moved = {"name": "Eva", "phone_number": "+1 3", "details": "At noon.", "account": ids("organization")[1]}
    return {
        Ticket: Samples(
            [written(0, name="Plotter", description="It leaks.", **hung)], [written(1, name="Fax", **over)]
        ),
        Comment: Samples([{**said, "user": agents[0]}, {**said, "contact": asks[0], "body": "Thank you."}]),
        Attachment: Samples([{"ticket": tickets[-1], "file_name": "new.txt", "is_private": True}]),
        Contact: Samples([{"name": "Eve", "email_address": "eve@acme.example", **reached}], [moved]),
    }


_NOTHING_SAID = "the only event in its example is no comment"
far_side = emulated(
    vendor,
    _start,
    unshown={
        "Comment list": _NOTHING_SAID,
        "Comment get": "the only one in its example is what the ticket was opened with",
        "Attachment list": _NOTHING_SAID,
    },
    undrawn=dict.fromkeys(
        ("Comment list", "Comment get", "Attachment list"),
        "the schema says nothing of the events of which comments are made, nor which comment opened the ticket",
    ),
)
