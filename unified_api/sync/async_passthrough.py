"""Asynchronous passthrough: a call that a worker makes, and whose answer is fetched with a receipt.

A call that may have left is never made again, unless it only reads: nobody knows what became of it, and that is the
answer then.
"""

from __future__ import annotations

import base64
import datetime as dt
import uuid
from typing import Any, Final

import orjson
from django.db import transaction

from integrations.kit import errors
from integrations.kit.http import Request
from tenants import secrets
from tenants.models import LinkedAccount
from tenants.vault import Secret
from unified_api import registry
from unified_api.events import outbox
from unified_api.sync import clock, job, passthrough
from unified_api.sync.models_account import AsyncPassthrough

KIND: Final = "passthrough"
#: How long an answer can be fetched.
KEPT: Final = dt.timedelta(days=7)
#: How often a provider that wants to be asked later is asked.
_ATTEMPTS: Final = 8
#: Statuses of calls that were not made: the provider could not take it; it cannot be made at all.
_LATER, _NEVER = 503, 502


def enter(
    account: LinkedAccount, receipt: uuid.UUID, call: Request, base: str | None, *, normalized: bool
) -> None:
    """Have a call made, within the transaction that is open; raises IntegrityError if the receipt is another call's."""
    now = clock.now()
    AsyncPassthrough.objects.filter(linked_account_id=account.id, created_at__lt=now - KEPT).delete()
    made = AsyncPassthrough(id=receipt, linked_account_id=account.id, created_at=now)
    body = None if call.body is None else base64.b64encode(call.body).decode()
    told = {"method": call.method, "path": call.path, "headers": dict(call.headers), "body": body}
    _seal(made, "sealed_request", {**told, "base": base, "normalized": normalized})
    made.save(force_insert=True)
    job.ask(KIND, receipt, priority=3)


def answer_of(account: LinkedAccount, receipt: uuid.UUID) -> dict[str, Any] | None:
    """What came of a call, in the form of `passthrough.perform` with method and path; None until it is known.

    Raises LookupError for a receipt that is not the account's.
    """
    made = AsyncPassthrough.objects.filter(id=receipt, linked_account_id=account.id).first()
    if made is None:
        raise LookupError("This linked account has no such receipt, or its answer was kept long enough.")
    return None if made.finished_at is None else _opened(made, "sealed_answer")


def work(lease: job.Lease, ends: float) -> None:  # noqa: ARG001 - one call is one slice
    """Make the call that the job names."""
    begun = _begin(lease)
    if begun is None:
        job.finish(lease)
        return
    made, account, told = begun
    call = _call(told)
    if made.sent_at is not None and call.method not in passthrough.SAFE:
        _end(made, lease, told, passthrough.nothing("The worker that made the call was stopped"))
        return
    try:
        with passthrough.line(account, lease) as way:
            _mark(made, lease)
            shown = passthrough.perform(way, call, told["base"])
    except errors.RetryLater as error:
        if lease.attempts < _ATTEMPTS:
            _put_off(made, lease, error)
            return
        shown = _not_made(error, _LATER)
    except (errors.ProviderError, registry.UnknownIntegration, passthrough.NoServer) as error:
        shown = _not_made(error, _NEVER)
    _end(made, lease, told, shown)


def _begin(lease: job.Lease) -> tuple[AsyncPassthrough, LinkedAccount, dict[str, Any]] | None:
    with transaction.atomic():
        made = AsyncPassthrough.objects.filter(id=lease.reference, finished_at=None).first()
        if made is None:
            return None
        account = LinkedAccount.objects.filter(id=made.linked_account_id, deleted_at=None).first()
        return (made, account, _opened(made, "sealed_request")) if account else None


def _mark(made: AsyncPassthrough, lease: job.Lease) -> None:
    """Commit that the call leaves now."""
    with transaction.atomic(durable=True):
        job.hold(lease)
        made.sent_at = clock.now()
        made.save(update_fields=["sent_at"])


def _put_off(made: AsyncPassthrough, lease: job.Lease, error: errors.RetryLater) -> None:
    """Nothing was done: the same call can be made later."""
    with transaction.atomic(durable=True):
        job.hold(lease)
        made.sent_at = None
        made.save(update_fields=["sent_at"])
        job.put_off(lease, error.after if error.after is not None else job.backoff(lease.attempts))


def _end(made: AsyncPassthrough, lease: job.Lease, told: dict[str, Any], shown: dict[str, Any]) -> None:
    answer = {"method": told["method"], "path": told["path"], **shown}
    if told["normalized"]:
        answer["response"] = normalized(answer["response"])
    with transaction.atomic(durable=True):
        job.hold(lease)
        _seal(made, "sealed_answer", answer)
        made.finished_at, made.sealed_request = clock.now(), b""
        made.save(update_fields=["sealed_answer", "sealed_request", "finished_at"])
        outbox.tell(outbox.PASSTHROUGH, made.id, of=made.linked_account_id)
        job.finish(lease)


def normalized(response: Any) -> dict[str, Any]:
    """A response beside its type."""
    kinds = {bool: "boolean", int: "number", float: "number", str: "string", list: "array", dict: "object"}
    return {"type": kinds.get(type(response), "null"), "value": response}


def _not_made(error: Exception, status: int) -> dict[str, Any]:
    return {**passthrough.nothing("", status), "response": {"detail": f"The call was not made: {error}"}}


def _call(told: dict[str, Any]) -> Request:
    body = None if told["body"] is None else base64.b64decode(told["body"])
    return Request(told["method"], told["path"], body=body, headers=told["headers"])


def _seal(made: AsyncPassthrough, column: str, told: dict[str, Any]) -> None:
    secrets.put(Secret(orjson.dumps(told).decode()), made, column)


def _opened(made: AsyncPassthrough, column: str) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(secrets.opened(made, column).reveal())
    return found
