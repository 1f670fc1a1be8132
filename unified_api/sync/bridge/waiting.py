"""One round from beginning to end: both sides read, and all that they owe each other written.

By workers, or in this process where none is running.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q

from tenants.scope import scope
from unified_api.sync import job, steer, tasks
from unified_api.sync import write as writing
from unified_api.sync.bridge.stirring import KIND
from unified_api.sync.bridge.work import in_flight, is_quiet
from unified_api.sync.models import Job, Stream, Write, WriteState
from unified_api.sync.models_bridge import Bridge, Pair
from unified_api.sync.waiting import PAUSE, Outcome, Waiting, now, workers_run

#: What a bridge does not go on from by itself.
_STUCK = (Bridge.Status.WAITING, Bridge.Status.PAUSED, Bridge.Status.PLANNED, Bridge.Status.HELD)

#: Writes that have not ended.
_UNDER_WAY = (WriteState.JOURNALLED, WriteState.SENT, WriteState.UNCERTAIN)


@dataclass(frozen=True)
class Round:
    """A round of one bridge. patience: seconds without progress after which what is left goes on by itself."""

    tenant_id: uuid.UUID
    bridge_id: uuid.UUID
    patience: float = 120.0
    sleep: Callable[[float], None] = time.sleep

    def read(self, on_alone: Callable[[], None]) -> list[Outcome]:
        """Have both accounts read now; how it went with their streams."""
        since = now()
        with scope(self.tenant_id), transaction.atomic():
            bridge = Bridge.objects.get(id=self.bridge_id)
            accounts = [bridge.account_a, bridge.account_b]
            streams = Stream.objects.filter(
                linked_account_id__in=accounts, model=bridge.model, paused_by=None
            )
            asked = [steer.read_now(stream.id).id for stream in streams]
        return list(Waiting(self.tenant_id, asked, since, self.sleep).outcomes(on_alone))

    def settle(self, on_going: Callable[[], None] = lambda: None) -> bool:
        """Have the bridge look until nothing is under way, or a person has to say; False when patience ran out.

        on_going: called now and then until it is over.
        """
        with scope(self.tenant_id), transaction.atomic():
            job.ask(KIND, self.bridge_id)
        made = self._progress()
        while not self._is_over_within_patience(on_going):
            before, made = made, self._progress()
            if made == before:
                return False
        return True

    def _is_over_within_patience(self, on_going: Callable[[], None]) -> bool:
        ends = time.monotonic() + self.patience
        while time.monotonic() < ends:
            if self._over():
                return True
            on_going()
            if workers_run() or not self._work():
                self.sleep(PAUSE)
        return False

    def _progress(self) -> tuple[int, int]:
        """Writes that have ended, and pairs there are: either becomes another number while the bridge gets on."""
        with scope(self.tenant_id), transaction.atomic():
            ended = Write.objects.filter(bridge_id=self.bridge_id).exclude(state__in=_UNDER_WAY)
            return ended.count(), Pair.objects.filter(bridge_id=self.bridge_id).count()

    def _over(self) -> bool:
        """Whether the bridge has looked since it was asked, and nothing is left that it could do."""
        with scope(self.tenant_id), transaction.atomic():
            if self._is_due():
                return False
            bridge = Bridge.objects.get(id=self.bridge_id)
            return bridge.status in _STUCK or is_quiet(self.bridge_id)

    def _work(self) -> bool:
        """One slice of the bridge's job or of a write of its pairs; False when there is none to claim."""
        with scope(self.tenant_id), transaction.atomic():
            bridges = [(KIND, self.bridge_id)] if self._is_due() else []
            under_way = in_flight(self.bridge_id).values("write_id")
            due = Job.objects.filter(kind=writing.KIND, reference__in=under_way, due_at__lte=now())
            first = due.order_by("priority", "due_at").values_list("reference", flat=True)[:100]
            writes = [(writing.KIND, reference) for reference in first]
        for kind, reference in bridges + writes:
            with scope(self.tenant_id):
                lease = job.claim(kind, reference)
            if lease is not None:
                tasks.do(lease, time.monotonic() + tasks.SLICE)
                return True
        return False

    def _is_due(self) -> bool:
        """Whether the bridge's job is due or in somebody's hands; one that rests is due later."""
        jobs = Job.objects.filter(kind=KIND, reference=self.bridge_id)
        return jobs.filter(Q(due_at__lte=now()) | Q(leased_until__gt=now())).exists()
