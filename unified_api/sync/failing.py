"""Runs of a stream that end early: on record where an operator looks, and turned into a schedule."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import structlog
from django.db import InterfaceError, OperationalError, transaction

from integrations.kit import errors
from integrations.kit.reading import begin_again
from tenants.models import LinkedAccount
from unified_api.sync import connect, job, sweep, verdict
from unified_api.sync.models import Run, Stream

log = structlog.get_logger(__name__)
#: Seconds after which a provider that is down is asked again at the latest, where a stream is read more often.
LONGEST_OUTAGE: Final = 60.0


@contextmanager
def on_record(lease: job.Lease, stream: Stream, run: Run, account: LinkedAccount) -> Iterator[None]:
    """Put an error that nobody expected on record at the stream, too; it goes on to whoever logs it."""
    expected = False
    try:
        yield
        expected = True
    except (job.Overtaken, OperationalError, InterfaceError):
        expected = True
        raise
    finally:
        if not expected:
            fault = errors.ProviderError(
                f"an error in Isthmus or the adapter ({type(sys.exception()).__name__}); the worker's log has it whole,"
                " with this account's tenant beside it. Please report it"
            )
            _fail(lease, stream, run, account, fault, job.backoff(lease.attempts))


def failed(
    lease: job.Lease, stream: Stream, run: Run, account: LinkedAccount, error: errors.ProviderError
) -> None:
    """Record the error where an operator looks for it, and turn it into a schedule."""
    log.warning("pull.failed", model=stream.model, error=type(error).__name__, request=error.request)
    if isinstance(error, errors.NeedsReauthorisation):
        connect.pause(account, str(error))
        _fail(lease, stream, run, account, error, None)
    else:
        _fail(lease, stream, run, account, error, delay_after(error, stream.frequency, lease.attempts))


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
        if delay is None:
            job.finish(lease)
        else:
            job.put_off(lease, delay)


def delay_after(error: errors.ProviderError, usual: float, attempts: int) -> float:
    """Seconds until a read that failed like this is tried again: ever later, and soon after an outage has ended."""
    if isinstance(error, errors.RetryLater):
        return (
            error.after if error.after is not None else min(job.backoff(attempts), max(usual, LONGEST_OUTAGE))
        )
    return max(usual, job.backoff(attempts))
