"""The job of a hook: what happened is posted to it, one after the other, in the order in which it happened.

A hook is a reader of the change log as bridges are: its cursor moves once the receiver has taken what stands there. Who
dies between the two posts the same again, under the same id. What cannot be delivered is tried again, ever later, and
nothing is passed over meanwhile: a receiver that is away for hours gets all of it when it is back.
"""

from __future__ import annotations

import datetime as dt
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final
from urllib.parse import urlsplit

import structlog
from django.db import transaction

from integrations.kit.transport import Way
from tenants.models import LinkedAccount
from unified_api.events import messages, outbox, posting
from unified_api.models.base import common_model
from unified_api.sync import clock, connect, issues, job, unexpected
from unified_api.sync.memory import changes
from unified_api.sync.models_hooks import Hook, Notice

log = structlog.get_logger(__name__)
#: Seconds after which a hook looks whether a stir was lost.
LOOK: Final = 60.0
#: Seconds until the first further attempt, and at the most between two.
FIRST: Final = 60.0
LONGEST: Final = 3600.0
#: Attempts that fail in a row until a person is to look at it.
WORTH_A_LOOK: Final = 3
#: After so long of nothing but failures a hook rests.
PATIENCE: Final = dt.timedelta(days=1)


@dataclass(frozen=True)
class Next:
    """What is to be told next: an entry of the log, or a notice.

    position: up to where all of the log is told with it. message: what it says now; None where that is nothing.
    """

    event: str
    position: int
    delivery: uuid.UUID
    message: Callable[[], messages.Message | None]
    notice: Notice | None = None


class Delivering:
    """One slice of a hook's deliveries."""

    def __init__(self, lease: job.Lease, hook: Hook, wire: Way) -> None:
        self.lease, self.hook, self.wire = lease, hook, wire
        self._ahead: deque[Next] = deque()

    def go(self, ends: float) -> None:
        """Deliver until nothing is left, something fails, or the slice is over; the job is given back."""
        while (one := self._next()) is not None:
            message = one.message()
            if message is not None:
                outcome = self._deliver(posting.body(self.hook, one.event, one.delivery, message))
                if outcome.problem:
                    _failed(self.lease, self.hook, outcome)
                    return
            _delivered(self.lease, self.hook, one, was_told=message is not None)
            if time.monotonic() >= ends:
                job.go_on(self.lease, queue=job.BACKGROUND)
                return
        job.again(self.lease, LOOK)

    def _deliver(self, content: bytes) -> posting.Outcome:
        """Post, and a few times more where the receiver may be back at once."""
        outcome = self._post(content)
        for pause in posting.QUICK:
            if not outcome.is_passing:
                break
            connect.OUTSIDE.sleep(pause)
            outcome = self._post(content)
        return outcome

    def _post(self, content: bytes) -> posting.Outcome:
        job.hold(self.lease)
        return posting.post(self.wire, self.hook, content)

    def _next(self) -> Next | None:
        """A notice, if what stands before it in the log was told; else the next entry that is wanted."""
        with transaction.atomic(durable=True):
            # First the notice: what stands before it can then be read in the log.
            waiting = Notice.objects.filter(hook_id=self.hook.id).order_by("position", "at", "id").first()
            while not self._ahead and self._look():
                pass
        if waiting is not None and not (self._ahead and self._ahead[0].position <= waiting.position):
            message = partial(messages.of_notice, waiting)
            return Next(waiting.event, self.hook.cursor, waiting.id, message, waiting)
        return self._ahead.popleft() if self._ahead else None

    def _look(self) -> bool:
        """Take in a stretch of the log; True where nothing of it is wanted, and it goes on.

        The cursor moves over what is not wanted.
        """
        columns = ("position", "linked_account_id", "model", "kind", "record_id")
        seen = list(changes.stretch(self.hook.cursor, None).values_list(*columns))
        self._ahead.extend(self._wanted(seen))
        if self._ahead or not seen:
            return False
        job.hold(self.lease)
        self.hook.cursor = seen[-1][0]
        self.hook.save(update_fields=["cursor"])
        return len(seen) == changes.LOOKED_AT

    def _wanted(self, seen: list[tuple[int, uuid.UUID, str, str, uuid.UUID]]) -> Iterator[Next]:
        linked = LinkedAccount.objects.filter(deleted_at=None, is_test=self.hook.is_test)
        known = set(linked.filter(id__in={account for _, account, *_ in seen}).values_list("id", flat=True))
        for position, account, model, kind, record in seen:
            event = outbox.name(common_model(model), outbox.CHANGES[kind])
            if account in known and (not self.hook.events or event in self.hook.events):
                message = partial(messages.of_record, account, model, record)
                yield Next(event, position, uuid.uuid5(self.hook.id, str(position)), message)


