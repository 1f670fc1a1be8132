"""Streams: reading one common model of one linked account, page by page.

Each page lands in one transaction with the cursor that covers it, under the job's fence. Where the work is cut off,
the next slice goes on behind the last page that landed. A run ends with its stream's figures and its next due time.
"""

from __future__ import annotations

import datetime as dt
import time
from typing import Final

import structlog
from django.db import transaction

from integrations.kit import errors
from integrations.kit.client import Client
from integrations.kit.observation import Bad, Page
from integrations.kit.provider import Resource
from tenants.models import LinkedAccount
from unified_api.models.base import CommonModel, common_model, model_id
from unified_api.sync import by_id, clock, connect, job, set_aside, store, sweep, verdict
from unified_api.sync.identity import Key
from unified_api.sync.models import Run, Stream

log = structlog.get_logger(__name__)
KIND: Final = "pull"
#: Seconds after which a provider that is down is asked again at the latest, where a stream is read more often.
LONGEST_OUTAGE: Final = 60.0


class Pull:
    """One slice of a stream's work."""

    def __init__(self, lease: job.Lease, stream: Stream, run: Run, line: connect.Line) -> None:
        self.lease = lease
        self.stream = stream
        self.run = run
        self.line = line
        self.model: type[CommonModel] = common_model(stream.model)
        self.cause = store.Cause("pull", run_id=run.id)

    @property
    def client(self) -> Client:
        """The way to the provider."""
        return self.line.client

    def go(self, resource: Resource, ends: float) -> bool:
        """Read pages until the run is over (True) or the slice is (False)."""
        full = self.stream.mode == "everything"
        for page in self.client.pages(resource, self.stream.cursor, full=full):
            self._take(page, resource)
            if page.last:
                self._conclude(resource, complete=page.complete)
                return True
            if time.monotonic() > ends:
                return False
        raise errors.Misconfigured(f"the list of {self.stream.model} ended without a last page")

    def _take(self, page: Page, resource: Resource) -> None:
        """Land one page with the cursor behind it; where records must be read by id, the cursor waits for these."""
        with store.entry(self.stream.linked_account_id, began=self.line.moments.time_of) as entry:
            job.hold(self.lease)
            tally = entry.land(page.observations, self.cause, mapping_version=resource.version)
            set_aside.keep(self.stream, self.run, page.bad)
            set_aside.clear(self.stream, [remote for _, remote in tally.ids])
            if self.stream.sweep is not None:
                sweep.sight(self.stream, self.model, tally, page)
            if not tally.late:
                self.stream.cursor = page.cursor
            self.stream.save(update_fields=["cursor", "sweep"])
            self._count(tally, page)
        if tally.late:
            self._reread(tally.late)
            self._move_on(page)

    def _move_on(self, page: Page) -> None:
        """Save the cursor behind a page whose late records have been read by id."""
        with transaction.atomic(durable=True):
            job.hold(self.lease)
            self.stream.cursor = page.cursor
            self.stream.save(update_fields=["cursor"])
            self.run.save(update_fields=["reread", "set_aside"])

    def _count(self, tally: store.Tally, page: Page) -> None:
        run = self.run
        run.requests += page.requests
        run.seen += tally.seen
        run.added += tally.added
        run.changed += tally.changed
        run.unchanged += tally.unchanged
        run.set_aside += len(page.bad)
        for name, count in tally.nulls.items():
            run.nulls[name] = run.nulls.get(name, 0) + count
        for word, count in page.unknown_words.items():
            run.unknown_words[word] = run.unknown_words.get(word, 0) + count
        run.save()

    def _reread(self, late: list[Key]) -> None:
        """Read by id what a page showed in an older state than ours; without such a read, the next list tells."""
        for model, remote_id in dict.fromkeys(late):
            resource = self.client.provider.resource(model)
            if resource is None or not resource.can("get"):
                continue
            try:
                by_id.read_one(self.line, resource, remote_id, self.cause, self.lease)
            except (errors.Misconfigured, errors.Forbidden, errors.Rejected) as error:
                self._set_aside(remote_id, error)
            self.run.reread += 1

    def _set_aside(self, remote_id: str, error: errors.ProviderError) -> None:
        """Keep a record that the provider does not show by its id for a person; the page goes on."""
        with transaction.atomic(durable=True):
            job.hold(self.lease)
            set_aside.keep(self.stream, self.run, [Bad(remote_id, str(error), None)])
            self.run.set_aside += 1

    def _conclude(self, resource: Resource, *, complete: bool) -> None:
        """Find what is gone after a complete sweep, and close the run with its verdict."""
        if self.stream.sweep is not None and complete:
            self.run.removed += sweep.conclude(self, resource)
        elif self.stream.sweep is not None:
            sweep.end(self)
        with transaction.atomic(durable=True):
            job.hold(self.lease)
            verdict.close(self.stream, self.run)


