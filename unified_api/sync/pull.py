"""The run of a stream: reading one common model of one linked account, page by page.

Each page lands in one transaction with the cursor that covers it, under the job's fence. Where the work is cut off,
the next slice goes on behind the last page that landed. A run ends with its stream's figures and its next due time.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import structlog
from django.db import DataError, transaction

from integrations.kit import errors
from integrations.kit.client import Client
from integrations.kit.observation import Bad, Page
from integrations.kit.provider import Resource
from integrations.kit.reading import is_midway
from integrations.kit.strict import plain
from tenants.models import LinkedAccount
from unified_api import registry
from unified_api.models.base import CommonModel, common_model, model_id
from unified_api.sync import (
    by_id,
    clock,
    connect,
    failing,
    field_classes,
    job,
    landing,
    sealing,
    set_aside,
    store,
    streams,
    sweep,
    verdict,
)
from unified_api.sync.ahead import Ahead
from unified_api.sync.identity import Key
from unified_api.sync.limit import Purpose
from unified_api.sync.models import Run, Stream
from unified_api.sync.selecting import ById, Selection

log = structlog.get_logger(__name__)
#: Words that a run counts, and characters of each.
_MOST_WORDS: Final = 100
_LONGEST_WORD: Final = 100


@dataclass(frozen=True)
class Arrived:
    """A page, and what is to be landed of it."""

    page: Page
    arrival: landing.Arrival

    @classmethod
    def of(cls, page: Page, resource: Resource) -> Arrived:
        """What arrived with a page; TypeError where an adapter made something that is no JSON."""
        return cls(page, landing.Arrival.of(page.observations, resource.version, sealing.digest_key()))

    @property
    def last(self) -> bool:
        """Whether the list ends with it."""
        return self.page.last


class Pull:
    """One slice of a stream's work."""

    def __init__(
        self, lease: job.Lease, stream: Stream, run: Run, account: LinkedAccount, line: connect.Line
    ) -> None:
        self.lease = lease
        self.account = account
        self.stream = stream
        self.run = run
        self.line = line
        self.model: type[CommonModel] = common_model(stream.model)
        self.selection = Selection.of(account)
        shown_anew = stream.fresh_as_of is None and not stream.is_initial  # its scopes have become wider
        self.cause = store.Cause("pull", run_id=run.id, shown_anew=shown_anew)
        self.pages: Ahead[Arrived]

    @property
    def client(self) -> Client:
        """The way to the provider."""
        return self.line.client

    def go(self, resource: Resource, ends: float) -> bool:
        """Read pages until the run is over (True) or the slice is (False)."""
        with Ahead(self._arriving(resource), ends) as self.pages:
            for arrived in self.pages:
                self._land(self._selected(arrived, resource), resource)
                if not arrived.last and sweep.repeats(self.stream):
                    raise _endless(resource)
                if arrived.last:
                    is_whole = self._asked(resource) is resource
                    self._conclude(resource, complete=arrived.page.complete and is_whole)
                    return True
                if self.pages.over:
                    return False
        raise errors.Misconfigured(f"the list of {self.stream.model} ended without a last page")

    def _arriving(self, resource: Resource) -> Generator[Arrived]:
        """Pages, looked at as far as can be without the database."""
        full = self.stream.mode == "everything"
        asked = self._asked(resource)
        for page in self.client.pages(asked, self.stream.cursor, full=full):
            try:
                yield Arrived.of(page, resource)
            except TypeError as error:
                yield Arrived.of(_storable(page, error), resource)

    def _asked(self, resource: Resource) -> Resource:
        """The resource as it is read: who knows of no record yet need not be shown those that are not wanted."""
        return self.selection.pushed(resource) if self.stream.is_initial else resource

    def _selected(self, arrived: Arrived, resource: Resource) -> Arrived:
        """What is to be taken in of a page."""
        if self.selection.is_everything:
            return arrived
        told = resource.mapping.speaks_of
        by_id_ = ById(partial(self._ask, resource), told) if resource.can("get") else None
        wanted = self.selection.of_page(self.account, arrived.page.observations, by_id_)
        return Arrived.of(replace(arrived.page, observations=tuple(wanted)), resource)

    def _land(self, arrived: Arrived, resource: Resource) -> None:
        """Land a page; if nothing can hold a record of it, which an adapter made out of good text, without that one."""
        try:
            self._take(arrived)
        except DataError as error:
            held = _storable(arrived.page, error)
            with transaction.atomic():  # both know of the page that was rolled back
                self.stream.refresh_from_db()
                self.run.refresh_from_db()
            self._take(Arrived.of(held, resource))

    def _take(self, arrived: Arrived) -> None:
        """Land one page with the cursor behind it; where records must be read by id, the cursor waits for these."""
        page = arrived.page
        with store.entry(self.stream.linked_account_id, began=self.line.moments.time_of) as entry:
            job.hold(self.lease)
            tally = entry.take(arrived.arrival, self.cause)
            set_aside.keep(self.stream, self.run, self.account, page.bad)
            set_aside.clear(self.stream, tally.ids, page.bad)
            if self.stream.sweep is not None:
                sweep.sight(self.stream, self.model, tally, page)
            if not tally.late:
                self.stream.cursor = page.cursor
            self.stream.skew = self.stream.skew if page.skew is None else page.skew
            self.stream.save(update_fields=["cursor", "sweep", "skew"])
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
        run.removed += tally.removed
        for name, count in tally.nulls.items():
            run.nulls[name] = run.nulls.get(name, 0) + count
        self._count_words(page)
        run.save()

    def _count_words(self, page: Page) -> None:
        """Words that no mapping knows, and fields whose characters had to be replaced; as many as a person can read."""
        words = self.run.unknown_words
        cleaned = [
            f"{note.partition(':')[0]}: {verdict.CLEANED}" for o in page.observations for note in o.cleaned
        ]
        for word, count in [*page.unknown_words.items(), *Counter(cleaned).items()]:
            known = plain(word)[:_LONGEST_WORD]
            if known in words or len(words) < _MOST_WORDS:
                words[known] = words.get(known, 0) + count

    def _reread(self, late: list[Key]) -> None:
        """Read by id what a page showed in an older state than ours; without such a read, the next list tells."""
        for model, remote_id in dict.fromkeys(late):
            resource = self.client.provider.resource(model)
            if resource is not None and resource.can("get"):
                self._ask(resource, remote_id)

    def _ask(self, resource: Resource, remote_id: str) -> None:
        """Read by id what a page does not show well enough."""
        self.pages.rest()
        self.is_there(resource, remote_id, self.cause)
        self.run.reread += 1

    def is_there(self, resource: Resource, remote_id: str, cause: store.Cause) -> bool:
        """Read one record by its id; one that the provider does not show properly is there, and set aside."""
        try:
            wanted = partial(self.selection.of_record, self.account)
            return by_id.read_one(self.line, resource, remote_id, cause, self.lease, wanted=wanted)
        except (errors.Misconfigured, errors.Forbidden, errors.Rejected) as error:
            self._set_aside(resource, remote_id, error)
            return True

    def _set_aside(self, resource: Resource, remote_id: str, error: errors.ProviderError) -> None:
        """Keep a record that the provider does not show by its id for a person; the page goes on."""
        inside = None if resource.model is self.model else model_id(resource.model)
        with transaction.atomic(durable=True):
            job.hold(self.lease)
            set_aside.keep(self.stream, self.run, self.account, [Bad(remote_id, str(error), None, inside)])

    def _conclude(self, resource: Resource, *, complete: bool) -> None:
        """Find what is gone after a complete sweep, and close the run with its verdict."""
        if self.stream.sweep is not None and complete:
            self.run.removed += sweep.conclude(self, resource)
        elif self.stream.sweep is not None:
            sweep.end(self, complete=False)
        with transaction.atomic(durable=True):
            job.hold(self.lease)
            verdict.close(self.stream, self.run, self.account, _request(resource))
            failing.recovered(self.stream)


