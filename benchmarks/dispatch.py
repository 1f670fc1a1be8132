"""Claims on due work: how many jobs with nothing to do a worker gets through, and what a long table costs.

Claimed and finished by a worker of its own process with 16 threads: jobs of 200 tenants whose streams are gone, so
that the handler is one look. A claim alone, and a tick, in this process: the median of many, with so many rows in the
table that are due in the coming hour; and beside another tenant that is at its limit, with many jobs due before ours.
"""

from __future__ import annotations

import statistics
import time
import uuid
from collections.abc import Callable
from typing import Any

from benchmarks.figures import Budget, Figure, report, say
from benchmarks.house import house

DUE = 4_000
TENANTS = 200
LENGTHS = (1_000, 100_000, 1_000_000)
BACKLOG = 100_000
TIMES = 200
_INSERT = """
    INSERT INTO sync_job (id, tenant_id, kind, reference, queue, priority, due_at, asked, fence, attempts)
    SELECT gen_random_uuid(), (%(tenants)s::uuid[])[1 + n %% %(count)s], %(kind)s, gen_random_uuid(), 'background',
        %(first)s + n %% 3, clock_timestamp() + n %% 3600 * %(step)s::interval, 1, 0, 0
    FROM generate_series(1, %(jobs)s) n
"""


def main() -> None:
    """Measure in a house of its own."""
    with house():
        from benchmarks.desk.house import serving
        from tenants.models import Tenant

        tenants = [Tenant.create(f"tenant {number}").id for number in range(TENANTS)]
        with serving():
            figures = _dispatched(tenants)
        claims = {rows: _among(rows, tenants, figures) for rows in LENGTHS}
        beside = _beside_backlog(tenants, figures)
    few, many = claims[LENGTHS[0]], claims[LENGTHS[-1]]
    report(
        "dispatch",
        figures,
        [
            Budget(f"a claim among {LENGTHS[-1]} rows against {LENGTHS[0]}", many / few, "x", most=2),
            Budget(
                f"a claim beside a tenant with {BACKLOG} due jobs against {LENGTHS[0]}",
                beside / few,
                "x",
                most=3,
            ),
        ],
    )


def _put(tenants: list[uuid.UUID], jobs: int, *, kind: str = "pull", first: int = 3, step: str = "0") -> None:
    """Jobs of these tenants in turn, so many seconds apart, of three priorities."""
    _sql(
        _INSERT,
        {
            "tenants": tenants,
            "count": len(tenants),
            "jobs": jobs,
            "kind": kind,
            "first": first,
            "step": f"{step} s",
        },
    )


def _sql(statement: str, values: Any = None) -> Any:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchone() if cursor.description else None


def _dispatched(tenants: list[uuid.UUID]) -> list[Figure]:
    """The rate at which a worker is through with jobs that find nothing to do."""
    from benchmarks.desk.house import awaited, processes
    from unified_api.sync import job

    say(f"{DUE} due jobs")
    with processes("worker --queue interactive", "worker --queue background", "beat"):
        _put(tenants, DUE)
        job.wake(job.BACKGROUND, job.MOST_WAKE_UPS)
        awaited(lambda: _sql("SELECT count(*) FROM sync_job")[0] < DUE * 0.98)
        began, left = time.monotonic(), _sql("SELECT count(*) FROM sync_job")[0]
        awaited(lambda: _sql("SELECT count(*) FROM sync_job")[0] == 0)
        spent = time.monotonic() - began
    return [Figure("jobs claimed and finished by 16 threads", left / spent, "jobs/s")]


def _among(rows: int, tenants: list[uuid.UUID], figures: list[Figure]) -> float:
    """Milliseconds of a claim while the table has so many rows that are not due yet."""
    say(f"{rows} rows")
    _sql("DELETE FROM sync_job")
    _put(tenants, rows, first=2, step="1")
    _sql("UPDATE sync_job SET due_at = due_at + interval '1 hour'")
    _put(tenants, TIMES, first=4)
    _analyze()
    claim = _claimed()
    figures += [
        Figure(f"claim and finish among {rows} rows", claim, "ms"),
        Figure(f"a claim that finds nothing among {rows} rows", _timed(_claim_nothing, TIMES), "ms"),
        Figure(f"tick among {rows} rows", _timed(_tick, 5), "ms"),
    ]
    return claim


def _analyze() -> None:
    from tenants.postgres.roles import as_owner

    with as_owner():
        _sql("VACUUM ANALYZE sync_job")


def _claimed() -> float:
    from unified_api.sync import job

    def once() -> None:
        lease = job.claim_next(job.BACKGROUND)
        assert lease is not None  # noqa: S101 - a benchmark that measures nothing says nothing
        job.finish(lease)

    return _timed(once, TIMES)


def _claim_nothing() -> None:
    from unified_api.sync import job

    assert job.claim_next(job.BACKGROUND) is None  # noqa: S101 - the same


def _tick() -> None:
    from unified_api.sync import job

    job.due()


def _timed(act: Callable[[], object], times: int) -> float:
    """Milliseconds, the median."""
    told = []
    for _ in range(times):
        began = time.perf_counter()
        act()
        told.append((time.perf_counter() - began) * 1000)
    return statistics.median(told)


def _beside_backlog(tenants: list[uuid.UUID], figures: list[Figure]) -> float:
    """Milliseconds of a claim while another tenant, which runs all that it may, has many jobs due before ours."""
    from unified_api.sync import job

    say(f"beside {BACKLOG} due jobs of another tenant")
    _sql("DELETE FROM sync_job")
    _put(tenants[:1], BACKLOG, first=3)
    for _ in range(job.MOST_PER_TENANT):
        job.claim_next(job.BACKGROUND)
    _put(tenants[1:], TIMES, first=3)
    _analyze()
    claim = _claimed()
    figures += [
        Figure(f"claim and finish beside another tenant's {BACKLOG} due jobs", claim, "ms"),
        Figure(f"tick beside {BACKLOG} due jobs", _timed(_tick, 5), "ms"),
    ]
    return claim


if __name__ == "__main__":
    main()
