"""Following events: what they name is read again by id, on the ordinary way in.

One job an account works off what waits, the events that failed least first. An event is taken before anything is read,
so that one that comes after the read is another event; it ends once all that it names was read. A worker that is killed
in between leaves it to the next one.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Sequence
from typing import Final

import structlog
from django.db import InterfaceError, OperationalError, transaction

from integrations.kit import errors
from integrations.kit.observation import Observation
from integrations.kit.provider import Resource
from integrations.kit.signatures import Delivery
from integrations.kit.webhooks import Hint, Webhooks
from tenants import secrets
from tenants.models import LinkedAccount
from unified_api import registry
from unified_api.events import addresses
from unified_api.models.base import model_id
from unified_api.sync import by_id, clock, connect, job, store, streams
from unified_api.sync.limit import Purpose
from unified_api.sync.models import Stream
from unified_api.sync.models_webhooks import WebhookEvent
from unified_api.sync.selecting import Selection

log = structlog.get_logger(__name__)
KIND: Final = "webhooks"
#: Somebody has just changed something: before what is read by the clock, behind what somebody waits for.
PRIORITY: Final = 4
#: How long an event is known.
KEPT: Final = dt.timedelta(days=7)
#: Events that are taken at once.
_AT_ONCE: Final = 50
#: How often an event is tried; then the ordinary reading has to find what it told of.
_ATTEMPTS: Final = 8
_DAY: Final = 86_400.0
_CAUSE: Final = store.Cause("read")
_NOT_ITS_FAULT: Final = (
    job.Overtaken,
    errors.NeedsReauthorisation,
    registry.UnknownIntegration,
    OperationalError,
    InterfaceError,
)
PAUSED: Final = "not followed: the account is paused; it reads on from where it stood"


class Following:
    """One slice of an account's events."""

    def __init__(
        self, lease: job.Lease, account: LinkedAccount, webhooks: Webhooks, line: connect.Line
    ) -> None:
        self.lease, self.account, self.webhooks, self.line = lease, account, webhooks, line
        self.selection = Selection.of(account)
        with transaction.atomic():
            streams = Stream.objects.filter(linked_account_id=account.id)
            self.streams: dict[str, Stream] = {stream.model: stream for stream in streams}
            receivers = addresses.receivers_of(account.id)
        self.deaf = {one.event for one in receivers if not one.is_active}

    def go(self, ends: float) -> bool:
        """Follow events until none waits (True) or the slice is over (False)."""
        while time.monotonic() < ends:
            events = self._take()
            if not events:
                return True
            done: dict[Hint, str] = {}
            for event in events:
                if not self._follow(event, done, ends):
                    return False
        return False

    def _take(self) -> list[WebhookEvent]:
        """The events that are next; of one that is sent again from now on, another read follows."""
        with transaction.atomic(durable=True):
            job.hold(self.lease)
            waiting = WebhookEvent.objects.filter(linked_account_id=self.account.id, ended_at=None)
            events = list(waiting.order_by("attempts", "received_at", "id")[:_AT_ONCE])
            fresh = [event.id for event in events if event.taken_at is None]
            WebhookEvent.objects.filter(id__in=fresh).update(taken_at=clock.now())
        return events

    def _follow(self, event: WebhookEvent, done: dict[Hint, str], ends: float) -> bool:
        """Read what an event names, unless that was read since it was taken; False when the slice is over before.

        At least one thing is read: a slice that reads nothing would come again for ever.
        """
        try:
            hints = list(dict.fromkeys(map(self._heard, self._hints(event))))
            for hint in hints:
                if hint not in done:
                    if done and time.monotonic() >= ends:
                        return False
                    done[hint] = self._read(hint)
        except _NOT_ITS_FAULT:
            raise
        except Exception as error:  # also one that nobody expected: others must not wait behind it for ever
            self._failed(event, error)
            raise
        outcomes = list(dict.fromkeys(done[hint] for hint in hints))
        _end(self.lease, [event], "; ".join(outcomes) or "names nothing that is known")
        return True

    def _hints(self, event: WebhookEvent) -> list[Hint]:
        body = secrets.opened(event, "sealed_body").reveal() if event.sealed_body else ""
        return self.webhooks.hints(Delivery(event.headers, body.encode("latin-1")))

    def _heard(self, hint: Hint) -> Hint:
        """What is to be read for a hint: nothing, or a record, whatever happened to it."""
        return Hint("", None, None) if hint.word in self.deaf else hint._replace(word="")

    def _read(self, hint: Hint) -> str:
        """Read a record again; what came of it. Raises RetryLater and what ends the whole slice."""
        if hint.model is None:
            return "names nothing that is listened to"
        name = model_id(hint.model)
        resource, stream = self.line.client.provider.resource(name), self.streams.get(name)
        if (
            resource is None
            or (stream is not None and stream.paused_by)
            or not self.account.may("read", name)
        ):
            return f"{name} is not read"
        if hint.remote_id is None or not resource.can("get"):
            return self._read_list(name, stream)
        return self._read_one(resource, hint.remote_id)

    def _read_one(self, resource: Resource, remote_id: str) -> str:
        try:
            there = by_id.read_one(self.line, resource, remote_id, _CAUSE, self.lease, wanted=self._wanted)
        except (errors.Misconfigured, errors.Forbidden, errors.Rejected) as error:
            return f"not read: {type(error).__name__}"
        return "read again" if there else "gone"

    def _wanted(self, seen: Observation) -> Sequence[Observation]:
        return self.selection.of_record(self.account, seen)

    def _read_list(self, name: str, stream: Stream | None) -> str:
        """Something of a model changed that cannot be asked for: its list is read now."""
        if stream is None:
            return f"{name} is not read"
        with transaction.atomic():
            job.ask(streams.KIND, stream.id, priority=PRIORITY)
        return "its list is read"

    def _failed(self, event: WebhookEvent, error: Exception) -> None:
        event.attempts += 1
        # A provider that is away says nothing about the event: it waits as long as it is known.
        is_away = isinstance(error, errors.RetryLater) and event.received_at > clock.now() - KEPT
        if event.attempts >= _ATTEMPTS and not is_away:
            _end(self.lease, [event], f"given up after {_ATTEMPTS} attempts: {type(error).__name__}")
            return
        with transaction.atomic(durable=True):
            job.hold(self.lease)
            event.save(update_fields=["attempts"])


