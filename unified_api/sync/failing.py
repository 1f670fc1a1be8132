"""Runs of a stream that end early: on record where an operator looks, and turned into a schedule."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import structlog
from django.db import transaction

from integrations.kit import errors
from integrations.kit.reading import begin_again
from tenants.models import LinkedAccount
from unified_api.sync import clock, connect, issues, job, sweep, unexpected, verdict
from unified_api.sync.models import Run, Stream
from unified_api.sync.models_watch import Issue

log = structlog.get_logger(__name__)
#: Seconds after which a provider that is down is asked again at the latest, where a stream is read more often.
LONGEST_OUTAGE: Final = 60.0
#: Runs that fail in a row until a person is to look at it.
WORTH_A_LOOK: Final = 5
#: How long nothing may have failed until an issue about reading is over.
CALM: Final = dt.timedelta(days=1)


@contextmanager
def on_record(lease: job.Lease, stream: Stream, run: Run, account: LinkedAccount) -> Iterator[None]:
    """Put an error that nobody expected on record at the stream, too; it goes on to whoever logs it."""

    def tell(error: str) -> None:
        fault = errors.ProviderError(
            f"an error in Isthmus or the adapter ({error}); the worker's log has it whole, with this account's tenant"
            " beside it. Please report it"
        )
        _fail(lease, stream, run, account, fault, job.backoff(lease.attempts))

    with unexpected.told(tell):
        yield


def failed(
    lease: job.Lease, stream: Stream, run: Run, account: LinkedAccount, error: errors.ProviderError
) -> None:
    """Record the error where an operator looks for it, and turn it into a schedule."""
    if isinstance(error, errors.Throttled):
        _wait(lease, stream, error)
        return
    log.warning("pull.failed", model=stream.model, error=type(error).__name__, request=error.request)
    if isinstance(error, errors.NeedsReauthorisation):
        # One that has another credential by now is read on: who renewed a token asks for nothing to be read.
        is_paused = connect.pause(account, str(error))
        _fail(lease, stream, run, account, error, None if is_paused else job.backoff(lease.attempts))
    else:
        _fail(lease, stream, run, account, error, delay_after(error, stream.frequency, lease.attempts))


def _wait(lease: job.Lease, stream: Stream, error: errors.Throttled) -> None:
    """The run goes on when there is room for it: that it waits is no failure."""
    delay = delay_after(error, stream.frequency, lease.attempts)
    log.info("pull.waits", model=stream.model, seconds=round(delay))
    with transaction.atomic(durable=True):
        job.hold(lease)
        due = clock.now() + dt.timedelta(seconds=delay)
        Stream.objects.filter(id=stream.id).update(next_due=due, reason="RATE_LIMITED")
        job.put_off(lease, delay)


def _fail(
    lease: job.Lease,
    stream: Stream,
    run: Run,
    account: LinkedAccount,
    error: errors.ProviderError,
    delay: float | None,
) -> None:
    """Close the run and give the job back, both as stored: the objects may know of a page that was not committed."""
    with transaction.atomic(durable=True):
        job.hold(lease)
        stored = Stream.objects.select_for_update().get(id=stream.id)
        if error.astray:
            sweep.forget(stored)
            stored.cursor, stored.sweep = begin_again(stored.cursor), None
        verdict.fail(stored, Run.objects.get(id=run.id), account, error, delay)
        _tell(stored, error)
        if delay is None:
            job.finish(lease)
        else:
            job.put_off(lease, delay)


def _tell(stream: Stream, error: errors.ProviderError) -> None:
    """Have a person look at a model that may not be read, or that could not be read so many times in a row.

    That a credential is refused is an issue of the account, not of each of its streams.
    """
    if isinstance(error, errors.NeedsReauthorisation):
        return
    kind = issues.PERMISSION if isinstance(error, errors.Forbidden) else issues.READING
    if kind == issues.PERMISSION or stream.failures >= WORTH_A_LOOK:
        about = {"model": stream.model, "failures": stream.failures}
        issues.open_issue(
            kind, stream.id, str(stream.error), linked_account_id=stream.linked_account_id, details=about
        )


def recovered(stream: Stream) -> None:
    """A run ended well: what was wrong a day ago, and not since, is over."""
    long_ago = clock.now() - CALM
    ongoing = Issue.objects.filter(
        subject=stream.id, kind__in=(issues.PERMISSION, issues.READING), status=Issue.Status.ONGOING
    )
    for issue in ongoing.filter(last_incident_time__lte=long_ago).select_for_update():
        issues.close(issue)


def delay_after(error: errors.ProviderError, usual: float, attempts: int) -> float:
    """Seconds until a read that failed like this is tried again: ever later, and soon after an outage has ended."""
    if isinstance(error, errors.RetryLater):
        return (
            error.after if error.after is not None else min(job.backoff(attempts), max(usual, LONGEST_OUTAGE))
        )
    return max(usual, job.backoff(attempts))
