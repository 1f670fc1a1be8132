"""The request budget of an account: what is not sent is not paid for for ever."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from integrations.kit.limiter import LONGEST_PAUSE
from unified_api.sync.limit import FARTHEST, PaceLimiter, Purpose, SharedLimiter
from unified_api.sync.models import Throttle


@pytest.fixture
def limiter(tenant: uuid.UUID, settings: Settings) -> SharedLimiter:
    """One request in ten seconds: however slow the machine is, none of them pass between two calls."""
    settings.PROVIDER_REQUESTS_PER_SECOND = 0.1
    settings.PROVIDER_BURST = 1
    return SharedLimiter(uuid.uuid4())


def test_requests_queue_up_one_behind_the_other(limiter: SharedLimiter) -> None:
    """The first goes at once, each further one ten seconds later."""
    waits = [limiter.acquire(1) for _ in range(4)]

    assert waits[0] == 0
    assert waits == sorted(waits)
    assert 20 < waits[3] <= 30


def test_some_addresses_of_an_account_have_a_budget_of_their_own(limiter: SharedLimiter) -> None:
    """Two of ten in a minute may go at once, the others come in their turn; the account's other calls do not wait."""
    account = limiter.holder_id
    waits = [PaceLimiter(account, 0, 10).acquire(1) for _ in range(5)]

    assert waits[:2] == [0.0] * 2
    assert waits[2:] == pytest.approx([7.5, 15, 22.5], abs=3)
    assert PaceLimiter(account, 1, 10).acquire(1) == 0
    assert limiter.acquire(1) == 0
    limiter.pause(300)
    assert PaceLimiter(account, 1, 10).acquire(1) == 0


def test_what_is_not_waited_for_is_given_back(tenant: uuid.UUID, limiter: SharedLimiter) -> None:
    """One request of five in a minute takes longer than anybody waits: who comes back in time is let through."""
    pace = PaceLimiter(tenant, 0, 5)
    assert pace.acquire(1) == 0
    for _again in range(3):
        assert pace.acquire(1) == pytest.approx(15, abs=5)
        pace.give_back(1)
    _passes(pace.holder_id, 15)

    assert pace.acquire(1) == 0
    assert limiter.acquire(1) == 0
    limiter.give_back(1)
    limiter.give_back(1)  # never beyond what may go at once
    assert [limiter.acquire(1) for _ in range(2)] == [0, pytest.approx(10, abs=5)]


def _passes(holder: uuid.UUID, seconds: float) -> None:
    """Let so much time go by for a budget, and no more, however slow the machine is."""
    with transaction.atomic():
        Throttle.objects.filter(holder_id=holder).update(filled_at=Now() - dt.timedelta(seconds=seconds))


@pytest.mark.parametrize(("per_minute", "idle"), [(10, 0.0), (10, 40.0), (30, 600.0), (3, 0.0)])
def test_no_minute_sees_more_requests_than_it_may(tenant: uuid.UUID, per_minute: int, idle: float) -> None:
    """Whoever asks at each moment, also after a pause that fills the budget, sends nearly as many, and no more."""
    pace = PaceLimiter(uuid.uuid4(), 0, per_minute)
    now, left = 0.0, []
    for _request in range(2 * per_minute + 2):
        wait = pace.acquire(1)
        left.append(now + wait)
        step = wait + (idle if len(left) == per_minute else 0.0)
        _passes(pace.holder_id, step)
        now += step
    busiest = max(sum(begins <= other < begins + 60 for other in left) for begins in left)

    assert 2 / 3 * per_minute <= busiest <= per_minute


def test_a_queue_is_never_longer_than_anybody_waits(limiter: SharedLimiter) -> None:
    """Callers who gave up, as the wait was too long, do not keep later ones from the provider for hours."""
    limiter.acquire(1)
    assert limiter.acquire(100_000) <= FARTHEST
    assert limiter.acquire(1) <= FARTHEST


def test_a_pause_that_a_provider_asked_for_holds_every_worker(limiter: SharedLimiter) -> None:
    """Another worker of the same account waits as well; a shorter wish after a longer one changes nothing."""
    limiter.acquire(1)
    limiter.pause(300)
    limiter.pause(5)

    assert 290 < SharedLimiter(limiter.holder_id).acquire(1) <= 300
    assert SharedLimiter(uuid.uuid4()).acquire(1) == 0