def work(lease: job.Lease, ends: float) -> None:
    """One slice of the stream that the job names."""
    begun = _begin(lease)
    if begun is None:
        job.finish(lease)
        return
    stream, run, account = begun
    with failing.on_record(lease, stream, run, account):
        try:
            resource = connect.provider_of(account).resource(stream.model)
            if resource is None:
                raise errors.Misconfigured(f"{account.integration} no longer offers {stream.model}")
            if resource.hosted:
                _nothing_to_read(lease, stream, run, account)
                return
            with connect.line(account, lease, purpose=_purpose(stream)) as line:
                if stream.cursor is None:
                    field_classes.read(line, account, resource, lease)
                over = Pull(lease, stream, run, account, line).go(resource, ends)
        except registry.UnknownIntegration as error:
            failing.failed(
                lease, stream, run, account, errors.Misconfigured(f"its adapter is not installed: {error}")
            )
            return
        except errors.ProviderError as error:
            failing.failed(lease, stream, run, account, error)
            return
    if over:
        job.again(lease, stream.frequency)
    else:
        job.go_on(lease)


def _purpose(stream: Stream) -> Purpose:
    """Of a run: to read everything for the first time, or what changed since, and what is gone."""
    return Purpose.EVERYTHING if stream.is_initial else Purpose.CHANGES


