"""Jobs: claims, fences, fairness."""

from __future__ import annotations

import datetime as dt
import threading
import uuid
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction

from tenants import door
from tenants.models import Door, Tenant
from tenants.scope import scope
from tenants.vault import Secret
from unified_api.celery import app
from unified_api.sync import clock, job, tasks
from unified_api.sync.models import Job

pytestmark = pytest.mark.usefixtures("no_broker")
#: The real one, which tests of jobs do without.
WAKE = job.wake


def ask(reference: uuid.UUID | None = None, **options: Any) -> uuid.UUID:
    """A job that is due."""
    reference = reference or uuid.uuid4()
    job.ask("pull", reference, **options)
    return reference


def test_a_job_is_claimed_once(tenant: uuid.UUID) -> None:
    """What one worker holds, another does not get."""
    ask()

    assert job.claim_next(job.BACKGROUND)
    assert job.claim_next(job.BACKGROUND) is None


def test_eight_workers_share_a_hundred_jobs_without_overlap(tenant: uuid.UUID) -> None:
    """Each job is claimed by exactly one of the workers that look at once."""
    wanted = {ask() for _ in range(100)}
    with transaction.atomic():
        Job.objects.update(tenant_id=uuid.uuid4())
    got: list[uuid.UUID] = []

    def worker() -> None:
        while lease := job.claim_next(job.BACKGROUND):
            got.append(lease.reference)
            job.finish(lease)
        connection.close()

    threads = [threading.Thread(target=worker) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(got) == sorted(wanted)


def test_an_expired_lease_passes_the_job_on_under_a_higher_fence(tenant: uuid.UUID) -> None:
    """Who slept through the lease is overtaken when it wants to commit; who came later is not."""
    ask()
    first = job.claim_next(job.BACKGROUND)
    assert first
    Job.objects.update(leased_until=clock.now())
    second = job.claim_next(job.BACKGROUND)
    assert second
    assert second.fence > first.fence

    with pytest.raises(job.Overtaken), transaction.atomic():
        job.hold(first)
    with transaction.atomic():
        job.hold(second)


def test_asking_twice_is_one_job(tenant: uuid.UUID) -> None:
    """The same work asked for again is not done twice."""
    ask(reference := uuid.uuid4())
    ask(reference)

    assert Job.objects.count() == 1


def test_work_asked_for_while_it_is_under_way_is_done_again(tenant: uuid.UUID) -> None:
    """A request that comes while the job runs is not lost in its end."""
    ask(reference := uuid.uuid4())
    lease = job.claim_next(job.BACKGROUND)
    assert lease
    ask(reference)
    job.finish(lease)

    assert job.claim_next(job.BACKGROUND)


def test_a_finished_job_is_gone_and_its_late_worker_changes_nothing(tenant: uuid.UUID) -> None:
    """An end that comes from an overtaken worker leaves the new claim alone."""
    ask()
    first = job.claim_next(job.BACKGROUND)
    assert first
    Job.objects.update(leased_until=clock.now())
    second = job.claim_next(job.BACKGROUND)
    assert second
    job.finish(first)
    job.put_off(first, 0.0)
    assert Job.objects.get().fence == second.fence

    job.finish(second)

    assert not Job.objects.exists()


def test_a_delayed_job_is_not_due_yet(tenant: uuid.UUID) -> None:
    """Work for later is not claimed now, and not counted as due."""
    ask(delay=60)

    assert job.claim_next(job.BACKGROUND) is None
    assert job.due() == {}


def test_one_tenant_does_not_take_all_threads(tenant: uuid.UUID) -> None:
    """With more due jobs than it may run at once, a tenant leaves room for another one's single job."""
    for _ in range(job.MOST_PER_TENANT + 5):
        ask()
    while job.claim_next(job.BACKGROUND):
        pass
    other = Tenant.find("Bob's company")
    assert other is None
    assert Job.objects.filter(leased_until=None).count() == 5


def deliveries(of: uuid.UUID) -> int:
    """How many of a tenant's many deliveries are claimed."""
    with scope(of):
        for _ in range(job.MOST_DELIVERIES + 2):
            job.ask(job.DELIVERY, uuid.uuid4())
    return sum(job.claim_next(job.BACKGROUND) is not None for _ in range(job.MOST_DELIVERIES + 2))


def test_what_waits_for_receivers_leaves_threads_to_the_others(database: psycopg.Connection) -> None:
    """Deliveries are held by so many at once, some of each tenant's, and its other work is not less for them."""
    tenants = [Tenant.create(f"company {number}").id for number in range(3)]
    claimed = [deliveries(tenant) for tenant in tenants]
    with scope(tenants[0]):
        for _ in range(job.MOST_PER_TENANT + 1):
            ask()
    others = [job.claim_next(job.BACKGROUND) for _ in range(job.MOST_PER_TENANT + 1)]

    assert claimed == [
        job.MOST_DELIVERIES_PER_TENANT,
        job.MOST_DELIVERIES - job.MOST_DELIVERIES_PER_TENANT,
        0,
    ]
    assert [lease.kind if lease else None for lease in others] == ["pull"] * job.MOST_PER_TENANT + [None]


def test_a_tenant_that_reads_all_it_may_is_delivered_to(tenant: uuid.UUID) -> None:
    """Its products hear of what is read while much is being read."""
    for _ in range(job.MOST_PER_TENANT + 1):
        ask()
        job.claim_next(job.BACKGROUND)

    assert deliveries(tenant) == job.MOST_DELIVERIES_PER_TENANT


def test_another_tenant_is_served_while_the_first_is_at_its_limit(database: psycopg.Connection) -> None:
    """The limit is each tenant's own."""
    busy, small = Tenant.create("busy"), Tenant.create("small")
    with scope(busy.id):
        for _ in range(job.MOST_PER_TENANT + 5):
            ask()
    with scope(small.id):
        wanted = ask()
    served = set()
    while lease := job.claim_next(job.BACKGROUND):
        served.add(lease.reference)

    assert wanted in served
    assert len(served) == job.MOST_PER_TENANT + 1


def test_a_claim_walks_over_nothing_that_is_not_due(tenant: uuid.UUID, database: psycopg.Connection) -> None:
    """However many jobs rest, of whatever urgency: the next one is found by few steps, and so is what a tick counts."""
    told: list[tuple[str, dict[str, Any]]] = [
        (job._NEXT_DUE, {"queue": job.BACKGROUND, "most": job.MOST_PER_TENANT}),
        (job._COUNT_DUE, {"queues": list(job.QUEUES), "most": 16}),
    ]
    for statement, values in told:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO sync_job (id, tenant_id, kind, reference, queue, priority, due_at, asked, fence, attempts)"
                " SELECT gen_random_uuid(), gen_random_uuid(), 'pull', gen_random_uuid(), 'background', n %% 6,"
                " clock_timestamp() + interval '1 hour', 1, 0, 0 FROM generate_series(1, 3000) n",
                [],
            )
            database.execute("ANALYZE sync_job")  # its owner: of the app it is taken, and not done
            ask()
            cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", values)
            ((plan,),) = cursor.fetchall()

        assert _walked(plan[0]["Plan"]) < 100


