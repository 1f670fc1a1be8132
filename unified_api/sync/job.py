"""Claims on due work: the truth behind every Celery message, which is only a wake-up.

A job is one row per (tenant, kind, reference). It is claimed with SKIP LOCKED under a lease and a fence, a number
that only grows. Every transaction of the work calls `hold`, which renews the lease and raises Overtaken when
somebody else has claimed the job since: a worker that was stopped and wakes can commit nothing. All times are the
database's, the one clock that the workers share.

Work that takes long goes on in a queue, and so in a process, of its own: what begins is not behind it, nor beside it
in one interpreter. What rests comes back from there.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import structlog
from django.db import connection, transaction
from kombu.exceptions import OperationalError
from kombu.transport.virtual import Channel

from tenants.scope import current_tenant

log = structlog.get_logger(__name__)

BACKGROUND: Final = "background"
INTERACTIVE: Final = "interactive"
#: What did not end within its first slice: loads, first rounds of bridges, erasures.
BULK: Final = "bulk"
QUEUES: Final = (INTERACTIVE, BACKGROUND, BULK)
#: Priorities go from 0, the most urgent, to 9; what nobody waits for has this one.
USUAL: Final = 5
#: Seconds that a claim lasts without being renewed; longer than the longest provider call (kit: total time-out).
LEASE: Final = 90
#: Jobs of one tenant that may run at once, so that the others find free threads.
MOST_PER_TENANT: Final = 8
#: The kind of jobs that deliver to hooks. These wait for receivers of which nobody knows how slow they are: so many at
#: once, whosever they are, that what reads and writes finds free threads; fewer of one tenant, so that its slow
#: receivers do not hold up all others'. None counts among its tenant's others, nor waits for these.
DELIVERY: Final = "delivery"
MOST_DELIVERIES: Final = 4
MOST_DELIVERIES_PER_TENANT: Final = 2
#: Wake-ups that one transaction, or one tick, sends to a queue at the most: as many as a worker has threads.
MOST_WAKE_UPS: Final = 16
#: Wake-ups that wait in a queue from which on the tick adds none.
ENOUGH: Final = 5 * MOST_WAKE_UPS


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
    failures: int


_ASK = """
    WITH known AS (
        SELECT due_at FROM sync_job WHERE tenant_id = %(tenant)s AND kind = %(kind)s AND reference = %(reference)s
    )
    INSERT INTO sync_job (id, tenant_id, kind, reference, queue, priority, due_at, asked, fence, attempts)
    VALUES (
        %(id)s, %(tenant)s, %(kind)s, %(reference)s, %(queue)s, %(priority)s, clock_timestamp() + %(delay)s, 1, 0, 0
    )
    ON CONFLICT (tenant_id, kind, reference) DO UPDATE SET
        due_at = least(sync_job.due_at, excluded.due_at),
        priority = least(sync_job.priority, excluded.priority),
        asked = sync_job.asked + 1
    RETURNING EXISTS (SELECT FROM known WHERE due_at <= statement_timestamp())
"""
_CLAIM = """
    UPDATE sync_job SET
        leased_until = clock_timestamp() + %(lease)s, held = true, fence = nextval('sync_fence'),
        attempts = attempts + 1
    WHERE id = ({which})
    RETURNING id, tenant_id, kind, reference, queue, asked, fence, attempts, failures
"""
_IS_FREE = "(leased_until IS NULL OR leased_until < clock_timestamp())"
#: One step a priority, so that only what is due is walked over. The time must be one that holds for the statement:
#: an index is not searched by one that may differ from row to row.
_DUE = f"""
    SELECT due.* FROM generate_series(0, 9) AS step (priority) CROSS JOIN LATERAL (
        SELECT id FROM sync_job
        WHERE queue = {{queue}} AND priority = step.priority AND due_at <= statement_timestamp() AND {_IS_FREE} {{and_}}
        ORDER BY due_at LIMIT {{most}} {{lock}}
    ) due LIMIT {{most}}
