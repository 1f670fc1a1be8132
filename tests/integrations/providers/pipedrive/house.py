"""An account at an emulated Pipedrive."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from integrations.kit.client import Client
from integrations.kit.http import Patience
from integrations.kit.limiter import Limiter, Unlimited
from integrations.kit.observation import Observation
from integrations.kit.provider import Resource
from tests.emulators.engine import Emulator
from tests.emulators.vendors.pipedrive import TOKEN
from tests.integrations.lines import connection
from unified_api import registry

START = datetime(2026, 1, 31, 9, tzinfo=UTC)
PROVIDER = registry.by_slug("pipedrive")


def account_at(house: Emulator, token: str = TOKEN, limiter: Limiter | None = None) -> Client:
    """An account with a user's token; waiting moves the house's clock."""
    clock = house.world.clock
    line = connection({"base_url": house.url}, {"api_token": token}, sleep=clock.forward)
    line = replace(line, clock=clock.now, limiter=limiter or Unlimited())
    return Client(PROVIDER, line, patience=Patience(attempts=4, wait=60))


def resource_of(model: Any, *own: str) -> Resource:
    """What the adapter can do with a model; own: with these fields beside the common ones."""
    found: Resource | None = PROVIDER.resource(model)
    assert found is not None
    return found.with_own(own) if own else found


def everything(client: Client, model: Any, cursor: dict[str, Any] | None = None) -> dict[str, Observation]:
    """What a run shows, by remote id."""
    return {o.remote_id: o for page in client.pages(resource_of(model), cursor) for o in page.observations}