def _walked(node: dict[str, Any]) -> int:
    rows = int(node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * int(node["Actual Loops"])
    return max([rows, *(_walked(child) for child in node.get("Plans", ()))])


def test_what_takes_long_goes_on_among_its_like(tenant: uuid.UUID) -> None:
    """At the end of its slice it leaves the queue of what begins; at rest it comes back."""
    ask()
    lease = job.claim_next(job.BACKGROUND)
    assert lease
    job.go_on(lease)
    assert job.claim_next(job.BACKGROUND) is None
    lease = job.claim_next(job.BULK)
    assert lease
    job.again(lease, 0.0)

    assert job.claim_next(job.BULK) is None
    assert job.claim_next(job.BACKGROUND)


def test_work_that_was_urgent_once_is_not_urgent_for_ever(tenant: uuid.UUID) -> None:
    """What somebody wanted at once rests like all others afterwards, unless it was wanted again meanwhile."""
    ask(reference := uuid.uuid4(), priority=3)
    lease = job.claim_next(job.BACKGROUND)
    assert lease
    ask(reference, priority=2)
    job.again(lease, 60)
    assert Job.objects.get().priority == 2

    lease = job.claim_next(job.BACKGROUND)
    assert lease
    job.again(lease, 60)
    assert Job.objects.get().priority == job.USUAL


def test_many_jobs_of_one_transaction_wake_no_more_workers_than_there_are_threads(
    tenant: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever works goes on until nothing is due; a wake-up for each would keep the transaction's end busy."""
    woken: list[str] = []

    def wake(queue: str, count: int = 1) -> None:
        woken.extend([queue] * count)

    monkeypatch.setattr(job, "wake", wake)
    with transaction.atomic():
        for _ in range(40):
            ask()
        ask(queue=job.INTERACTIVE)

    assert woken.count(job.BACKGROUND) == job.MOST_WAKE_UPS
    assert woken.count(job.INTERACTIVE) == 1


def test_a_tick_counts_no_further_than_it_wakes(tenant: uuid.UUID) -> None:
    """How many more are due makes no difference to it, so it does not look."""
    for _ in range(job.MOST_WAKE_UPS + 5):
        ask()

    assert job.due() == {job.BACKGROUND: job.MOST_WAKE_UPS}


@pytest.mark.parametrize(("waiting", "expected"), [(0, job.MOST_WAKE_UPS), (job.ENOUGH, 0)])
def test_a_tick_adds_no_wake_ups_to_many_that_nobody_has_read(
    tenant: uuid.UUID, monkeypatch: pytest.MonkeyPatch, waiting: int, expected: int
) -> None:
    """Else slow workers, who read fewer than a tick sends, would have more and more of them before any work."""
    woken: list[int] = []
    for _ in range(job.MOST_WAKE_UPS):
        ask()
    monkeypatch.setattr(job, "wake", lambda _queue, count: woken.append(count))
    monkeypatch.setattr(job, "unread", lambda _queue: waiting)
    tasks.tick()

    assert sum(woken) == expected


def test_the_clock_has_expired_doors_removed(tenant: uuid.UUID) -> None:
    """Link tokens and logins under way would pile up for ever; those that can be entered stay."""
    for name, ends in (("over", -1), ("open", 60)):
        door.open_door("link", Secret(name), expires_at=clock.now() + dt.timedelta(seconds=ends))
    scheduled = {each["task"] for each in app.conf.beat_schedule.values()}
    app.tasks[tasks.tidy.name]()

    assert tasks.tidy.name in scheduled
    assert Door.objects.filter(tenant_id=tenant, kind="link").count() == 1


def test_a_wake_up_is_counted_until_it_is_read_and_never_grows_too_old(tenant: uuid.UUID) -> None:
    """A worker that reads it after minutes begins what is due all the same."""
    queue = f"late-{uuid.uuid4()}"
    assert job.unread(queue) == 0
    WAKE(queue, 2)
    assert job.unread(queue) == 2

    with app.connection_for_write() as broker, broker.SimpleQueue(queue) as waiting:
        messages = [waiting.get(timeout=60) for _ in range(2)]
        for message in messages:
            message.ack()
    assert {message.headers["expires"] for message in messages} == {None}
    assert job.unread(queue) == 0


def test_wake_ups_are_counted_over_a_connection_that_was_closed(tenant: uuid.UUID) -> None:
    """One that the pool still holds is opened again."""
    queue = f"closed-{uuid.uuid4()}"
    WAKE(queue, 1)
    with app.pool.acquire(block=True) as broker:
        broker.close()

    assert job.unread(queue) == 1


def test_work_that_is_due_already_wakes_nobody_again(
    tenant: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bridge is asked for with every change; who was told once finds it, and one that rests is told anew."""
    woken: list[str] = []
    monkeypatch.setattr(job, "wake", woken.append)
    ask(reference := uuid.uuid4())
    ask(reference)
    lease = job.claim_next(job.BACKGROUND)
    assert lease
    ask(reference)
    assert woken == [job.BACKGROUND]

    job.again(lease, 60)
    lease = job.claim_next(job.BACKGROUND)
    assert lease
    job.again(lease, 60)
    ask(reference)
    assert woken == [job.BACKGROUND] * 2
