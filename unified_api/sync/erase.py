"""Erasing, in bounded slices, what was mirrored from a linked account that was deleted, or what a bridge knew."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from typing import Any, Final

from django.db import connection, models, transaction
from django.db.models import Q
from psycopg import sql

from tenants import audit, door
from tenants.events import EventType
from tenants.scope import current_tenant
from unified_api.models.base import common_models
from unified_api.sync import job, limit
from unified_api.sync.models import (
    Change,
    FieldMapping,
    Identity,
    Merged,
    RemoteData,
    Run,
    SetAside,
    Sighting,
    Stream,
    Throttle,
    Write,
)
from unified_api.sync.models_account import (
    AsyncPassthrough,
    Ignored,
    ImportedPart,
    SyncCondition,
    WebhookReceiver,
)
from unified_api.sync.models_bridge import Bridge, BridgeVersion, Conflict, Overruled, Pair, PairKey
from unified_api.sync.models_fields import RemoteFieldClass
from unified_api.sync.models_hooks import Notice
from unified_api.sync.models_plan import Plan, PlanItem
from unified_api.sync.models_watch import DriftAudit, Issue
from unified_api.sync.models_webhooks import WebhookAddress, WebhookEvent

KIND: Final = "erase"
#: Of one bridge, whose row is gone already.
BRIDGE: Final = "erase bridge"
#: Rows that one transaction erases.
AT_ONCE: Final = 5_000

#: Rows are found by their place, as not every table has an index on `id`. A row that moves meanwhile is found again.
_ERASE = sql.SQL(
    "DELETE FROM {table} WHERE tenant_id = %(tenant)s AND ctid = ANY(ARRAY("
    "SELECT ctid FROM {table} WHERE tenant_id = %(tenant)s AND {where} LIMIT %(most)s))"
)
_OF_ACCOUNT = sql.SQL("linked_account_id = %(reference)s")
_IS_HOLDER = sql.SQL("holder_id = ANY(%(holders)s)")
_OF_STREAM = sql.SQL("stream_id IN (SELECT id FROM sync_stream WHERE linked_account_id = %(reference)s)")
_IS_BRIDGE = sql.SQL("(account_a = %(reference)s OR account_b = %(reference)s)")
_OF_BRIDGE = sql.SQL(
    "bridge_id IN (SELECT id FROM sync_bridge WHERE account_a = %(reference)s OR account_b = %(reference)s)"
)
_OF_PLAN = sql.SQL(
    "plan_id IN (SELECT p.id FROM sync_plan p JOIN sync_bridge b ON b.tenant_id = p.tenant_id AND b.id = p.bridge_id"
    " WHERE account_a = %(reference)s OR account_b = %(reference)s)"
)
_OF_ENDED = sql.SQL("bridge_id = %(reference)s")
_OF_ENDED_PLAN = sql.SQL(
    "plan_id IN (SELECT id FROM sync_plan WHERE tenant_id = %(tenant)s AND bridge_id = %(reference)s)"
)
_OF_SWEEP = sql.SQL(
    "sweep_id IN (SELECT (sweep->>'id')::uuid FROM sync_stream WHERE linked_account_id = %(reference)s)"
)


def begin(linked_account_id: uuid.UUID) -> None:
    """Stop everything that works for the account and have its data erased; within the transaction that deletes it."""
    from unified_api.events import outbox

    outbox.tell(outbox.DELETED, linked_account_id, of=linked_account_id, is_kept=True)
    for stream in Stream.objects.filter(linked_account_id=linked_account_id):
        job.forget("pull", stream.id)
    for call in AsyncPassthrough.objects.filter(linked_account_id=linked_account_id, finished_at=None):
        job.forget("passthrough", call.id)
    for write in Write.objects.filter(linked_account_id=linked_account_id, finished_at=None):
        job.forget("write", write.id)
    for bridge in Bridge.objects.filter(Q(account_a=linked_account_id) | Q(account_b=linked_account_id)):
        job.forget("bridge", bridge.id)
        job.forget("drift", bridge.id)
        door.close_doors(bridge.id)
    for kind in ("webhooks", "webhook subscription", "oauth renewal", "oauth end"):
        job.forget(kind, linked_account_id)
    job.ask(KIND, linked_account_id)


def begin_bridge(bridge_id: uuid.UUID) -> None:
    """Have erased what a bridge knew that has ended, within the transaction that ends it."""
    job.ask(BRIDGE, bridge_id)


def work(lease: job.Lease, ends: float) -> None:
    """One slice of the erasure of an account."""
    if not _erase(lease, ends, _tables()):
        job.go_on(lease)
        return
    with transaction.atomic(durable=True):
        job.hold(lease)
        event_type = EventType.DELETED_ALL_COMMON_MODELS_FOR_LINKED_ACCOUNT
        audit.record("account.erased", subject=str(lease.reference), event_type=event_type)
        job.finish(lease)


def work_bridge(lease: job.Lease, ends: float) -> None:
    """One slice of that of a bridge."""
    if _erase(lease, ends, _of_bridges(_OF_ENDED, _OF_ENDED_PLAN)):
        job.finish(lease)
    else:
        job.go_on(lease)


def _erase(lease: job.Lease, ends: float, tables: Sequence[tuple[type[models.Model], sql.SQL]]) -> bool:
    """Whether all is gone, before it was time to stop."""
    for model, where in tables:
        while _erase_some(lease, model, where) == AT_ONCE:
            if time.monotonic() > ends:
                return False
    return True


def _tables() -> list[tuple[type[models.Model], sql.SQL]]:
    """What is erased by which condition; what a condition looks at goes last."""
    owned: list[type[models.Model]] = [
        *common_models(),
        AsyncPassthrough,
        Change,
        FieldMapping,
        Identity,
        Ignored,
        ImportedPart,
        Merged,
        Notice,
        RemoteData,
        RemoteFieldClass,
        SyncCondition,
        WebhookReceiver,
        Write,
        Issue,
        WebhookAddress,
        WebhookEvent,
    ]
    return [
        (Sighting, _OF_SWEEP),
        (SetAside, _OF_STREAM),
        (Run, _OF_STREAM),
        *((model, _OF_ACCOUNT) for model in owned),
        (Throttle, _IS_HOLDER),
        (Stream, _OF_ACCOUNT),
        *_of_bridges(_OF_BRIDGE, _OF_PLAN),
        (Bridge, _IS_BRIDGE),
    ]


def _of_bridges(bridge: sql.SQL, plan: sql.SQL) -> list[tuple[type[models.Model], sql.SQL]]:
    """What belongs to bridges, and to their plans."""
    owned = (Plan, Conflict, Overruled, DriftAudit, Issue, BridgeVersion, PairKey, Pair)
    return [(PlanItem, plan), *((model, bridge) for model in owned)]


def _erase_some(lease: job.Lease, model: type[models.Model], where: sql.SQL) -> int:
    statement = _ERASE.format(table=sql.Identifier(model._meta.db_table), where=where)
    values: dict[str, Any] = {"tenant": current_tenant(), "reference": lease.reference, "most": AT_ONCE}
    values["holders"] = limit.holders_of(lease.reference)
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        job.hold(lease)
        cursor.execute(statement, values)
        return int(cursor.rowcount)
