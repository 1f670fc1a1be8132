"""How a run ended, as the stream's status tells it."""

from __future__ import annotations

import datetime as dt
from typing import Final

from integrations.kit import errors
from unified_api.sync import clock, feed
from unified_api.sync.models import Run, Stream

_TOO_MANY_REQUESTS: Final = 429
#: A field that was null in fewer than half of the rows, and is null in all of at least so many, has been lost.
_ENOUGH_ROWS: Final = 10


def close(stream: Stream, run: Run) -> None:
    """The run read everything it was to read. Its end is a mark in the feed: every row of it is older."""
    doubts = _doubts(stream, run)
    finished = feed.watermark()
    run.finished, run.result = finished, "PARTIALLY_SYNCED" if doubts else "DONE"
    run.error = " ".join(doubts) or None
    run.save()
    stream.status = stream.last_result = run.result
    stream.error, stream.reason, stream.failures = run.error, None, 0
    stream.is_initial, stream.last_finished, stream.fresh_as_of = False, finished, run.started
    stream.run_id, stream.mode = None, "changes"
    stream.next_due = clock.now() + dt.timedelta(seconds=stream.frequency)
    stream.save()


def fail(stream: Stream, run: Run, error: errors.ProviderError) -> None:
    """The run ended early. What it read stays, and so does the cursor behind it."""
    told = f"{type(error).__name__}: {stream.model} of account {stream.linked_account_id}: {error}"
    run.finished, run.result, run.error = feed.watermark(), "FAILED", told
    run.save()
    stream.status = stream.last_result = "FAILED"
    stream.reason = "RATE_LIMITED" if error.status == _TOO_MANY_REQUESTS else None
    stream.error, stream.failures, stream.run_id = told, stream.failures + 1, None
    stream.last_finished = run.finished
    stream.save()


def _doubts(stream: Stream, run: Run) -> list[str]:
    """Why the run is not green though nothing failed."""
    doubts = []
    if run.set_aside:
        doubts.append(f"{run.set_aside} records do not map and were set aside; see them in the admin.")
    if stream.held_removals:
        doubts.append(
            f"{stream.held_removals} records are gone at the provider, more than may be removed unasked;"
            " look there, then allow it: manage.py sync ACCOUNT --allow-removals"
        )
    doubts += [f"{name} turned null in every row." for name in _lost(run)]
    return doubts


def _lost(run: Run) -> list[str]:
    if run.seen < _ENOUGH_ROWS:
        return []
    before = Run.objects.filter(stream_id=run.stream_id, seen__gte=_ENOUGH_ROWS).exclude(id=run.id)
    last = before.exclude(finished=None).order_by("-started").first()
    if last is None:
        return []
    return [
        name
        for name, nulls in run.nulls.items()
        if nulls >= run.seen and last.nulls.get(name, 0) < last.seen / 2
    ]
