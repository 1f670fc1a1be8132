"""Waiting until streams have been read: by workers, or in this process where none is running."""

from __future__ import annotations

import datetime as dt
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from django.db import connection, transaction

from tenants.scope import scope
from unified_api.serve import heartbeat
from unified_api.sync import clock, job, streams, tasks
from unified_api.sync.models import Job, Run, Stream

#: Seconds of silence after which a worker counts as gone.
SILENCE: Final = 15.0
#: Seconds between two looks.
PAUSE: Final = 0.25
#: How the name begins under which a worker shows its heartbeat; its queues follow.
WORKER: Final = "worker"


@dataclass(frozen=True)
class Outcome:
    """How it went with one stream; `run` is None when it was not read, as it or its account is paused."""

    stream: Stream
    run: Run | None


@dataclass(frozen=True)
class Waiting:
    """Runs of these streams that began at `since` or later are waited for."""

    tenant_id: uuid.UUID
    stream_ids: Sequence[uuid.UUID]
    since: dt.datetime
    sleep: Callable[[float], None] = time.sleep

    def outcomes(self, on_alone: Callable[[], None]) -> Iterator[Outcome]:
        """Each stream as soon as its run has ended. `on_alone` is told once if no worker is running.

        A stream that is not due any more and was not read is given back without a run.
        """
        left, told = list(self.stream_ids), False
        while left:
            alone = not workers_run()
            if alone and not told:
                on_alone()
                told = True
            worked = alone and self._work(left)
            ended = self._ended(left)
            left = [stream for stream in left if stream not in {o.stream.id for o in ended}]
            yield from ended
            if left and not worked and not ended:
                self.sleep(PAUSE)

    def _ended(self, stream_ids: Sequence[uuid.UUID]) -> list[Outcome]:
        with scope(self.tenant_id), transaction.atomic():
            # Jobs first: where one is gone, the run that it did is closed already.
            due = {stream for stream in stream_ids if _is_due(stream)}
            runs = {stream: self._last_run(stream) for stream in stream_ids}
            over = [s for s, run in runs.items() if s not in due or (run and run.finished)]
            return [Outcome(stream, runs[stream.id]) for stream in Stream.objects.filter(id__in=over)]

    def _last_run(self, stream: uuid.UUID) -> Run | None:
        runs = Run.objects.filter(stream_id=stream, started__gte=self.since)
        found: Run | None = runs.order_by("started").first()
        return found

    def _work(self, stream_ids: Sequence[uuid.UUID]) -> bool:
        """One slice of the first stream that nobody holds; False if all are held."""
        for stream in stream_ids:
            with scope(self.tenant_id):
                lease = job.claim(streams.KIND, stream)
            if lease is not None:
                tasks.do(lease, time.monotonic() + tasks.SLICE)
                return True
        return False


def now() -> dt.datetime:
    """The moment from which on runs are waited for, by the clock that they are stamped with."""
    return clock.now()


def workers_run() -> bool:
    """Whether a worker that reads streams has shown a sign of life just now."""
    with connection.cursor() as cursor:
        ages = heartbeat.ages(cursor)
    return any(_pulls(part) and age < SILENCE for part, age in ages.items())


def _pulls(part: str) -> bool:
    return part.startswith(WORKER) and job.BACKGROUND in part.split()


def _is_due(stream: uuid.UUID) -> bool:
    return Job.objects.filter(kind=streams.KIND, reference=stream).exists()
