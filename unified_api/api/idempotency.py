"""Idempotency-Key: a write that is asked for again within a day is answered again, not carried out again.

The key stands on the journalled write, so it is taken in the transaction that journals. A write that certainly
changed nothing gives its key free: the same request may be tried again with it. One whose outcome is open keeps it.
"""

from __future__ import annotations

import datetime as dt
import time
import uuid
from typing import Any, Final

import orjson
from django.db import transaction
from django.http import HttpRequest

from unified_api.api import bulkhead
from unified_api.api.errors import malformed
from unified_api.api.openapi.schema import Schema
from unified_api.api.outcomes import Outcome
from unified_api.sync import clock, journal
from unified_api.sync.models import Write, WriteState
from unified_api.sync.sealing import keyed_digests

HEADER: Final = "Idempotency-Key"
KEPT: Final = dt.timedelta(hours=24)
#: Seconds that a repeated request waits for the first one, and between looks.
PATIENCE: Final = 10.0
_LOOK: Final = 0.1
_LONGEST: Final = 255
#: Printable ASCII characters, of which HTTP takes away spaces at the ends.
SCHEMA: Final[Schema] = {
    "type": "string",
    "minLength": 1,
    "maxLength": _LONGEST,
    "pattern": "^[!-~]([ -~]*[!-~])?$",
}


def key_of(request: HttpRequest) -> str | None:
    """The key that was sent; raises DRF's ValidationError for one that cannot be kept."""
    key = request.headers.get(HEADER)
    if key is not None and not (0 < len(key) <= _LONGEST and key.isascii() and key.isprintable()):
        raise malformed(HEADER, f"1 to {_LONGEST} printable ASCII characters are expected")
    return key


def digests_of(request: HttpRequest, body: dict[str, Any]) -> tuple[bytes, ...]:
    """What a key is bound to: method, path and body; as it is stored now, then as it was under earlier secret keys."""
    return keyed_digests(request.method, request.path, body)


def earlier(account_id: uuid.UUID, key: str | None, digests: tuple[bytes, ...]) -> Write | None:
    """The write that has the key; raises DRF's ValidationError if it was another request's."""
    if key is None:
        return None
    with transaction.atomic():
        mine = Write.objects.select_for_update().filter(linked_account_id=account_id, idempotency_key=key)
        write: Write | None = mine.first()
        if write is None:
            return None
        if _is_free(write):
            mine.update(idempotency_key=None)
            return None
    if bytes(write.request_digest or b"") not in digests:
        raise malformed(HEADER, "This key was used for another request; take a new one.")
    return write


def _is_free(write: Write) -> bool:
    """Whether its key is: not while its outcome is open, however long, as a second request would write twice."""
    is_old = clock.now() - write.journalled_at > KEPT
    return write.state == WriteState.NOT_APPLIED or (is_old and write.state in journal.FINAL)


def wait_for(write: Write, patience: float = PATIENCE) -> Write:
    """The write when it is settled, or as it stands when patience ends; at once where too many wait already."""
    if write.state in journal.FINAL or not patience:
        return write
    with bulkhead.slot_to_wait() as may_wait:
        ends = time.monotonic() + patience
        while may_wait and write.state not in journal.FINAL and time.monotonic() < ends:
            time.sleep(_LOOK)
            with transaction.atomic():
                write.refresh_from_db()
    return write


def keep(write: Write, outcome: Outcome) -> None:
    """Store the answer of a settled write, to be given again; free the key of one that changed nothing."""
    if write.idempotency_key is None or write.state not in journal.FINAL:
        return
    kept = {"status": outcome.status, "body": outcome.body, "headers": outcome.headers}
    with transaction.atomic():
        mine = Write.objects.filter(id=write.id)
        if write.state == WriteState.NOT_APPLIED:
            mine.update(idempotency_key=None)
        else:
            mine.update(answer=orjson.loads(orjson.dumps(kept)))


def free(write: Write) -> None:
    """Let a request with the key of a write that changed nothing be carried out."""
    with transaction.atomic():
        Write.objects.filter(id=write.id).update(idempotency_key=None, answer=None)


def kept(write: Write) -> Outcome | None:
    """The answer that was stored for a write."""
    return Outcome(**write.answer) if write.answer else None
