"""An emulated organization, and the adapter's way to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from integrations.kit.client import Client
from tests.emulators.engine import Emulator, emulating
from tests.emulators.vendors.salesforce import vendor
from tests.emulators.world import Clock
from tests.integrations.providers.salesforce.org import START, account_at


@pytest.fixture
def org() -> Iterator[Emulator]:
    """An organization with three people, a queue, stages of sales and fields of the customer's own; two hours old."""
    with emulating(vendor, Clock(START)) as emulator:
        emulator.world.clock.forward(7200)
        yield emulator


@pytest.fixture
def client(org: Emulator) -> Iterator[Client]:
    """An account at it; waiting moves its clock."""
    with account_at(org) as opened:
        yield opened
