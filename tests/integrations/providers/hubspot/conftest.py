"""A portal, and an account at it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from integrations.kit.client import Client
from tests.emulators.engine import Emulator, emulating
from tests.emulators.vendors.hubspot import vendor
from tests.emulators.world import Clock
from tests.integrations.providers.hubspot.portal import START, account_at


@pytest.fixture
def portal() -> Iterator[Emulator]:
    """A portal with two owners, two pipelines of deals, and properties of the customer's own; two hours old."""
    with emulating(vendor, Clock(START)) as emulator:
        emulator.world.clock.forward(7200)
        yield emulator


@pytest.fixture
def client(portal: Emulator) -> Iterator[Client]:
    """An account at it; waiting moves its clock."""
    with account_at(portal) as opened:
        yield opened
