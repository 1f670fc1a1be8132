"""An account at an emulated Mailchimp, and what tests do there."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from integrations.kit.client import Client
from integrations.kit.http import Patience
from integrations.kit.observation import Observation, Page
from integrations.kit.provider import Resource
from tests.emulators.engine import Emulator
from tests.emulators.vendors.mailchimp import KEY, LIST
from tests.integrations.lines import connection
from unified_api import registry
from unified_api.models.base import OWN
from unified_api.models.crm import Contact

START = datetime(2026, 1, 31, 9, tzinfo=UTC)
PROVIDER = registry.by_slug("mailchimp")
MEMBERS = f"/lists/{LIST}/members"


def account_at(audience: Emulator, key: str = KEY, **settings: str) -> Client:
    """An account with a key; waiting moves the audience's clock."""
    clock = audience.world.clock
    known, secrets = PROVIDER.accept({"base_url": audience.url, "list_id": LIST, "api_key": key, **settings})
    line = replace(connection(known, secrets, sleep=clock.forward), clock=clock.now)
    return Client(PROVIDER, line, patience=Patience(attempts=4, wait=60))


def contacts(*own: str) -> Resource:
    """What the adapter can do with members; own: with these fields beside the common ones."""
    found: Resource | None = PROVIDER.resource(Contact)
    assert found is not None
    return found.with_own(own) if own else found


def pages_of(client: Client, cursor: dict[str, Any] | None = None) -> list[Page]:
    """The pages of a run."""
    return list(client.pages(contacts(), cursor))


def everybody(client: Client, cursor: dict[str, Any] | None = None) -> dict[str, Observation]:
    """What a run shows, by remote id."""
    return {one.remote_id: one for page in pages_of(client, cursor) for one in page.observations}


def own(**values: Any) -> dict[str, Any]:
    """Values of fields beside the common ones."""
    return {OWN + name: value for name, value in values.items()}


def addressed(address: str) -> list[dict[str, str]]:
    """A contact's only address."""
    return [{"email_address": address}]
