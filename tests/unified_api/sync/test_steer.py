"""Steering streams while a worker holds them: nothing is lost to an older copy of the row."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import transaction

from tenants.models import AuditEvent, LinkedAccount
from unified_api.sync import job, steer, streams
from unified_api.sync.models import Stream


def some_stream() -> Stream:
    """One of the account's streams, as stored."""
    with transaction.atomic():
        stream: Stream = Stream.objects.order_by("model")[0]
    return stream


@pytest.mark.parametrize(
    "step",
    [
        steer.pause,
        steer.resume,
        steer.read_everything,
        steer.allow_removals,
        lambda stream: steer.set_frequency(stream, 5.0),
    ],
)
def test_a_slice_under_way_is_overtaken(account: LinkedAccount, step: Callable[..., Stream]) -> None:
    """Whoever reads the stream just now can commit nothing more, so its copy of the row is never written."""
    stream = some_stream()
    lease = job.claim(streams.KIND, stream.id)
    assert lease is not None
    with transaction.atomic():
        step(stream.id)
    with pytest.raises(job.Overtaken), transaction.atomic():
        job.hold(lease)


def test_a_paused_stream_can_be_slowed_without_waking_it(account: LinkedAccount) -> None:
    """A new frequency of a paused stream holds when it is resumed."""
    stream = some_stream()
    with transaction.atomic():
        steer.pause(stream.id)
        steer.set_frequency(stream.id, 3600.0)
        assert job.claim(streams.KIND, stream.id) is None
        steer.resume(stream.id)

    assert some_stream().frequency == 3600.0
    with transaction.atomic():
        events = AuditEvent.objects.filter(subject=str(stream.id)).order_by("at")
        assert {e.action for e in events} == {"stream.paused", "stream.frequency_set", "stream.resumed"}


def test_a_paused_stream_starts_over_when_it_is_resumed(account: LinkedAccount) -> None:
    """Asking for everything again does not undo a pause."""
    stream = some_stream()
    with transaction.atomic():
        steer.pause(stream.id)
        steer.read_everything(stream.id)
        assert job.claim(streams.KIND, stream.id) is None

    assert (some_stream().status, some_stream().mode) == ("PAUSED", "everything")


def test_a_stream_is_not_read_more_often_than_sensible(account: LinkedAccount) -> None:
    """Less than a second between runs is refused, and nothing changes."""
    stream = some_stream()
    with pytest.raises(ValueError, match="every 1 s at the most often"), transaction.atomic():
        steer.set_frequency(stream.id, 0.5)
    assert some_stream().frequency == stream.frequency
