"""A GitHub with a repository in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.emulators.engine import Emulator, emulating
from tests.emulators.vendors import github as desk
from tests.emulators.world import Clock

BEGAN = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


@pytest.fixture
def github() -> Iterator[Emulator]:
    """A GitHub whose clock stands still, a while before ours."""
    with emulating(desk.vendor, Clock(BEGAN)) as emulator:
        yield emulator
