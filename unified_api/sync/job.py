"""Claims on due work: the truth behind every Celery message, which is only a wake-up.

A job is one row per (tenant, kind, reference). It is claimed with SKIP LOCKED under a lease and a fence, a number
that only grows. Every transaction of the work calls `hold`, which renews the lease and raises Overtaken when
somebody else has claimed the job since: a worker that was stopped and wakes can commit nothing. All times are the
database's, the one clock that the workers share.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any, Final

import structlog
from django.db import connection, transaction
from kombu.exceptions import OperationalError

from tenants.scope import current_tenant

log = structlog.get_logger(__name__)

BACKGROUND: Final = "background"
INTERACTIVE: Final = "interactive"
#: Seconds that a claim lasts without being renewed; longer than the longest provider call (kit: total time-out).
LEASE: Final = 90
#: Jobs of one tenant that may run at once, so that the others find free threads.
MOST_PER_TENANT: Final = 8


class Overtaken(Exception):
    """Another worker holds the job now; nothing of this one's transaction may be kept."""


@dataclass(frozen=True)
class Lease:
    """A claimed job."""

    id: uuid.UUID
    tenant_id: uuid.UUID
    kind: str
    reference: uuid.UUID
    queue: str
    asked: int
    fence: int
    attempts: int


_ASK = """
    INSERT INTO sync_job (id, tenant_id, kind, reference, queue, priority, due_at, asked, fence, attempts)
    VALUES (%s, %s, %s, %s, %s, %s, clock_timestamp() + %s, 1, 0, 0)
    ON CONFLICT (tenant_id, kind, reference) DO UPDATE SET
        due_at = least(sync_job.due_at, excluded.due_at),
        priority = least(sync_job.priority, excluded.priority),
        asked = sync_job.asked + 1
"""
_CLAIM = """
    UPDATE sync_job SET
        leased_until = clock_timestamp() + %(lease)s, fence = nextval('sync_fence'), attempts = attempts + 1
    WHERE id = (
        SELECT id FROM sync_job j
        WHERE {which} AND (leased_until IS NULL OR leased_until < clock_timestamp())
        ORDER BY priority, due_at LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    RETURNING id, tenant_id, kind, reference, queue, asked, fence, attempts
"""
_NEXT_DUE = """
    queue = %(queue)s AND due_at <= clock_timestamp() AND tenant_id NOT IN (
        SELECT tenant_id FROM sync_job WHERE leased_until > clock_timestamp()
        GROUP BY tenant_id HAVING count(*) >= %(most)s
    )
"""
_THIS_ONE = "tenant_id = %(tenant)s AND kind = %(kind)s AND reference = %(reference)s"
_HOLD = "UPDATE sync_job SET leased_until = clock_timestamp() + %s WHERE id = %s AND fence = %s"
_FINISH = "DELETE FROM sync_job WHERE id = %s AND fence = %s AND asked = %s"
_RELEASE = """
    UPDATE sync_job SET leased_until = NULL, attempts = %s,
        due_at = CASE WHEN asked > %s THEN clock_timestamp() ELSE clock_timestamp() + %s END
    WHERE id = %s AND fence = %s
"""


def ask(
    kind: str, reference: uuid.UUID, *, queue: str = BACKGROUND, priority: int = 5, delay: float = 0.0
) -> None:
    """Have work of the tenant in scope done, `delay` seconds from now at the earliest; asking twice is one job."""
    values: list[Any] = [
        uuid.uuid4(),
        current_tenant(),
        kind,
        reference,
        queue,
        priority,
        dt.timedelta(seconds=delay),
    ]
    with connection.cursor() as cursor:
        cursor.execute(_ASK, values)
    if delay <= 0:
        transaction.on_commit(lambda: wake(queue))


def wake(queue: str, count: int = 1) -> None:
    """Tell the workers of a queue that something is due. A lost broker delays only: the tick tells them again."""
    from unified_api.sync.tasks import work

    try:
        for _ in range(count):
            work.apply_async(args=(queue,), queue=queue, expires=60, retry=False)
    except (OperationalError, OSError) as error:
        log.warning("broker.unreachable", queue=queue, error=type(error).__name__)


def claim_next(queue: str) -> Lease | None:
    """The most urgent due job of a queue, across tenants."""
    return _claim(_NEXT_DUE, {"queue": queue, "most": MOST_PER_TENANT})


def claim(kind: str, reference: uuid.UUID) -> Lease | None:
    """This job of the tenant in scope, due or not; None while somebody else holds it, or if there is none."""
    return _claim(_THIS_ONE, {"tenant": current_tenant(), "kind": kind, "reference": reference})


def _claim(which: str, values: dict[str, Any]) -> Lease | None:
    all_values: dict[str, Any] = {**values, "lease": dt.timedelta(seconds=LEASE)}
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM.format(which=which), all_values)
        row = cursor.fetchone()
    return Lease(*row) if row else None


def hold(lease: Lease) -> None:
    """Renew the lease within the transaction that is open; raises Overtaken when another worker has the job."""
    values: list[Any] = [dt.timedelta(seconds=LEASE), lease.id, lease.fence]
    with connection.cursor() as cursor:
        cursor.execute(_HOLD, values)
        if cursor.rowcount != 1:
            message = f"{lease.kind} {lease.reference} is held by another worker"
            raise Overtaken(message)


def finish(lease: Lease) -> None:
    """Strike the job out; one that was asked for again meanwhile is due at once instead."""
    with connection.cursor() as cursor:
        cursor.execute(_FINISH, [lease.id, lease.fence, lease.asked])
        if cursor.rowcount == 0:
            _release(lease, 0, lease.asked, 0.0)


def again(lease: Lease, delay: float) -> None:
    """Give the job back, to go on `delay` seconds from now, or at once if it was asked for meanwhile."""
    _release(lease, 0, lease.asked, delay)


def put_off(lease: Lease, delay: float) -> None:
    """The same after a failure; the attempts are kept."""
    _release(lease, lease.attempts, lease.asked, delay)


def backoff(attempts: int) -> float:
    """Seconds to wait after this many attempts that failed for an unknown reason: 2, 4, 8 … 600."""
    return float(min(2 ** min(attempts, 10), 600))


def _release(lease: Lease, attempts: int, asked: int, delay: float) -> None:
    values: list[Any] = [attempts, asked, dt.timedelta(seconds=delay), lease.id, lease.fence]
    with connection.cursor() as cursor:
        cursor.execute(_RELEASE, values)


def forget(kind: str, reference: uuid.UUID) -> None:
    """Strike out a job of the tenant in scope whoever holds it; its holder is overtaken."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM sync_job WHERE tenant_id = %s AND kind = %s AND reference = %s",
            [current_tenant(), kind, reference],
        )


def due() -> dict[str, int]:
    """How many jobs of each queue are due and in nobody's hands."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT queue, count(*) FROM sync_job WHERE due_at <= clock_timestamp()"
            " AND (leased_until IS NULL OR leased_until < clock_timestamp()) GROUP BY queue"
        )
        return dict(cursor.fetchall())
