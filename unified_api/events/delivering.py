"""The job of a hook: what happened is posted to it, one after the other, in the order in which it happened.

A hook is a reader of the change log as bridges are: its cursor moves once the receiver has taken what stands there. Who
dies between the two posts the same again, under the same id. What cannot be delivered is tried again, ever later, and
nothing is passed over meanwhile: a receiver that is away for hours gets all of it when it is back. One thing alone is
passed over, and told to a person: an event of which Isthmus itself cannot make a message, which would stop all others.
"""

from __future__ import annotations

import time
import uuid
from collections import deque
from collections.abc import Iterator
from functools import partial

from django.db import transaction

from integrations.kit.transport import Way
from tenants.models import LinkedAccount
from unified_api.events import messages, outbox, posting, standing
from unified_api.models.base import common_model
from unified_api.sync import clock, connect, job, unexpected
from unified_api.sync.memory import changes
from unified_api.sync.models_hooks import Hook, Notice


class Delivering:
    """One slice of a hook's deliveries."""

    def __init__(self, lease: job.Lease, hook: Hook, wire: Way) -> None:
        self.lease, self.hook, self.wire = lease, hook, wire
        self._ahead: deque[messages.Next] = deque()
        self._making: messages.Next | None = None

    def go(self, ends: float) -> None:
        """Deliver until nothing is left, something fails, or the slice is over; the job is given back."""
        while (one := self._next()) is not None:
            content = self._content(one)
            if content is not None:
                outcome = self._deliver(content)
                if outcome.problem:
                    standing.failed(self.lease, self.hook, outcome)
                    return
            standing.passed(self.lease, self.hook, one, was_told=content is not None)
            if time.monotonic() >= ends:
                job.go_on(self.lease, queue=job.BACKGROUND)
                return
        standing.caught_up(self.lease, self.hook)

    def broken(self, error: str) -> None:
        """Put an error that nobody expected on record; it goes on to whoever logs it."""
        told = f"an error in Isthmus ({error}); the worker's log has it whole. Please report it"
        standing.failed(self.lease, self.hook, posting.Outcome(told), self._making)

    def _content(self, one: messages.Next) -> bytes | None:
        """What is posted of it; None where it says nothing any more."""
        self._making = one
        message = one.message()
        content = None if message is None else posting.body(self.hook, one.event, one.delivery, message)
        self._making = None
        return content

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

    def _next(self) -> messages.Next | None:
        """A notice, if what stands before it in the log was told; else the next entry that is wanted.

        Or the next stretch, where nothing of it is: each is passed over by itself, so that nobody waits for the job,
        as whoever commits a change does, until the whole log has been looked through.
        """
        with transaction.atomic(durable=True):
            # First the notice: what stands before it can then be read in the log.
            waiting = Notice.objects.filter(hook_id=self.hook.id).order_by("position", "at", "id").first()
            if not self._ahead:
                self._look()
        if waiting is not None and not (self._ahead and self._ahead[0].position <= waiting.position):
            message = partial(messages.of_notice, waiting)
            return messages.Next(waiting.event, self.hook.cursor, waiting.id, message, waiting)
        return self._ahead.popleft() if self._ahead else None

    def _look(self) -> None:
        """Take in a stretch of the log."""
        columns = ("position", "linked_account_id", "model", "kind", "record_id")
        seen = list(changes.stretch(self.hook.cursor, None).values_list(*columns))
        self._ahead.extend(self._wanted(seen))
        if seen and not self._ahead:
            self._ahead.append(messages.Next("", seen[-1][0], self.hook.id, _nothing))

    def _wanted(self, seen: list[tuple[int, uuid.UUID, str, str, uuid.UUID]]) -> Iterator[messages.Next]:
        linked = LinkedAccount.objects.filter(deleted_at=None, is_test=self.hook.is_test)
        known = set(linked.filter(id__in={account for _, account, *_ in seen}).values_list("id", flat=True))
        for position, account, model, kind, record in seen:
            event = outbox.name(common_model(model), outbox.CHANGES[kind])
            if account in known and (not self.hook.events or event in self.hook.events):
                message = partial(messages.of_record, account, model, record)
                yield messages.Next(event, position, uuid.uuid5(self.hook.id, str(position)), message)


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
        with posting.way(hook) as wire:
            delivering = Delivering(lease, hook, wire)
            with unexpected.told(delivering.broken):
                delivering.go(ends)


def _nothing() -> None:
    """What a stretch says of which nothing is wanted."""