def _nothing_to_read(lease: job.Lease, stream: Stream, run: Run, account: LinkedAccount) -> None:
    """What is here is all that there is: whoever asked to have it read sees a run that is done, and no next one."""
    with transaction.atomic(durable=True):
        job.hold(lease)
        sweep.forget(stream)
        stream.sweep, stream.last_sweep = None, clock.now()
        verdict.close(stream, run, account, model_id(common_model(stream.model)))
        stream.next_due = None
        stream.save(update_fields=["next_due"])
        job.finish(lease)


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
        if not account.may("read", stream.model):
            streams.rest(stream)
            return None
        run = Run.objects.filter(id=stream.run_id, finished=None).first() if stream.run_id else None
        return stream, run or _open_run(stream, account), account


def _open_run(stream: Stream, account: LinkedAccount) -> Run:
    now = clock.now()
    if _sweep_is_due(stream, account, now):
        stream.mode = "everything"
    if stream.mode == "everything" and not (stream.sweep and is_midway(stream.cursor)):
        sweep.forget(stream)
        stream.cursor, stream.sweep = None, sweep.begin()
    run: Run = Run.objects.create(stream_id=stream.id, mode=stream.mode, started=now)
    stream.run_id, stream.status, stream.last_started = run.id, "SYNCING", now
    stream.save()
    return run


def _sweep_is_due(stream: Stream, account: LinkedAccount, now: dt.datetime) -> bool:
    """A list that cannot be asked for changes alone is complete each time, and shows each time what is gone."""
    try:
        resource = connect.provider_of(account).resource(stream.model)
    except registry.UnknownIntegration:
        resource = None
    if stream.last_sweep is None or (resource is not None and not resource.incremental):
        return True
    return (now - stream.last_sweep).total_seconds() >= stream.sweep_every


def _storable(page: Page, error: Exception) -> Page:
    """The page with those records set aside that nothing can hold; without such, the error has another cause."""
    held = set_aside.without_unstorable(page)
    if held is page:
        raise error
    return held


def _request(resource: Resource) -> str:
    return f"GET {resource.list.path}" if resource.list else "GET"


def _endless(resource: Resource) -> errors.Misconfigured:
    error = errors.Misconfigured(
        f"{sweep.MOST_STALE} pages in a row show only records that were read before; the list would never end",
        request=_request(resource),
    )
    error.astray = True
    return error
