"""The request budget of an account: what is not sent is not paid for for ever."""

from __future__ import annotations

import uuid

import pytest
from pytest_django.fixtures import Settings

from unified_api.sync.limit import FARTHEST, SharedLimiter


@pytest.fixture
def limiter(tenant: uuid.UUID, settings: Settings) -> SharedLimiter:
    """Ten requests a second, one at once."""
    settings.PROVIDER_REQUESTS_PER_SECOND = 10
    settings.PROVIDER_BURST = 1
    return SharedLimiter(uuid.uuid4())


def test_requests_queue_up_one_behind_the_other(limiter: SharedLimiter) -> None:
    """The first goes at once, each further one a tenth of a second later."""
    waits = [limiter.acquire(1) for _ in range(4)]

    assert waits[0] == 0
    assert waits == sorted(waits)
    assert 0.1 < waits[3] <= 0.3


def test_a_queue_is_never_longer_than_anybody_waits(limiter: SharedLimiter) -> None:
    """Callers who gave up, as the wait was too long, do not keep later ones from the provider for hours."""
    limiter.acquire(1)
    assert limiter.acquire(100_000) <= FARTHEST
    assert limiter.acquire(1) <= FARTHEST
