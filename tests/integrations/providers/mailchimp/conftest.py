"""An audience, and an account at it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from integrations.kit.client import Client
from tests.emulators.engine import Emulator, emulating
from tests.emulators.vendors.mailchimp import vendor
from tests.emulators.world import Clock
from tests.integrations.providers.mailchimp.account import START, account_at


@pytest.fixture
def audience() -> Iterator[Emulator]:
    """An audience without members, with the fields of a new one."""
    with emulating(vendor, Clock(START)) as emulator:
        yield emulator


@pytest.fixture
def client(audience: Emulator) -> Iterator[Client]:
    """An account at it; waiting moves its clock."""
    with account_at(audience) as opened:
        yield opened
