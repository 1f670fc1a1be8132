"""Webhooks of a sandbox: who is told, and what is to be told. In the open transaction, like the changes themselves.

Addresses are those of this installation alone, so that a sandbox is no way to send requests anywhere else: what is
registered has to be one at which webhooks of a linked account arrive, see `delivering` for where they are sent.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from typing import Any, Final

from django.utils import timezone

from integrations.sandbox.models import Sandbox, SandboxDelivery, SandboxWebhook
from integrations.sandbox.service import behaviour
from integrations.sandbox.service.errors import invalid, unknown
from tenants import secrets
from tenants.vault import Secret
from unified_api.events import addresses
from unified_api.sync import job

KIND: Final = "sandbox webhooks"
#: Addresses of one sandbox; deliveries that wait for one of them; characters of a secret.
MOST: Final = 5
_MOST_WAITING: Final = 1_000
_SECRETS: Final = range(16, 200)
#: How long a delivery is held that others are to overtake.
_HELD: Final = dt.timedelta(seconds=2)


def register(sandbox: Sandbox, told: dict[str, Any]) -> SandboxWebhook:
    """Tell an address of every change from now on; raises Refused."""
    url, secret = _understood(told)
    mine = SandboxWebhook.objects.filter(sandbox_id=sandbox.id)
    for known in mine:
        if url_of(known) == url:
            forget(known)
    if mine.all().count() >= MOST:
        raise invalid({"url": f"there are {MOST} webhooks already; delete one"})
    made = SandboxWebhook(sandbox_id=sandbox.id, created_at=timezone.now())
    secrets.put(Secret(url), made, "sealed_url")
    secrets.put(Secret(secret), made, "sealed_secret")
    made.save(force_insert=True)
    return made


def _understood(told: dict[str, Any]) -> tuple[str, str]:
    faults = {name: "is unknown; known are url and secret" for name in told if name not in {"url", "secret"}}
    url, secret = told.get("url"), told.get("secret")
    if not isinstance(url, str) or addresses.key_in(url) is None:
        faults["url"] = "is no address of this installation at which webhooks of a linked account arrive"
    if not isinstance(secret, str) or len(secret) not in _SECRETS or not secret.isascii():
        faults["secret"] = f"a text of {_SECRETS.start} to {_SECRETS.stop - 1} ASCII characters is due"
    if faults:
        raise invalid(faults)
    return str(url), str(secret)


def url_of(webhook: SandboxWebhook) -> str:
    """The address that is told."""
    return secrets.opened(webhook, "sealed_url").reveal()


def one(sandbox: Sandbox, webhook_id: str) -> SandboxWebhook:
    """The webhook of an id; raises Refused."""
    mine: dict[str, SandboxWebhook] = {
        str(each.id): each for each in SandboxWebhook.objects.filter(sandbox_id=sandbox.id)
    }
    if webhook_id not in mine:
        raise unknown("webhook", webhook_id)
    return mine[webhook_id]


def forget(webhook: SandboxWebhook) -> None:
    """Tell an address no more."""
    SandboxDelivery.objects.filter(webhook_id=webhook.id).delete()
    webhook.delete()


def forget_all(sandbox: Sandbox) -> None:
    """Tell nobody. The job goes first: who delivers takes it before it strikes out what was delivered."""
    job.forget(KIND, sandbox.id)
    SandboxDelivery.objects.filter(sandbox_id=sandbox.id).delete()
    SandboxWebhook.objects.filter(sandbox_id=sandbox.id).delete()


def announce(sandbox: Sandbox, what: str, objects: Iterable[tuple[str, str]]) -> None:
    """Something happened to objects (kind, id) of a sandbox, which is held."""
    hooks = list(SandboxWebhook.objects.filter(sandbox_id=sandbox.id).order_by("id"))
    waiting = SandboxDelivery.objects.filter(sandbox_id=sandbox.id)
    if not hooks or waiting[_MOST_WAITING : _MOST_WAITING + 1].exists():
        return
    now = timezone.now()
    made = [
        delivery
        for kind, name in objects
        for hook in hooks
        for delivery in _told(sandbox, hook, {"what": what, "kind": kind, "name": name, "at": now})
    ]
    SandboxDelivery.objects.bulk_create(made)
    sandbox.save(update_fields=["counters"])
    if made:
        job.ask(KIND, sandbox.id, priority=4)


def _told(sandbox: Sandbox, hook: SandboxWebhook, event: dict[str, Any]) -> list[SandboxDelivery]:
    """The deliveries of one event to one address: one, unless the sandbox behaves badly."""
    if behaviour.strikes(sandbox, "lostWebhook"):
        return []
    times = 2 if behaviour.strikes(sandbox, "doubledWebhook") else 1
    about = {
        "sandbox_id": sandbox.id,
        "webhook_id": hook.id,
        "event_id": uuid.uuid4(),
        "due_at": event["at"] + (_HELD if behaviour.is_overtaken(sandbox) else dt.timedelta()),
        "is_forged": behaviour.strikes(sandbox, "forgedWebhook"),
    }
    return [SandboxDelivery(**about, **event) for _ in range(times)]