"""  # noqa: S608 - constant text
_NEXT_DUE = _DUE.format(
    queue="%(queue)s",
    most=1,
    lock="FOR UPDATE SKIP LOCKED",
    and_=f"""AND (tenant_id, kind = '{DELIVERY}') NOT IN (
            SELECT tenant_id, kind = '{DELIVERY}' FROM sync_job WHERE held AND leased_until > clock_timestamp()
            GROUP BY 1, 2
            HAVING count(*) >= CASE WHEN kind = '{DELIVERY}' THEN {MOST_DELIVERIES_PER_TENANT} ELSE %(most)s END
        ) AND (kind <> '{DELIVERY}' OR {MOST_DELIVERIES} > (
            SELECT count(*) FROM sync_job WHERE held AND leased_until > clock_timestamp() AND kind = '{DELIVERY}'
        ))""",  # noqa: S608 - constant text
)
_THIS_ONE = f"""
    SELECT id FROM sync_job
    WHERE tenant_id = %(tenant)s AND kind = %(kind)s AND reference = %(reference)s AND {_IS_FREE}
    FOR UPDATE SKIP LOCKED
"""  # noqa: S608 - constant text
_COUNT_DUE = f"""
    SELECT queue.name, count(*) FROM unnest(%(queues)s::text[]) AS queue (name)
    CROSS JOIN LATERAL ({_DUE.format(queue="queue.name", most="%(most)s", and_="", lock="")}) counted GROUP BY 1
"""  # noqa: S608 - constant text
_IS_UNDER_WAY = """
    SELECT EXISTS (
        SELECT FROM sync_job WHERE tenant_id = %s AND kind = %s AND reference = %s AND attempts > 0 AND (
            leased_until > clock_timestamp()
            OR due_at BETWEEN clock_timestamp() - interval '1 minute' AND clock_timestamp() + interval '1 minute'
        )
    )
"""
_HOLD = "UPDATE sync_job SET leased_until = clock_timestamp() + %s WHERE id = %s AND fence = %s"
_COUNT_FAILURE = "UPDATE sync_job SET failures = failures + 1 WHERE id = %s AND fence = %s RETURNING failures"
_HAS_FAILED = "SELECT EXISTS (SELECT FROM sync_job WHERE id = %s AND failures > 0)"
_FINISH = "DELETE FROM sync_job WHERE id = %s AND fence = %s AND asked = %s"
_RELEASE = """
    UPDATE sync_job SET
        leased_until = NULL, held = false, attempts = %(attempts)s, queue = coalesce(%(queue)s, queue),
        failures = CASE WHEN %(attempts)s = 0 THEN 0 ELSE failures END,
        priority = CASE WHEN %(rests)s AND asked = %(asked)s THEN %(usual)s ELSE priority END,
        due_at = CASE WHEN asked > %(asked)s THEN clock_timestamp() ELSE clock_timestamp() + %(delay)s END
    WHERE id = %(id)s AND fence = %(fence)s
"""


def ask(
    kind: str, reference: uuid.UUID, *, queue: str = BACKGROUND, priority: int = USUAL, delay: float = 0.0
) -> None:
    """Have work of the tenant in scope done, `delay` seconds from now at the earliest; asking twice is one job."""
    values: dict[str, Any] = {
        "id": uuid.uuid4(),
        "tenant": current_tenant(),
        "kind": kind,
        "reference": reference,
        "queue": queue,
        "priority": priority,
        "delay": dt.timedelta(seconds=delay),
    }
    with connection.cursor() as cursor:
        cursor.execute(_ASK, values)
        (was_due,) = cursor.fetchone()
    # Who was told, or works on it, looks again afterwards: what is asked for often is not told often.
    if delay <= 0 and not was_due:
        _wake_after_commit(queue)


def _wake_after_commit(queue: str) -> None:
    """Tell the workers once per job, but no more of them than a worker has threads."""
    acts = [act for _, act, *_ in connection.run_on_commit if isinstance(act, partial) and act.func is wake]
    if sum(act.args == (queue,) for act in acts) < MOST_WAKE_UPS:
        transaction.on_commit(partial(wake, queue))


def wake(queue: str, count: int = 1) -> None:
    """Tell the workers of a queue that something is due. A lost broker delays only: the tick tells them again.

    A wake-up never expires: where more were sent than are read, each would be too old when it is read, and no work
    would ever be done.
    """
    from unified_api.sync.tasks import work

    try:
        for _ in range(count):
            work.apply_async(args=(queue,), queue=queue, retry=False)
    except (OperationalError, OSError) as error:
        log.warning("broker.unreachable", queue=queue, error=type(error).__name__)


def unread(queue: str) -> int:
    """Wake-ups that wait in a queue; 0 where the broker cannot say."""
    from unified_api.celery import app

    pool: Any = app.pool  # whose stubs take connections for producers
    with pool.acquire(block=True) as broker:
        lost = (OperationalError, OSError, *broker.connection_errors, *broker.channel_errors)
        try:
            # One that was lost, and closed for that, is in the pool as it is, and would make no channel.
            broker.ensure_connection(max_retries=1, interval_start=0, timeout=2)
            with broker.channel() as channel:
                return _length(channel, queue)
        except lost as error:
            log.warning("broker.unreachable", queue=queue, error=type(error).__name__)
            return 0


def _length(channel: Any, queue: str) -> int:
    """Declaring a queue tells its length, but kombu's own transports make it anew by that, under a lock."""
    if isinstance(channel, Channel):
        return int(channel._size(queue)) if channel._has_queue(queue) else 0  # noqa: SLF001 - what transports implement
    return int(channel.queue_declare(queue, passive=True).message_count)


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
            _release(lease, 0, 0.0)


