"""An account at an emulated desk, and what tests do there."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from integrations.kit.client import Client
from integrations.kit.http import Patience
from integrations.kit.observation import Observation, Page
from integrations.kit.provider import Resource
from tests.emulators.engine import Emulator
from tests.emulators.vendors.zendesk import ticket
from tests.emulators.vendors.zendesk.forms import API, EMAIL, TOKEN
from tests.emulators.world import Record, World
from tests.integrations.lines import connection
from unified_api import registry

START = datetime(2026, 1, 31, 9, tzinfo=UTC)
ANY_TICKET = f"PUT {API}/tickets/*"


def account_at(desk: Emulator, token: str = TOKEN) -> Client:
    """An account; waiting moves the desk's clock."""
    clock = desk.world.clock
    line = connection({"base_url": desk.url, "email": EMAIL}, {"api_token": token}, sleep=clock.forward)
    provider = registry.by_slug("zendesk")
    return Client(provider, replace(line, clock=clock.now), patience=Patience(attempts=2))


def resource_of(client: Client, model: Any) -> Resource:
    """What the adapter can do with a model."""
    found = client.provider.resource(model)
    assert found is not None
    return found


def pages_of(client: Client, model: Any, cursor: dict[str, Any] | None = None) -> list[Page]:
    """The pages of a run."""
    return list(client.pages(resource_of(client, model), cursor))


def everything(client: Client, model: Any, cursor: dict[str, Any] | None = None) -> dict[str, Observation]:
    """What a run shows, by remote id."""
    return {o.remote_id: o for page in pages_of(client, model, cursor) for o in page.observations}


def old_ticket(world: World, subject: str = "Printer", **told: Any) -> Record:
    """A ticket of the customer, which is long over."""
    asks = next(user for user in world.rows("user") if user["role"] == "end-user")
    said = {"body": "It burns.", "author_id": asks["id"]}
    usual = {"subject": subject, "comment": said, "requester_id": asks["id"], "submitter_id": asks["id"]}
    made = ticket.add_ticket(world, {**usual, **told})
    world.clock.forward(300)
    return made


def agent_of(world: World) -> int:
    """The id of the agent."""
    return int(next(user["id"] for user in world.rows("user") if user["role"] == "agent"))
