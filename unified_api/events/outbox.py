"""What hooks are to be told beside changes of records: noted in the transaction in which it happens.

A change of a record is in the change log, and stands nowhere else.
"""

from __future__ import annotations

import uuid
from typing import Any, Final

import orjson
from django.db import connection, transaction
from django.db.models import Q

from tenants.scope import current_tenant
from unified_api.models.base import CommonModel, common_model, common_models
from unified_api.sync import clock, job
from unified_api.sync.models import Stream
from unified_api.sync.models_hooks import Hook

LINKED: Final = "LinkedAccount.linked"
SYNCED: Final = "LinkedAccount.sync_completed"
DELETED: Final = "LinkedAccount.deleted"
ISSUE_NEW: Final = "Issue.new"
ISSUE_REOPENED: Final = "Issue.reopened"
ISSUE_MUTED: Final = "Issue.muted"
ISSUE_RESOLVED: Final = "Issue.resolved"
PASSTHROUGH: Final = "AsyncPassthrough.resolved"
_OF_NO_MODEL: Final = (
    LINKED, SYNCED, DELETED, ISSUE_NEW, ISSUE_REOPENED, ISSUE_MUTED, ISSUE_RESOLVED, PASSTHROUGH
)  # fmt: skip
#: What a kind of change is called here. What is restored is there again.
CHANGES: Final = {"created": "added", "restored": "added", "updated": "changed", "deleted": "removed"}

#: A notice for each hook that wants it, none of which goes meanwhile. What is of no account is told as of production.
_NOTE: Final = """
    INSERT INTO sync_notice (id, tenant_id, hook_id, event, subject, linked_account_id, details, position, at)
    SELECT gen_random_uuid(), tenant_id, id, %(event)s, %(subject)s, %(account)s, %(details)s::jsonb,
        coalesce((SELECT position FROM sync_feedhead WHERE tenant_id = %(tenant)s), 0), clock_timestamp()
    FROM sync_hook
    WHERE tenant_id = %(tenant)s AND NOT rests AND (events = '{}' OR %(event)s = ANY(events)) AND is_test = coalesce(
        (SELECT is_test FROM tenants_linkedaccount WHERE tenant_id = %(tenant)s AND id = %(of)s), false)
    FOR KEY SHARE OF sync_hook
"""


def events() -> list[str]:
    """The names of all events, in the words of the wire contract."""
    words = ("synced", *dict.fromkeys(CHANGES.values()))
    return [*_OF_NO_MODEL, *(name(model, word) for model in common_models() for word in words)]


def name(model: type[CommonModel], word: str) -> str:
    """The event of a common model."""
    return f"{model.wire.public or model.__name__}.{word}"


def tell(
    event: str,
    subject: uuid.UUID,
    *,
    of: uuid.UUID | None,
    is_kept: bool = False,
    details: dict[str, Any] | None = None,
) -> None:
    """Note for all hooks that want it that something happens, in the open transaction; one statement.

    of: the linked account that it tells of, with which it is erased, unless it is kept.
    """
    values: dict[str, Any] = {
        "tenant": current_tenant(),
        "event": event,
        "subject": subject,
        "of": of,
        "account": None if is_kept else of,
        "details": orjson.dumps(details or {}).decode(),
    }
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, values)
        if cursor.rowcount:
            stir_after_commit()


def tell_of_run(stream: Stream, *, is_first: bool, is_new: bool) -> None:
    """A run of a stream has ended, in the open transaction, which has taken the feed's mark: so others wait for it.

    A run that brought nothing new is not told. The account's sync is complete when nothing of it is being read any
    more; its first one, when nothing is being read for the first time. What is still to be told of the stream then is
    left in it, for the caller to save; where there are no hooks, that is nothing.
    """
    if not Hook.objects.exists():
        stream.untold = False
        return
    stream.untold = stream.untold or is_new
    if is_new:
        tell(name(common_model(stream.model), "synced"), stream.id, of=stream.linked_account_id)
    others = Stream.objects.filter(linked_account_id=stream.linked_account_id).exclude(id=stream.id)
    reading = others.filter(status="SYNCING")
    if (reading.filter(is_initial=True) if is_first else reading).exists():
        return
    # One that somebody holds may wait for the feed's mark: it is left to the run that ends next.
    free = others.filter(untold=True).select_for_update(skip_locked=True)
    waiting = list(free.values_list("id", flat=True))
    if stream.untold or waiting:
        stream.untold = False
        others.filter(id__in=waiting).update(untold=False)
        tell(SYNCED, stream.linked_account_id, of=stream.linked_account_id, details={"is_first": is_first})


def stir_after_commit() -> None:
    """Have hooks told once the open transaction is committed. A stir that is lost delays only: they look by then."""
    if not any(act is stir for _, act, *_ in connection.run_on_commit):
        transaction.on_commit(stir)


def stir() -> None:
    """Have the hooks told that are not known to fail just now, in a transaction of its own."""
    with transaction.atomic():
        well = Hook.objects.filter(Q(retry_at=None) | Q(retry_at__lte=clock.now()), rests=False)
        for hook_id in well.order_by("id").values_list("id", flat=True):
            job.ask(job.DELIVERY, hook_id)