def work(lease: job.Lease, ends: float) -> None:
    """One slice of the events of the account that the job names."""
    account = _begin(lease)
    webhooks = addresses.webhooks_of(account) if account else None
    if account is None or webhooks is None:
        _rest(lease)
        return
    try:
        with connect.line(account, lease, purpose=Purpose.NEWS) as line:
            over = Following(lease, account, webhooks, line).go(ends)
    except errors.RetryLater as error:
        job.put_off(lease, error.after if error.after is not None else job.backoff(lease.attempts))
        return
    except errors.NeedsReauthorisation as error:
        connect.pause(account, str(error))
        job.put_off(lease, 0.0)  # finds the account paused
        return
    except registry.UnknownIntegration:
        over = True
    if over:
        _rest(lease)
    else:
        job.go_on(lease)


def _begin(lease: job.Lease) -> LinkedAccount | None:
    """The account, if there is something to follow that may be; events of a paused one end here."""
    with transaction.atomic():
        account: LinkedAccount | None = LinkedAccount.objects.filter(
            id=lease.reference, deleted_at=None
        ).first()
        waiting = list(WebhookEvent.objects.filter(linked_account_id=lease.reference, ended_at=None)[:1])
    if account is None or not waiting:
        return None
    if account.status == connect.PAUSED_FOR_RELINK:
        _end_all(lease)
        return None
    return account


def _end_all(lease: job.Lease) -> None:
    while True:
        with transaction.atomic():
            waiting = WebhookEvent.objects.filter(linked_account_id=lease.reference, ended_at=None)
            events = list(waiting.order_by("received_at", "id")[:_AT_ONCE])
        if not events:
            return
        _end(lease, events, PAUSED)


def _end(lease: job.Lease, events: Sequence[WebhookEvent], outcome: str) -> None:
    with transaction.atomic(durable=True):
        job.hold(lease)
        now = clock.now()
        ended = WebhookEvent.objects.filter(id__in=[event.id for event in events])
        ended.update(ended_at=now, outcome=outcome, sealed_body=b"")
        ended.filter(taken_at=None).update(taken_at=now)
    log.info("webhook.followed", outcome=outcome, events=len(events))


def _rest(lease: job.Lease) -> None:
    """Nothing waits: forget what is old, once a day, until nothing is left."""
    with transaction.atomic(durable=True):
        job.hold(lease)
        mine = WebhookEvent.objects.filter(linked_account_id=lease.reference)
        mine.filter(received_at__lt=clock.now() - KEPT).delete()
        if mine.exists():
            job.again(lease, _DAY, usual=9)
        else:
            job.finish(lease)
