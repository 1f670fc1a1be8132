"""One message to a hook: signed, posted to an address that the operator's guard allows, never redirected."""

from __future__ import annotations

import base64
import hashlib
import hmac
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
import requests

from integrations.kit.breaks import Broken
from integrations.kit.guard import Blocked, Guard, Target, resolve
from integrations.kit.transport import SUCCESS, Limits, Way
from tenants import secrets
from tenants.vault import Secret, VaultError
from unified_api.events.messages import Message
from unified_api.sync import connect
from unified_api.sync.models_hooks import Hook

SIGNATURE: Final = "X-Merge-Webhook-Signature"
#: The whole exchange may take so long; what a receiver says is not read, so there need not be much of it.
LIMITS: Final = Limits(connect=5.0, read=10.0, total=10.0, body=1024 * 1024)
#: Seconds before each further try of what may just be restarting.
QUICK: Final = (1.0, 2.0)
_LOST: Final = "its secret was lost with a master key; remove it, and add it anew"


@dataclass(frozen=True)
class Outcome:
    """What came of a message. problem: why it was not delivered; empty if it was. is_over: it never will be."""

    problem: str = ""
    status: int | None = None
    is_passing: bool = False
    is_over: bool = False


@contextmanager
def way(hook: Hook) -> Iterator[Way]:
    """Connections to one hook, closed at the end of the block."""
    guard = connect.guard()
    is_clear = urlsplit(hook.url).scheme == "http"
    opened = connect.OUTSIDE.wire(replace(guard, resolve=_inside) if is_clear else guard, LIMITS)
    try:
        yield opened
    finally:
        opened.close()


def body(hook: Hook, event: str, delivery: uuid.UUID, message: Message) -> bytes:
    """What is posted. delivery: the same whenever the same is posted again, so that receivers know it."""
    about, data = message
    named = {"id": str(hook.id), "event": event, "target": hook.url, "delivery_id": str(delivery)}
    return orjson.dumps({"hook": named, "linked_account": about, "data": data}, option=orjson.OPT_UTC_Z)


def signature(secret: Secret, content: bytes) -> str:
    """HMAC-SHA256 of the body, in base64url, as the wire contract has it."""
    digest = hmac.new(secret.reveal().encode(), content, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode()


def post(wire: Way, hook: Hook, content: bytes) -> Outcome:
    """Post once. Outside of transactions."""
    if not hook.sealed_secret:
        return Outcome(_LOST, is_over=True)
    try:
        signed = signature(secrets.opened(hook, "sealed_secret"), content)
    except VaultError as error:
        return Outcome(f"its secret cannot be opened: {error}")
    headers = {"Content-Type": "application/json", "User-Agent": "Isthmus", SIGNATURE: signed}
    try:
        request = requests.Request("POST", hook.url, data=content, headers=headers).prepare()
    except (requests.RequestException, ValueError):
        return Outcome("its address is malformed")
    return _told(wire.exchange(request))


def _inside(host: str, port: int) -> list[Target]:
    """The addresses of a host that are no part of the open internet, on which nothing is sent in clear."""
    found = resolve(host, port)
    inside = [target for target in found if not Guard().allows(str(target[1][0]))]
    if found and not inside:
        raise Blocked(f"{host} is an address on the open internet, where only https:// is called")
    return inside


def _told(reply: Any) -> Outcome:
    if isinstance(reply, Broken):
        return Outcome(reply.reason, is_passing=not reply.hopeless)
    status = reply.status
    if status in SUCCESS:
        return Outcome(status=status)
    if status == HTTPStatus.GONE:
        return Outcome("the receiver answers 410: it wants nothing any more", status, is_over=True)
    return Outcome(
        f"the receiver answers {status}", status, is_passing=status >= HTTPStatus.INTERNAL_SERVER_ERROR
    )
