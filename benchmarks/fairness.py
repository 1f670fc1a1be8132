"""A tenant with one small sync, alone and beside another tenant that loads a million rows at the same time.

Workers and clock in processes of their own, as `manage.py up` starts them. The small sync is the first reading of an
account with 200 tickets, from the moment it is asked for to the end of its run, by the database's clock; the large
tenant reads twelve lists of 100,000 tickets each. In three turns, seven times alone and seven times beside; medians.
"""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING, Any

from benchmarks.figures import Budget, Figure, report, say
from benchmarks.house import house

if TYPE_CHECKING:
    import uuid

    from benchmarks.desk.house import Server

LISTS, LONG, SHORT = 12, 100_000, 200
TURNS, TIMES = 3, 7


def main() -> None:
    """Measure in a house of its own."""
    with house():
        from benchmarks.desk.house import PRODUCT, processes, serving
        from tenants.models import Tenant

        large, small = Tenant.create("large").id, Tenant.create("small").id
        alone: list[float] = []
        beside: list[float] = []
        rates: list[float] = []
        with serving() as server, processes(*PRODUCT):
            server.order("small", "_fill", count=SHORT, first=1, age=86_400)
            _syncs(server, small, 3)  # what is loaded once is loaded
            for turn in range(TURNS):
                say(f"turn {turn + 1} of {TURNS}: alone")
                alone += _syncs(server, small, TIMES)
                _load(server, large)
                say(f"turn {turn + 1} of {TURNS}: beside")
                before, began = _landed(large), time.monotonic()
                beside += _syncs(server, small, TIMES)
                rates.append((_landed(large) - before) / (time.monotonic() - began))
                if not _stop(large):
                    raise RuntimeError("the large tenant was done before the small one was measured")
    ratio = statistics.median(beside) / statistics.median(alone)
    report(
        "fairness",
        [
            Figure("a small sync alone", statistics.median(alone), "ms"),
            Figure("a small sync beside, median", statistics.median(beside), "ms"),
            Figure("a small sync beside, slowest", max(beside), "ms"),
            Figure("the large tenant meanwhile", statistics.median(rates), "records/s"),
        ],
        [Budget("a small sync beside a large one against alone", ratio, "x", most=2)],
    )


def _syncs(server: Server, tenant: uuid.UUID, times: int) -> list[float]:
    return [_sync(server, tenant) for _ in range(times)]


def _sync(server: Server, tenant: uuid.UUID) -> float:
    """Milliseconds of the first reading of a new account."""
    from benchmarks.desk.house import awaited, linked
    from tenants.scope import scope
    from unified_api.sync import clock

    time.sleep(0.2)  # what the one before left to do is done
    with scope(tenant):
        asked = clock.now()
        account = linked(server, "small", end_user=f"customer {asked.isoformat()}")
        run = awaited(lambda: _ended(account.id))
    if run.seen != SHORT:
        raise RuntimeError(f"the run read {run.seen} tickets, not {SHORT}: {run.error}")
    return float((run.finished - asked).total_seconds() * 1000)


def _ended(account: uuid.UUID) -> Any:
    """The run of an account's stream, once it has ended."""
    from django.db import transaction

    from unified_api.sync.models import Run, Stream

    with transaction.atomic():
        streams = Stream.objects.filter(linked_account_id=account).values("id")
        return Run.objects.filter(stream_id__in=streams).exclude(finished=None).first()


def _load(server: Server, tenant: uuid.UUID) -> None:
    """Have the large tenant's lists read, and wait until as many are being read as may be."""
    from benchmarks.desk.house import awaited, linked
    from tenants.scope import scope

    say(f"{LISTS} lists of {LONG} tickets")
    with scope(tenant):
        for number in range(LISTS):
            linked(server, f"endless-{LONG}", end_user=f"customer {number}")
    awaited(lambda: _landed(tenant) > LISTS * SHORT)
    time.sleep(5)  # the first slices are over: what is measured is the long run


def _landed(tenant: uuid.UUID) -> int:
    """How many records the large tenant's runs have landed."""
    from django.db import transaction
    from django.db.models import Sum

    from tenants.scope import scope
    from unified_api.sync.models import Run

    with scope(tenant), transaction.atomic():
        return int(Run.objects.aggregate(Sum("seen"))["seen__sum"] or 0)


def _stop(tenant: uuid.UUID) -> int:
    """Take all work from the large tenant, and wait until none of it goes on; how many jobs that were."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM sync_job WHERE tenant_id = %s AND due_at <= clock_timestamp()", [tenant])
        stopped = int(cursor.rowcount)
    time.sleep(3)
    return stopped


if __name__ == "__main__":
    main()
