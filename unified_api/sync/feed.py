"""The head of a tenant's change log: positions in commit order, and stamps that never go back.

Every store transaction moves the head last and holds its row until it commits. So position order is commit order, a
reader's cursor is one integer, and nothing is skipped. About 300 store transactions a second and tenant is the
ceiling at 2 ms a commit.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from django.db import connection, transaction

from tenants.postgres.ask import Statement
from tenants.scope import current_tenant

_ADVANCE = """
    INSERT INTO sync_feedhead (id, tenant_id, position, stamp) VALUES (%s, %s, %s, clock_timestamp())
    ON CONFLICT (tenant_id) DO UPDATE SET
        position = sync_feedhead.position + excluded.position,
        stamp = greatest(clock_timestamp(), sync_feedhead.stamp + interval '1 microsecond')
    RETURNING position, stamp, EXISTS (SELECT FROM sync_hook WHERE sync_hook.tenant_id = sync_feedhead.tenant_id)
"""
_WATERMARK = """
    INSERT INTO sync_feedhead (id, tenant_id, position, stamp)
    VALUES (%s, %s, 0, date_trunc('milliseconds', clock_timestamp()) + interval '1 millisecond')
    ON CONFLICT (tenant_id) DO UPDATE SET stamp =
        date_trunc('milliseconds', greatest(clock_timestamp(), sync_feedhead.stamp)) + interval '1 millisecond'
    RETURNING stamp
"""
#: First half of the advisory lock that a commit in flight holds; the second half is the tenant's. Readers share it.
_IN_FLIGHT = 0x15711
_HOLD = "SELECT pg_advisory_xact_lock(%s, %s)"
_SHARE = "SELECT set_config('lock_timeout', %s, true), pg_advisory_xact_lock_shared(%s, %s)"
#: How long a reader waits for a commit in flight. A commit takes milliseconds; one that takes seconds belongs to a
#: process that has stalled, which Postgres ends after a minute (`idle_in_transaction_session_timeout`).
PATIENCE = dt.timedelta(seconds=5)


@dataclass(frozen=True)
class Span:
    """Positions `first` to `last` of the log, and the stamp that all of them carry; whether hooks hear of them."""

    first: int
    last: int
    stamp: dt.datetime
    is_told: bool


def advance(count: int) -> Span:
    """Take `count` positions for the transaction that is open; nothing else may be locked after this."""
    tenant = current_tenant()
    with connection.cursor() as cursor:
        cursor.execute(_HOLD, [_IN_FLIGHT, _half(tenant)])
        cursor.execute(_ADVANCE, [uuid.uuid4(), tenant, count])
        last, stamp, is_told = cursor.fetchone()
    return Span(last - count + 1, last, stamp, is_told)


def watermark() -> dt.datetime:
    """A whole millisecond above every stamp so far and below every later one."""
    tenant = current_tenant()
    with connection.cursor() as cursor:
        cursor.execute(_HOLD, [_IN_FLIGHT, _half(tenant)])
        cursor.execute(_WATERMARK, [uuid.uuid4(), tenant])
        (stamp,) = cursor.fetchone()
    return stamp  # type: ignore[no-any-return]


def wait_for_commits_in_flight() -> None:
    """Return once every store transaction that has taken its stamp has ended."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(*commits_in_flight())


def commits_in_flight() -> Statement:
    """What waits for them, in front of the first page of a list.

    A stamp that is older than the moment at which a read began cannot then appear after it. An advisory lock, as it
    writes nothing; shared, as one reader need not wait for another. Longer than PATIENCE it does not wait: that is an
    OperationalError, which the API answers with 503, as a page without what is in flight would have readers miss it.
    """
    patience = str(round(PATIENCE.total_seconds() * 1_000))
    return _SHARE, [patience, _IN_FLIGHT, _half(current_tenant())]


def _half(tenant: uuid.UUID) -> int:
    return int.from_bytes(tenant.bytes[-4:], "big", signed=True)
