"""Accounts that were linked by one OAuth application, where the provider counts their requests together."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from pytest_django.fixtures import Settings

from integrations.kit import errors
from integrations.kit.limiter import Rate
from tenants.models import LinkedAccount, OAuthApplication
from tenants.scope import scope
from tests.integrations.listener import told
from tests.oauth_house import PROVIDER, House, house, link_to
from tests.people import Person
from tests.unified_api.sync.conftest import no_broker
from unified_api import registry
from unified_api.link import applications
from unified_api.models.ticketing import Tag
from unified_api.sync import connect, job, streams, tasks
from unified_api.sync.limit import Purpose
from unified_api.sync.models import Stream, Throttle

__all__ = ["house", "no_broker"]  # fixtures
#: More than may go at once.
_READINGS = 40


@pytest.fixture(autouse=True)
def _counted_together(
    house: House, no_broker: None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten at once, and then next to none."""
    rate = Rate(per_application=True)
    monkeypatch.setitem(registry._providers, PROVIDER.slug, replace(PROVIDER, rate=rate))
    settings.PROVIDER_BURST, settings.PROVIDER_REQUESTS_PER_SECOND = 10, 0.01


def calls(person: Person, account: LinkedAccount, purpose: Purpose, most: int = 1) -> int:
    """So many calls of the API go at once, one after the other."""
    with scope(person.tenant_id), connect.line(account, purpose=purpose) as line:
        for sent in range(most):
            try:
                line.client.check()
            except errors.Throttled:
                return sent
    return most


def test_a_first_reading_leaves_the_others_their_changes_and_writes(alice: Person, house: House) -> None:
    """One account takes what first readings may; another's first reading waits, its changes and writes do not."""
    big, small = (link_to(alice, house, end_user=f"customer-{n}") for n in (1, 2))

    assert calls(alice, big, Purpose.EVERYTHING, _READINGS) == 6
    assert [calls(alice, big, Purpose.EVERYTHING) for _ in range(_READINGS)] == [0] * _READINGS
    assert calls(alice, small, Purpose.EVERYTHING) == 0
    assert calls(alice, small, Purpose.CHANGES, _READINGS) == 2
    assert calls(alice, small, Purpose.NEWS, _READINGS) == 1
    assert calls(alice, small, Purpose.WAITED_FOR, _READINGS) == 1


def test_a_stream_that_is_read_for_the_first_time_waits_and_the_others_do_not(
    alice: Person, house: House
) -> None:
    """After six pages of a long list its turn comes later, which is no failure; another's writes go at once."""
    house.tags = 1_000
    big, small = (link_to(alice, house, end_user=f"customer-{n}") for n in (1, 2))
    with alice.at_work():
        stream = Stream.objects.get(linked_account_id=big.id)
    with scope(alice.tenant_id):
        lease = job.claim(streams.KIND, stream.id)
    assert lease
    before = house.calls
    tasks.do(lease, time.monotonic() + 20)

    with alice.at_work():
        assert Tag.objects.filter(linked_account_id=big.id).count() == 6 * 5
        stream.refresh_from_db()
    assert (house.calls - before, stream.status, stream.reason, stream.failures) == (
        6,
        "SYNCING",
        "RATE_LIMITED",
        0,
    )
    assert calls(alice, small, Purpose.WAITED_FOR, _READINGS) == 4


def test_a_limit_of_the_application_rests_all_that_share_it(
    alice: Person, charlie: Person, house: House
) -> None:
    """The other account of the application waits as long as one was told; that of another tenant does not."""
    first, second = (link_to(alice, house, end_user=f"customer-{n}") for n in (1, 2))
    other = link_to(charlie, house)
    house.busy.append(told({"error": "slow down"}, 429, Retry_After="300"))
    with pytest.raises(errors.RetryLater), scope(alice.tenant_id), connect.line(first) as line:
        line.client.check()
    reached = house.calls

    with (
        pytest.raises(errors.Throttled, match="the OAuth application's budget") as caught,
        scope(alice.tenant_id),
        connect.line(second) as line,
    ):
        line.client.check()
    assert caught.value.after is not None
    assert 290 < caught.value.after <= 300
    assert house.calls == reached
    assert calls(charlie, other, Purpose.WAITED_FOR) == 1


def test_another_limit_rests_the_account_alone(
    alice: Person, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the provider counts by account, as most do, nobody else waits for it."""
    monkeypatch.setitem(registry._providers, PROVIDER.slug, PROVIDER)
    first, second = (link_to(alice, house, end_user=f"customer-{n}") for n in (1, 2))
    house.busy.append(told({"error": "slow down"}, 429, Retry_After="300"))
    with pytest.raises(errors.RetryLater), scope(alice.tenant_id), connect.line(first) as line:
        line.client.check()

    assert calls(alice, first, Purpose.WAITED_FOR) == 0
    assert calls(alice, second, Purpose.WAITED_FOR) == 1


def test_a_removed_application_leaves_no_budget(alice: Person, house: House) -> None:
    """What it was told is gone with it."""
    calls(alice, link_to(alice, house), Purpose.WAITED_FOR)
    with alice.at_work():
        application = OAuthApplication.objects.get()
        assert Throttle.objects.filter(holder_id=application.id).count() == 1
        applications.remove(application)
        assert not Throttle.objects.filter(holder_id=application.id).exists()
