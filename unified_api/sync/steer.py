"""What people do to streams, from the command line and the console: each on record in the audit trail.

Work in flight writes its stream's row at the end of a slice. So every function here takes the job away first,
which overtakes that slice, and changes the row that it finds then: nothing steered is lost to an older copy
of the row. The order of locks (job, then stream) is the order of the work itself.
"""

from __future__ import annotations

import uuid
from typing import Any

from tenants import audit
from tenants.audit import current_actor
from unified_api.sync import issues, job, streams, sweep
from unified_api.sync.models import SetAside, Stream

#: Seconds between the runs of a stream, at the least.
SHORTEST = 1.0


def read_now(stream_id: uuid.UUID) -> Stream:
    """Have a stream read at once; its schedule goes on from there."""
    stream: Stream = Stream.objects.get(id=stream_id)
    job.ask(streams.KIND, stream.id, priority=3)
    return stream


def read_everything(stream_id: uuid.UUID) -> Stream:
    """Have a stream read again from the start, which also finds what was deleted."""
    stream = _taken(stream_id)
    streams.start_over(stream)
    return _recorded(stream, "stream.resynced")


def read_account_again(linked_account_id: uuid.UUID) -> list[Stream]:
    """Have everything of an account that is read at all read again from the start; the caller puts it on record."""
    mine = Stream.objects.filter(linked_account_id=linked_account_id).order_by("model")
    taken = [_taken(stream_id) for stream_id in mine.values_list("id", flat=True)]
    for stream in taken:
        if not stream.paused_by and stream.status != "DISABLED":
            streams.resync(stream)
    return taken


def begin_anew(linked_account_id: uuid.UUID) -> None:
    """Have an account read as if nothing had been read of it; paused streams begin when they are resumed.

    The caller puts it on record.
    """
    mine = Stream.objects.filter(linked_account_id=linked_account_id).order_by("model")
    for stream in [_taken(stream_id) for stream_id in mine.values_list("id", flat=True)]:
        stream.is_initial, stream.last_sweep, stream.skew, stream.held_removals = True, None, None, 0
        SetAside.objects.filter(stream_id=stream.id).delete()
        issues.resolve(sweep.ISSUE, stream.id)
        streams.start_over(stream)


def allow_removals(stream_id: uuid.UUID) -> Stream:
    """Let the next complete sweep remove as many records as it finds gone; the sweep begins at once."""
    stream = _taken(stream_id)
    held = stream.held_removals
    stream.removals_allowed = True
    streams.start_over(stream)
    issues.resolve(sweep.ISSUE, stream.id)
    return _recorded(stream, "stream.removals_allowed", held=held)


def pause(stream_id: uuid.UUID) -> Stream:
    """Stop reading a stream until it is resumed."""
    stream = _taken(stream_id)
    actor = current_actor()
    streams.pause(stream, f"{actor.kind} {actor.name}")
    return _recorded(stream, "stream.paused")


def resume(stream_id: uuid.UUID) -> Stream:
    """Go on with a paused stream behind the last page that it read."""
    stream = _taken(stream_id)
    streams.resume(stream)
    return _recorded(stream, "stream.resumed")


def set_frequency(stream_id: uuid.UUID, seconds: float) -> Stream:
    """Have a stream read every so many seconds, from now on; ValueError below a second."""
    if seconds < SHORTEST:
        raise ValueError(f"A stream is read every {SHORTEST:g} s at the most often, not every {seconds:g} s.")
    stream = _taken(stream_id)
    before, stream.frequency = stream.frequency, seconds
    stream.save(update_fields=["frequency"])
    if not stream.paused_by:
        job.ask(streams.KIND, stream.id)
    return _recorded(stream, "stream.frequency_set", seconds=seconds, before=before)


def _taken(stream_id: uuid.UUID) -> Stream:
    """The stream as it is now, in nobody's hands but ours until this transaction ends."""
    job.forget(streams.KIND, stream_id)
    stream: Stream = Stream.objects.select_for_update().get(id=stream_id)
    return stream


def _recorded(stream: Stream, action: str, **detail: Any) -> Stream:
    audit.record(
        action,
        subject=str(stream.id),
        model=stream.model,
        linked_account_id=str(stream.linked_account_id),
        **detail,
    )
    return stream
