"""A desk, and an account at it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from integrations.kit.client import Client
from tests.emulators.engine import Emulator, emulating
from tests.emulators.vendors.zendesk import vendor
from tests.emulators.world import Clock
from tests.integrations.providers.zendesk.desk import START, account_at


@pytest.fixture
def desk() -> Iterator[Emulator]:
    """A desk with an administrator, an agent, a customer, an organization, a group, and fields; two hours old."""
    with emulating(vendor, Clock(START)) as emulator:
        emulator.world.clock.forward(7200)
        yield emulator


@pytest.fixture
def client(desk: Emulator) -> Iterator[Client]:
    """An account at it; waiting moves its clock."""
    with account_at(desk) as opened:
        yield opened
