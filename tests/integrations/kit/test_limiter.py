"""Rates: a steady one with a burst, and what the provider's headers say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.kit.limiter import LocalLimiter, Rate, Unlimited
from tests.integrations.lines import NOW


@given(rate=st.integers(1, 100), burst=st.integers(1, 10), calls=st.integers(1, 50))
def test_a_steady_rate_with_a_burst(rate: int, burst: int, calls: int) -> None:
    """The burst is free, and what follows comes at the rate."""
    limiter = LocalLimiter(per_second=rate, burst=burst, clock=lambda: 0.0)
    waits = [limiter.acquire(1) for _call in range(calls)]

    assert waits == pytest.approx([max(0.0, (number + 1 - burst) / rate) for number in range(calls)])


def test_nothing_is_saved_up_beyond_the_burst() -> None:
    """A long pause does not pay for a flood."""
    clock = [0.0]
    limiter = LocalLimiter(per_second=1, burst=2, clock=lambda: clock[0])
    clock[0] = 1000.0

    assert [limiter.acquire(1) for _call in range(4)] == [0.0, 0.0, 1.0, 2.0]


OF_DAY = Rate(day="X-Left-Today", zone="time_zone")


@pytest.mark.parametrize(
    ("left", "zone", "until"),
    [
        ("0", "Europe/Berlin", datetime(2026, 3, 28, 23, tzinfo=UTC)),
        ("0", "America/New_York", datetime(2026, 3, 29, 4, tzinfo=UTC)),
        ("0", "UTC", datetime(2026, 3, 29, tzinfo=UTC)),
        ("0", "Nowhere/Land", datetime(2026, 3, 28, 22, 30, tzinfo=UTC)),
        ("0", "", datetime(2026, 3, 28, 22, 30, tzinfo=UTC)),
        ("1", "Europe/Berlin", None),
    ],
)
def test_a_day_that_is_spent_goes_on_at_midnight(left: str, zone: str, until: datetime | None) -> None:
    """That of the account's zone; where nobody knows it, somebody looks again in an hour."""
    now = datetime(2026, 3, 28, 21, 30, tzinfo=UTC)
    said = OF_DAY.of_day({"X-Left-Today": left}, now, {"time_zone": zone} if zone else {})

    assert said == (None if until is None else (0, until))


def test_the_provider_says_stop() -> None:
    """None remain: nobody calls until the reset. Some remain: nothing changes."""
    limiter = LocalLimiter(per_second=1000, clock=lambda: 0.0, now=lambda: NOW)
    limiter.learn(5, NOW + timedelta(hours=1))
    assert limiter.acquire(1) < 1
    limiter.learn(0, NOW + timedelta(seconds=30))

    assert limiter.acquire(1) == pytest.approx(30, abs=0.01)


@pytest.mark.parametrize(
    ("remaining", "reset", "expected"),
    [
        ("0", "60", (0, NOW + timedelta(seconds=60))),
        ("7", "1893456000", (7, datetime(2030, 1, 1, tzinfo=UTC))),
        ("0", "2026-01-31T12:30Z", (0, NOW + timedelta(minutes=30))),
        ("0", "2026-01-31T13:30:00+01:00", (0, NOW + timedelta(minutes=30))),
        ("0", "2026-01-31T12:30:00", (0, NOW + timedelta(minutes=30))),
        ("0", "soon", None),
        ("many", "1", None),
        ("1", "1e300", None),
        ("1", "nan", None),
    ],
)
def test_headers_of_a_rate(remaining: str, reset: str, expected: tuple[int, datetime] | None) -> None:
    """Seconds from now, Unix time, or a date, which is in UTC if it does not say; nonsense says nothing."""
    headers = {"X-RateLimit-Remaining": remaining, "X-RateLimit-Reset": reset}

    assert Rate().read(headers, NOW) == expected
    assert Rate().read({}, NOW) is None


def test_the_length_of_a_window_may_be_told_in_milliseconds() -> None:
    """It ends so much later."""
    headers = {"left": "7", "window": "10000"}

    assert Rate("left", "window", unit=0.001).read(headers, NOW) == (7, NOW + timedelta(seconds=10))


def test_unlimited_never_waits() -> None:
    """No limit is a limiter, too."""
    unlimited = Unlimited()
    unlimited.learn(0, NOW)

    assert unlimited.acquire(1_000_000) == 0.0


def test_the_provider_asks_for_a_pause() -> None:
    """Nobody calls until it is over, and it is over after a day at the latest."""
    limiter = LocalLimiter(per_second=1000, clock=lambda: 0.0, now=lambda: NOW)
    limiter.pause(30)
    assert limiter.acquire(1) == pytest.approx(30, abs=0.01)
    limiter.pause(1e9)
    assert limiter.acquire(1) == pytest.approx(86_400, abs=0.01)
    Unlimited().pause(1e9)
    assert Unlimited().acquire(1) == 0
