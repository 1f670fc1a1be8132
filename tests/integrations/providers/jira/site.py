"""An account at an emulated site, and what tests do there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from integrations.kit.client import Client
from integrations.kit.http import Patience
from integrations.kit.observation import Observation, Page
from integrations.kit.provider import Resource
from tests.emulators.engine import Emulator
from tests.emulators.vendors import jira
from tests.integrations.lines import connection
from unified_api import registry

START = datetime(2026, 1, 31, 9, 30, 20, tzinfo=UTC)
PROVIDER = registry.by_slug("jira")


def account_at(site: Emulator, *, attempts: int = 1, **settings: str) -> Client:
    """An account with an API token; waiting moves the site's clock."""
    told = {"base_url": site.url, "email": jira.EMAIL, **settings}
    return opened(site, told, {"api_token": jira.TOKEN}, attempts)


def application_at(site: Emulator) -> Client:
    """An account whose site has let an application in, below the site's id."""
    tokens = jira.applications.granted(site.world)
    settings = {"base_url": f"{site.url}/ex/jira/{jira.CLOUD}", "site": jira.applications.SITE}
    return opened(site, settings, {"access_token": tokens["access_token"]}, 1)


def opened(site: Emulator, settings: Mapping[str, str], secrets: Mapping[str, str], attempts: int) -> Client:
    """A client of such an account."""
    line = connection(settings, secrets, sleep=site.world.clock.forward)
    return Client(
        PROVIDER, replace(line, clock=site.world.clock.now), patience=Patience(attempts=attempts, wait=300)
    )


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


def sent(site: Emulator, method: str, path: str) -> list[Any]:
    """The bodies that were sent there."""
    return [json.loads(request.raw) for request in site.asked(method, f"/rest/api/3{path}")]
