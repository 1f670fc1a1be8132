"""Sending what a sandbox has to tell, by a worker: signed, a few times at the most.

The only place where a sandbox calls somebody. The host is never one that was registered: it is this installation's
own, as SANDBOX_URL says it, and of the registered address only the key behind /webhooks/ is used. Redirects are not
followed.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import time
from collections.abc import Sequence
from contextlib import closing
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

import orjson
import requests
import structlog
from django.db import transaction
from django.utils import timezone

from integrations.kit.breaks import Broken
from integrations.kit.guard import Guard
from integrations.kit.transport import SUCCESS, Limits, Wire
from integrations.sandbox.models import SandboxDelivery, SandboxWebhook
from integrations.sandbox.service import announcing
from integrations.sandbox.spelling import spelled
from integrations.sandbox.webhooks import BASE, SCHEME, SIGNATURE, TIMESTAMP
from tenants import secrets
from unified_api.events import addresses
from unified_api.sync import job

log = structlog.get_logger(__name__)
ATTEMPTS: Final = 6
#: How long the second attempt waits; each later one four times as long as the one before.
_AGAIN: Final = dt.timedelta(seconds=2)
_LIMITS: Final = Limits(connect=2.0, read=5.0, total=5.0, body=65_536)
_AT_ONCE: Final = 20
#: Who answers with these is told no more.
_ENDS: Final = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})


def work(lease: job.Lease, ends: float) -> None:
    """Send what is due of the sandbox that the job names."""
    home = addresses.home()
    with closing(_wire(home)) as wire:
        while time.monotonic() < ends and (due := _due(lease)):
            for delivery in due:
                _end(lease, delivery, _send(wire, home, delivery) if home else None)
    _rest(lease)


def _wire(home: str | None) -> Wire:
    """A way to this installation itself, and to no other private address."""
    url = urlsplit(home or "http://localhost")
    port = url.port or (443 if url.scheme == "https" else 80)
    return Wire(Guard().at_home(url.hostname or "", port), _LIMITS)


def _due(lease: job.Lease) -> Sequence[SandboxDelivery]:
    with transaction.atomic():
        mine = SandboxDelivery.objects.filter(sandbox_id=lease.reference, due_at__lte=timezone.now())
        return list(mine.order_by("due_at", "at", "id")[:_AT_ONCE])


def _send(wire: Wire, home: str, delivery: SandboxDelivery) -> int | None:
    """The status of the answer; None without one, or when there is nobody to be told any more."""
    with transaction.atomic():
        webhook = SandboxWebhook.objects.filter(id=delivery.webhook_id).first()
        key = addresses.key_behind(announcing.url_of(webhook)) if webhook else None
        if webhook is None or key is None:
            return HTTPStatus.GONE
        secret = secrets.opened(webhook, "sealed_secret").reveal()
    body, stamp = _body(delivery), str(int(timezone.now().timestamp()))
    signed = f"{secret}, or not" if delivery.is_forged else secret
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Isthmus sandbox",
        TIMESTAMP: stamp,
        SIGNATURE: SCHEME + _digest(signed, BASE.format(timestamp=stamp, body=body.decode())),
    }
    url = f"{home}{addresses.PATH}{key}"
    reply = wire.exchange(requests.Request("POST", url, headers=headers, data=body).prepare())
    return None if isinstance(reply, Broken) else reply.status


def _digest(secret: str, base: str) -> str:
    return hmac.new(secret.encode(), base.encode(), hashlib.sha256).hexdigest()


def _body(delivery: SandboxDelivery) -> bytes:
    told = {
        "id": str(delivery.event_id),
        "what": delivery.what,
        "kind": delivery.kind,
        "object": delivery.name,
        "at": spelled(delivery.at),
    }
    return orjson.dumps(told)


def _end(lease: job.Lease, delivery: SandboxDelivery, status: int | None) -> None:
    """Note what came of an attempt."""
    log.info("sandbox.delivered", status=status, attempt=delivery.attempts + 1)
    with transaction.atomic(durable=True):
        job.hold(lease)
        if status in _ENDS:
            for webhook in SandboxWebhook.objects.filter(id=delivery.webhook_id):
                announcing.forget(webhook)
            SandboxDelivery.objects.filter(webhook_id=delivery.webhook_id).delete()
        elif status in SUCCESS or delivery.attempts + 1 >= ATTEMPTS:
            SandboxDelivery.objects.filter(id=delivery.id).delete()
        else:
            wait = _AGAIN * 4**delivery.attempts
            SandboxDelivery.objects.filter(id=delivery.id).update(
                attempts=delivery.attempts + 1, due_at=timezone.now() + wait
            )


def _rest(lease: job.Lease) -> None:
    """Give the job back until the next delivery is due, if there is one."""
    with transaction.atomic(durable=True):
        job.hold(lease)
        left = SandboxDelivery.objects.filter(sandbox_id=lease.reference).order_by("due_at").first()
        if left is None:
            job.finish(lease)
        else:
            job.again(lease, max(0.0, (left.due_at - timezone.now()).total_seconds()))
