"""An account at an emulated company, and what tests do there."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from integrations.kit.client import Client
from integrations.kit.http import Patience
from integrations.kit.observation import Observation, Page
from integrations.kit.provider import Resource
from tests.emulators.engine import Emulator
from tests.emulators.vendors.bamboohr import KEY
from tests.emulators.world import Record
from tests.integrations.lines import connection
from unified_api import registry
from unified_api.models.base import OWN

START = datetime(2026, 1, 31, 9, tzinfo=UTC)
PROVIDER = registry.by_slug("bamboohr")


def account_at(company: Emulator, **more: str) -> Client:
    """An account with the key of a user; waiting moves the company's clock. more: further settings."""
    clock = company.world.clock
    line = connection({"base_url": company.url, **more}, {"api_key": KEY}, sleep=clock.forward)
    return Client(PROVIDER, replace(line, clock=clock.now), patience=Patience(attempts=4, wait=60))


def resource_of(model: Any, *own: str) -> Resource:
    """What the adapter can do with a model; own: with these fields beside the common ones."""
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
    """Values of fields beside the common ones."""
    return {OWN + name: value for name, value in values.items()}


def sent(company: Emulator, method: str, path: str) -> list[Any]:
    """The bodies that were sent there."""
    return [json.loads(request.raw) for request in company.asked(method, f"/api/v1{path}")]


def named(company: Emulator, first: str) -> Record:
    """The employee with this first name."""
    return next(one for one in company.world.rows("employee") if one["fields"]["firstName"] == first)