def test_what_remains_of_a_quota_is_noted_with_the_next_request(limiter: SharedLimiter) -> None:
    """It costs no statement of its own, another worker who knows nothing leaves it, and no number is too large."""
    reset = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
    said = Throttle.objects.filter(holder_id=limiter.holder_id)
    with CaptureQueriesContext(connection) as told:
        limiter.learn(4_999, reset)
    assert len(told) == 0

    limiter.acquire(1)
    SharedLimiter(limiter.holder_id).acquire(1)
    with transaction.atomic():
        assert said.values_list("remaining", "resets_at").get() == (4_999, reset)
    limiter.learn(10**30, reset)
    assert limiter.acquire(1) < FARTHEST


def test_no_wish_of_a_provider_closes_an_account_for_longer_than_a_day(limiter: SharedLimiter) -> None:
    """Neither a pause of a century nor a reset in the year 5138."""
    limiter.acquire(1)
    limiter.pause(3e9)
    limiter.learn(0, dt.datetime(5138, 1, 1, tzinfo=dt.UTC))

    assert limiter.acquire(1) <= LONGEST_PAUSE.total_seconds()


def test_who_can_wait_leaves_requests_to_whom_somebody_waits_for(
    limiter: SharedLimiter, settings: Settings
) -> None:
    """Of ten at once, whoever reads everything takes six; a person's write goes at once then."""
    settings.PROVIDER_BURST, settings.PROVIDER_REQUESTS_PER_SECOND = 10, 0.001
    reading = SharedLimiter(limiter.holder_id, Purpose.EVERYTHING)

    assert [reading.acquire(1) for _ in range(6)] == [0] * 6
    assert reading.acquire(1) == pytest.approx(FARTHEST)
    assert limiter.acquire(1) == 0


def test_who_queues_up_keeps_nobody_waiting_who_is_more_urgent(
    limiter: SharedLimiter, settings: Settings
) -> None:
    """Behind fifty requests of first readings, four of a person go at once, whose share that is; the fifth does not.

    What is urgent counts for all: a reading waits the longer for it.
    """
    settings.PROVIDER_BURST, settings.PROVIDER_REQUESTS_PER_SECOND = 10, 1
    reading = SharedLimiter(limiter.holder_id, Purpose.EVERYTHING)
    queue = [reading.acquire(1) for _ in range(50)]

    assert 40 < queue[-1] <= 44
    assert [limiter.acquire(1) for _ in range(4)] == [0] * 4
    assert 0 < limiter.acquire(1) <= 1
    assert reading.acquire(1) > queue[-1] + 4


def test_readings_end_before_a_quota_does(limiter: SharedLimiter) -> None:
    """Who reads everything leaves the most, until the provider gives a new one; a person may take all of it."""
    reset = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)

    def held(remaining: int) -> list[Purpose]:
        limiter.learn(remaining, reset)
        limiter.acquire(0)
        limiters = {purpose: SharedLimiter(limiter.holder_id, purpose) for purpose in Purpose}
        return [purpose for purpose, one in limiters.items() if one.acquire(0) > FARTHEST]

    assert held(5_000) == []
    assert held(1_999) == [Purpose.EVERYTHING]
    assert held(999) == [Purpose.CHANGES, Purpose.EVERYTHING]
    assert held(499) == [Purpose.NEWS, Purpose.CHANGES, Purpose.EVERYTHING]
    assert held(4_000) == []


def test_a_smaller_quota_is_learned_when_the_last_one_is_over(limiter: SharedLimiter) -> None:
    """A plan that was cut does not hold readings for ever: they leave a share of what there is."""
    reading = SharedLimiter(limiter.holder_id, Purpose.EVERYTHING)
    now = dt.datetime.now(dt.UTC)
    for remaining, reset in ((5_000, now - dt.timedelta(seconds=1)), (900, now + dt.timedelta(hours=1))):
        limiter.learn(remaining, reset)
        limiter.acquire(0)

    assert reading.acquire(0) < FARTHEST
    limiter.learn(300, now + dt.timedelta(hours=1))
    limiter.acquire(0)
    assert FARTHEST < reading.acquire(0) <= 3600
