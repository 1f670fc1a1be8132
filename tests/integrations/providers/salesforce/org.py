"""An account at an emulated Salesforce, and what tests do there."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from integrations.kit.client import Client
from integrations.kit.http import Patience
from integrations.kit.limiter import Limiter, Unlimited
from integrations.kit.observation import Observation, Page
from integrations.kit.provider import Resource
from tests.emulators.engine import Emulator
from tests.emulators.vendors.salesforce import TOKEN
from tests.emulators.world import Record
from tests.integrations.lines import connection
from unified_api import registry
from unified_api.models.base import OWN

START: Final = datetime(2026, 1, 31, 9, tzinfo=UTC)
PROVIDER: Final = registry.by_slug("salesforce")
#: A queue, which may own leads.
QUEUE: Final = "00G5g000001QueueEAA"


def account_at(org: Emulator, token: str = TOKEN, limiter: Limiter | None = None) -> Client:
    """An account with an access token; waiting moves the organization's clock."""
    clock = org.world.clock
    line = connection({"base_url": org.url}, {"access_token": token}, sleep=clock.forward)
    line = replace(line, clock=clock.now, limiter=limiter or Unlimited())
    return Client(PROVIDER, line, patience=Patience(attempts=4, wait=60))


def resource_of(model: Any, *own: str) -> Resource:
    """What the adapter can do with a model; own: with these fields beside the common ones."""
    found: Resource | None = PROVIDER.resource(model)
    assert found is not None
    return found.with_own(own) if own else found


def pages_of(
    client: Client, model: Any, cursor: dict[str, Any] | None = None, size: int | None = None
) -> list[Page]:
    """The pages of a run. size: records of a page."""
    resource = resource_of(model)
    if size is not None:
        lists = {name: _smaller(getattr(resource, name), size) for name in ("list", "changes")}
        resource = replace(resource, **lists)
    return list(client.pages(resource, cursor))


def _smaller(endpoint: Any, size: int) -> Any:
    return endpoint and replace(endpoint, paging=replace(endpoint.paging, size=size))


def everything(client: Client, model: Any, cursor: dict[str, Any] | None = None) -> dict[str, Observation]:
    """What a run shows, by remote id."""
    return {o.remote_id: o for page in pages_of(client, model, cursor) for o in page.observations}


def own(**values: Any) -> dict[str, Any]:
    """Values of fields beside the common ones."""
    return {OWN + name: value for name, value in values.items()}


def user(org: Emulator, number: int = 0) -> str:
    """The id of somebody who works there."""
    found: Record = org.world.rows("User")[number]
    return str(found["id"])


def sent(org: Emulator, method: str, path: str) -> list[Any]:
    """The bodies that were sent there."""
    return [json.loads(request.raw) for request in org.asked(method, path)]


def questions(org: Emulator) -> list[str]:
    """What was asked in SOQL, in its order."""
    return [q for one in org.exchanges if "/query" in one.request.path and (q := one.request.asked("q"))]
