"""A company, and an account at it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from integrations.kit.client import Client
from tests.emulators.engine import Emulator, emulating
from tests.emulators.vendors.pipedrive import vendor
from tests.emulators.world import Clock
from tests.integrations.providers.pipedrive.house import START, account_at


@pytest.fixture
def house() -> Iterator[Emulator]:
    """A company with two users and two pipelines."""
    with emulating(vendor, Clock(START)) as emulator:
        yield emulator


@pytest.fixture
def client(house: Emulator) -> Iterator[Client]:
    """An account at it; waiting moves its clock."""
    with account_at(house) as opened:
        yield opened
