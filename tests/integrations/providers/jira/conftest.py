"""A site, and an account at it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from integrations.kit.client import Client
from tests.emulators.engine import Emulator, emulating
from tests.emulators.vendors import jira
from tests.emulators.world import Clock
from tests.integrations.providers.jira.site import START, account_at


@pytest.fixture
def site() -> Iterator[Emulator]:
    """A site with two projects and nothing in them, whose people live in Sydney."""
    with emulating(jira.vendor, Clock(START)) as emulator:
        yield emulator


@pytest.fixture
def client(site: Emulator) -> Iterator[Client]:
    """An account at it; waiting moves its clock."""
    with account_at(site, attempts=3) as opened:
        yield opened
