"""An account at an emulated HubSpot, and what tests do there."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from integrations.kit.client import Client
from integrations.kit.http import Patience
from integrations.kit.limiter import Limiter, Unlimited
from integrations.kit.observation import Observation, Page
from integrations.kit.provider import Resource
from tests.emulators.engine import Emulator
from tests.emulators.vendors.hubspot import TOKEN
from tests.integrations.lines import connection
from unified_api import registry
from unified_api.models.base import OWN

START = datetime(2026, 1, 31, 9, tzinfo=UTC)
PROVIDER = registry.by_slug("hubspot")


def account_at(portal: Emulator, token: str = TOKEN, limiter: Limiter | None = None) -> Client:
    """An account with the token of a private app; waiting moves the portal's clock."""
    clock = portal.world.clock
    line = connection({"base_url": portal.url}, {"private_app_token": token}, sleep=clock.forward)
    line = replace(line, clock=clock.now, limiter=limiter or Unlimited())
    return Client(PROVIDER, line, patience=Patience(attempts=4, wait=60))


def resource_of(model: Any, *own: str) -> Resource:
    """What the adapter can do with a model; own: with these properties beside the common fields."""
    found: Resource | None = PROVIDER.resource(model)
    assert found is not None
    return found.with_own(own) if own else found


def pages_of(client: Client, model: Any, cursor: dict[str, Any] | None = None) -> list[Page]:
    """The pages of a run."""
    return list(client.pages(resource_of(model), cursor))


def everything(client: Client, model: Any, cursor: dict[str, Any] | None = None) -> dict[str, Observation]:
    """What a run shows, by remote id."""
    return {o.remote_id: o for page in pages_of(client, model, cursor) for o in page.observations}


def own(**values: Any) -> dict[str, Any]:
    """Values of properties beside the common fields."""
    return {OWN + name: value for name, value in values.items()}


def sent(portal: Emulator, method: str, path: str) -> list[Any]:
    """The bodies that were sent there."""
    return [json.loads(request.raw) for request in portal.asked(method, path)]