def work(lease: job.Lease, ends: float) -> None:
    """One slice of the stream that the job names."""
    begun = _begin(lease)
    if begun is None:
        job.finish(lease)
        return
    stream, run, account = begun
    try:
        with connect.line(account, lease) as line:
            resource = line.client.provider.resource(common_model(stream.model))
            if resource is None:
                raise errors.Misconfigured(f"{account.integration} no longer offers {stream.model}")
            over = Pull(lease, stream, run, line).go(resource, ends)
    except errors.ProviderError as error:
        _failed(lease, stream, run, account, error)
        return
    job.again(lease, stream.frequency if over else 0.0)


def _begin(lease: job.Lease) -> tuple[Stream, Run, LinkedAccount] | None:
    """The stream with its run, the one under way or a new one; None when it is not to be read any more."""
    with transaction.atomic(durable=True):
        job.hold(lease)
        stream = Stream.objects.select_for_update().filter(id=lease.reference).first()
        if stream is None or stream.paused_by:
            return None
        account = LinkedAccount.objects.filter(id=stream.linked_account_id, deleted_at=None).first()
        if account is None or account.status == "RELINK_NEEDED":
            return None
        run = Run.objects.filter(id=stream.run_id, finished=None).first() if stream.run_id else None
        return stream, run or _open_run(stream, account), account


def _open_run(stream: Stream, account: LinkedAccount) -> Run:
    now = clock.now()
    if _sweep_is_due(stream, account, now):
        stream.mode = "everything"
    if stream.mode == "everything" and stream.sweep is None:
        stream.cursor, stream.sweep = None, sweep.begin()
    run: Run = Run.objects.create(stream_id=stream.id, mode=stream.mode, started=now)
    stream.run_id, stream.status, stream.last_started = run.id, "SYNCING", now
    stream.save()
    return run


def _sweep_is_due(stream: Stream, account: LinkedAccount, now: dt.datetime) -> bool:
    """A list that cannot be asked for changes alone is complete each time, and shows each time what is gone."""
    resource = connect.provider_of(account).resource(stream.model)
    if stream.last_sweep is None or (resource is not None and not resource.incremental):
        return True
    return (now - stream.last_sweep).total_seconds() >= stream.sweep_every


def _failed(
    lease: job.Lease, stream: Stream, run: Run, account: LinkedAccount, error: errors.ProviderError
) -> None:
    """Record the error where an operator looks for it, and turn it into a schedule."""
    log.warning("pull.failed", model=stream.model, error=type(error).__name__, request=error.request)
    if isinstance(error, errors.NeedsReauthorisation):
        connect.pause(account, str(error))
    with transaction.atomic(durable=True):
        job.hold(lease)
        verdict.fail(stream, run, error)
        if isinstance(error, errors.NeedsReauthorisation):
            job.finish(lease)
            return
        job.put_off(lease, delay_after(error, stream.frequency, lease.attempts))


def delay_after(error: errors.ProviderError, usual: float, attempts: int) -> float:
    """Seconds until a read that failed like this is tried again: ever later, and soon after an outage has ended."""
    if isinstance(error, errors.RetryLater):
        return (
            error.after if error.after is not None else min(job.backoff(attempts), max(usual, LONGEST_OUTAGE))
        )
    return max(usual, job.backoff(attempts))


def start(account: LinkedAccount, *, frequency: float | None = None) -> list[Stream]:
    """Make the streams of a newly linked account and have them read; those that exist are read again."""
    provider = connect.provider_of(account)
    made = []
    for resource in provider.resources:
        if not resource.can("list"):
            continue
        stream, _ = Stream.objects.get_or_create(
            linked_account_id=account.id,
            model=model_id(resource.model),
            defaults={"frequency": frequency or resource.frequency, "sweep_every": resource.sweep_every},
        )
        job.ask(KIND, stream.id)
        made.append(stream)
    return made


def resync(stream: Stream) -> None:
    """Read everything again from the start; a run that is under way is overtaken."""
    job.forget(KIND, stream.id)
    Run.objects.filter(id=stream.run_id, finished=None).update(
        finished=clock.now(), result="FAILED", error="Overtaken by a resync."
    )
    sweep.forget(stream)
    stream.mode, stream.cursor, stream.sweep, stream.run_id = "everything", None, None, None
    stream.status, stream.reason, stream.error = "SYNCING", None, None
    stream.save()
    job.ask(KIND, stream.id, priority=3)


def pause(stream: Stream, who: str) -> None:
    """Stop reading a stream until it is resumed; a slice under way is overtaken at its next page."""
    stream.paused_by, stream.status = who, "PAUSED"
    stream.save(update_fields=["paused_by", "status"])
    job.forget(KIND, stream.id)


def resume(stream: Stream) -> None:
    """Go on reading a paused stream behind the last page that landed."""
    stream.paused_by, stream.status = None, "SYNCING"
    stream.save(update_fields=["paused_by", "status"])
    job.ask(KIND, stream.id)
