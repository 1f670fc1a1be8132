"""How a run ended, as the stream's status tells it."""

from __future__ import annotations

import datetime as dt
from typing import Final

from integrations.kit import errors
from integrations.kit.searching import UNSEARCHED
from integrations.kit.strict import plain
from tenants.models import LinkedAccount
from unified_api.events import outbox
from unified_api.sync import clock, feed, set_aside
from unified_api.sync.models import Run, SetAside, Stream

_TOO_MANY_REQUESTS: Final = 429
#: A field that was null in fewer than half of the rows, and is null in all of at least so many, has been lost.
_ENOUGH_ROWS: Final = 10
#: After so long it counts as empty: nobody misses it.
_MISSED: Final = dt.timedelta(days=7)
#: Set-aside records that a stream's error names.
_NAMED: Final = 3
#: Characters of an error.
_LONGEST: Final = 2_000
#: Counted beside the words that no mapping knows.
CLEANED: Final = "characters were replaced"


def close(stream: Stream, run: Run, account: LinkedAccount, request: str) -> None:
    """The run read everything it was to read. Its end is a mark in the feed: every row of it is older."""
    doubts = _doubts(stream, run)
    finished = feed.watermark()
    run.finished, run.result = finished, "PARTIALLY_SYNCED" if doubts else "DONE"
    run.error = f"{_subject(stream, account)}: {' '.join(doubts)} ({request})"[:_LONGEST] if doubts else None
    run.save()
    is_first, is_new = stream.is_initial, _is_new(stream, run)
    stream.status = stream.last_result = run.result
    stream.error, stream.reason, stream.failures = run.error, None, 0
    stream.is_initial, stream.last_finished, stream.fresh_as_of = False, finished, run.started
    stream.run_id, stream.mode = None, "changes"
    stream.next_due = clock.now() + dt.timedelta(seconds=stream.frequency)
    outbox.tell_of_run(stream, is_first=is_first, is_new=is_new)
    stream.save()


def fail(
    stream: Stream, run: Run, account: LinkedAccount, error: errors.ProviderError, delay: float | None
) -> None:
    """The run ended early. What it read stays, and so does the cursor behind it. delay: seconds until the next try."""
    told = f"{type(error).__name__}: {_subject(stream, account)}: {error}. {_next_step(error, delay)}"
    run.finished, run.result, run.error = feed.watermark(), "FAILED", plain(told)[:_LONGEST]
    run.save()
    is_first, is_new = stream.is_initial, _is_new(stream, run)
    stream.status = stream.last_result = "FAILED"
    stream.reason = "RATE_LIMITED" if error.status == _TOO_MANY_REQUESTS else None
    stream.error, stream.failures, stream.run_id = run.error, stream.failures + 1, None
    stream.last_finished = run.finished
    stream.next_due = None if delay is None else clock.now() + dt.timedelta(seconds=delay)
    outbox.tell_of_run(stream, is_first=is_first, is_new=is_new)
    stream.save()


def _is_new(stream: Stream, run: Run) -> bool:
    """Whether a run brought something, or ended otherwise than the one before."""
    return bool(run.added or run.changed or run.removed or run.result != stream.last_result)


def _subject(stream: Stream, account: LinkedAccount) -> str:
    """Which model of whose account."""
    return plain(
        f"{stream.model} of {account.integration} account {account.id} (end user {account.end_user_origin_id})"
    )


def _next_step(error: errors.ProviderError, delay: float | None) -> str:
    """What becomes of it, and what a person can do."""
    advice = next((words for kind, words in _ADVICE if isinstance(error, kind)), "")
    return advice if delay is None else f"{advice} It is tried again in {delay:.0f} s.".strip()


_ADVICE: Final = (
    (errors.NeedsReauthorisation, "Have the account linked again; nothing is read until then."),
    (errors.Forbidden, "Give the provider's user the right to read this."),
    (errors.Misconfigured, "Look at the account's address and settings, and at what the provider says."),
    (errors.Rejected, "Look at what the provider says; the adapter may have to learn it."),
)


def _doubts(stream: Stream, run: Run) -> list[str]:
    """Why the run is not green though nothing failed."""
    doubts = []
    if waiting := SetAside.objects.filter(stream_id=stream.id).count():
        doubts.append(_waiting(stream, waiting))
    if stream.held_removals:
        doubts.append(
            f"{stream.held_removals} records are gone at the provider, more than may be removed unasked;"
            " look there, then allow it: manage.py sync ACCOUNT --allow-removals"
        )
    doubts += [f"{name} turned null in every row." for name in _lost(run)]
    doubts += [
        f"{name} of {count} records holds characters that cannot be stored; U+FFFD stands in their place."
        for name, count in _counted(run, CLEANED)
    ]
    doubts += [
        f"{name} of {count} records is null, as its path {UNSEARCHED} in them; map one that can be."
        for name, count in _counted(run, UNSEARCHED)
    ]
    return doubts


def _counted(run: Run, what: str) -> list[tuple[str, int]]:
    """The fields of which that is counted, each with in how many records."""
    told = sorted((name, count) for name, count in run.unknown_words.items() if name.endswith(f": {what}"))
    return [(name.removesuffix(f": {what}"), count) for name, count in told]


def _waiting(stream: Stream, number: int) -> str:
    rows = SetAside.objects.filter(stream_id=stream.id).order_by("-seen_at", "remote_id")
    named = "; ".join(f"{set_aside.named(row.remote_id)}: {row.reason[:200]}" for row in rows[:_NAMED])
    return plain(
        f"{number} records do not map and are set aside, to come in once they do ({named}"
        f"{'; …' if number > _NAMED else ''}); see them in the admin."
    )


def _lost(run: Run) -> list[str]:
    """Fields that the last run of many rows found null in all, where the last one without any doubt did not.

    Until a row says something again, however few are read; or until that other run is too long ago.
    """
    runs = Run.objects.filter(stream_id=run.stream_id, started__gte=run.started - _MISSED).exclude(id=run.id)
    many = runs.filter(seen__gte=_ENOUGH_ROWS).order_by("-started")
    last = run if run.seen >= _ENOUGH_ROWS else many.exclude(finished=None).first()
    empty = _empty(last) if last else set()
    sound = many.filter(started__lt=last.started, result="DONE").first() if last and empty else None
    if last is None or sound is None:
        return []
    lost = {name for name in empty if sound.nulls.get(name, 0) < sound.seen / 2}
    for one in (run, *runs.filter(started__gt=last.started, seen__gt=0)) if lost else ():
        lost &= _empty(one) if one.seen else lost
    return sorted(lost)


def _empty(run: Run) -> set[str]:
    """The fields that are null in all rows of a run."""
    return {name for name, nulls in run.nulls.items() if nulls >= run.seen}