def work(lease: job.Lease, ends: float) -> None:
    """One slice of the hook that the job names."""
    with transaction.atomic():
        hook = Hook.objects.filter(id=lease.reference, rests=False).first()
        waits = (hook.retry_at - clock.now()).total_seconds() if hook and hook.retry_at else 0.0
    if hook is None:
        job.finish(lease)
    elif waits > 0:
        job.again(lease, waits)
    else:
        with unexpected.told(partial(_broken, lease, hook)), posting.way() as wire:
            Delivering(lease, hook, wire).go(ends)


def _delivered(lease: job.Lease, hook: Hook, one: Next, *, was_told: bool) -> None:
    """The receiver has taken it, or there is nothing to be told of it any more."""
    with transaction.atomic(durable=True):
        job.hold(lease)
        hook.cursor = one.position
        if one.notice is not None:
            Notice.objects.filter(id=one.notice.id).delete()
        if was_told:
            hook.delivered, hook.last_delivered_at = hook.delivered + 1, clock.now()
        if was_told and hook.failures:
            hook.failures, hook.failing_since, hook.retry_at, hook.problem = 0, None, None, ""
            issues.resolve(issues.DELIVERY, hook.id)
        hook.save()


def _broken(lease: job.Lease, hook: Hook, error: str) -> None:
    """Put an error that nobody expected on record at the hook; it goes on to whoever logs it."""
    told = f"an error in Isthmus ({error}); the worker's log has it whole. Please report it"
    _failed(lease, hook, posting.Outcome(told))


def _failed(lease: job.Lease, hook: Hook, outcome: posting.Outcome) -> None:
    """Try again later; after a day of failures, or where the receiver wants nothing any more, rest."""
    now = clock.now()
    with transaction.atomic(durable=True):
        job.hold(lease)
        hook.failures, hook.problem = hook.failures + 1, outcome.problem
        hook.failing_since = hook.failing_since or now
        hook.rests = outcome.is_over or now - hook.failing_since >= PATIENCE
        delay = min(FIRST * 2 ** min(hook.failures - 1, 10), LONGEST)
        hook.retry_at = None if hook.rests else now + dt.timedelta(seconds=delay)
        hook.save()
        if hook.rests or hook.failures >= WORTH_A_LOOK:
            told = {"failures": hook.failures, "rests": hook.rests}
            issues.open_issue(issues.DELIVERY, hook.id, _description(hook), details=told)
        if hook.rests:
            job.finish(lease)
        else:
            job.again(lease, delay)
    log.warning("hook.failed", hook=str(hook.id), problem=outcome.problem, failures=hook.failures)


def _description(hook: Hook) -> str:
    """Addresses may hold secrets: only the host is named."""
    told = f"Webhooks to {urlsplit(hook.url).hostname} (hook {hook.id}) are not delivered: {hook.problem}."
    if not hook.rests:
        return f"{told} It is tried again, and nothing is lost meanwhile. Look at the receiver."
    return (
        f"{told} Nothing is sent any more. Once the receiver is well, resume the hook: manage.py webhook resume, or"
        " POST /api/sync/v1/webhooks/{id}/resume. Changes of records are sent from where it stopped."
    )