def again(lease: Lease, delay: float, *, usual: int = USUAL) -> None:
    """Give the job back, which rests for `delay` seconds, or is due at once if it was asked for meanwhile.

    usual: its priority when nobody asks for it.
    """
    _release(lease, 0, delay, queue=BACKGROUND, usual=usual)


def go_on(lease: Lease, *, usual: int = USUAL, queue: str = BULK) -> None:
    """Give the job back at the end of a slice, to go on at once among what takes long; usual: as for `again`.

    queue: among others than these.
    """
    _release(lease, 0, 0.0, queue=queue, usual=usual)
    _wake_after_commit(queue)


def put_off(lease: Lease, delay: float) -> None:
    """Give the job back to be tried again; the attempts are kept, and so are the failures among them."""
    _release(lease, lease.attempts, delay)


def count_failure(lease: Lease) -> int:
    """Count an error that nobody expected, within the transaction that is open; how many in a row there were.

    None are counted for who was overtaken.
    """
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_FAILURE, [lease.id, lease.fence])
        row = cursor.fetchone()
    return row[0] if row else 0


def has_failed(lease: Lease) -> bool:
    """Whether such errors of a job, now that it was given back, still wait for it to be done once."""
    with connection.cursor() as cursor:
        cursor.execute(_HAS_FAILED, [lease.id])
        return bool(cursor.fetchone()[0])


def backoff(attempts: int) -> float:
    """Seconds to wait after this many attempts that failed for an unknown reason: 2, 4, 8 … 600."""
    return float(min(2 ** min(attempts, 10), 600))


def _release(
    lease: Lease, attempts: int, delay: float, *, queue: str | None = None, usual: int = USUAL
) -> None:
    values: dict[str, Any] = {
        "attempts": attempts,
        "queue": queue,
        "rests": queue is not None,
        "asked": lease.asked,
        "usual": usual,
        "delay": dt.timedelta(seconds=delay),
        "id": lease.id,
        "fence": lease.fence,
    }
    with connection.cursor() as cursor:
        cursor.execute(_RELEASE, values)


def forget(kind: str, reference: uuid.UUID) -> None:
    """Strike out a job of the tenant in scope whoever holds it; its holder is overtaken."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM sync_job WHERE tenant_id = %s AND kind = %s AND reference = %s",
            [current_tenant(), kind, reference],
        )


def is_under_way(kind: str, reference: uuid.UUID) -> bool:
    """Whether somebody holds a job of the tenant in scope, or it failed and is tried again within the minute.

    One that was put off for longer is not: nothing is done about it until then.
    """
    with connection.cursor() as cursor:
        cursor.execute(_IS_UNDER_WAY, [current_tenant(), kind, reference])
        return bool(cursor.fetchone()[0])


def due() -> dict[str, int]:
    """How many jobs of each queue are due and in nobody's hands: as many as are worth a wake-up, at the most."""
    values: dict[str, Any] = {"queues": list(QUEUES), "most": MOST_WAKE_UPS}
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_DUE, values)
        return dict(cursor.fetchall())
