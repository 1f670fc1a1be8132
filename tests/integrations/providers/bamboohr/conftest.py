"""A company, and an account at it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from integrations.kit.client import Client
from tests.emulators.engine import Emulator, emulating
from tests.emulators.vendors.bamboohr import vendor
from tests.emulators.world import Clock
from tests.integrations.providers.bamboohr.company import START, account_at


@pytest.fixture
def company() -> Iterator[Emulator]:
    """A company of two, of whom one has left; two hours old."""
    with emulating(vendor, Clock(START)) as emulator:
        emulator.world.clock.forward(7200)
        yield emulator


@pytest.fixture
def client(company: Emulator) -> Iterator[Client]:
    """An account at it; waiting moves its clock."""
    with account_at(company) as opened:
        yield opened
