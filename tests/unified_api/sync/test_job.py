"""Jobs: claims, fences, fairness."""

from __future__ import annotations

import threading
import uuid

import psycopg
import pytest
from django.db import connection, transaction

from tenants.models import Tenant
from tenants.scope import scope
from unified_api.sync import clock, job
from unified_api.sync.models import Job

pytestmark = pytest.mark.usefixtures("no_broker")


def ask(reference: uuid.UUID | None = None, **options: float) -> uuid.UUID:
    """A job that is due."""
    reference = reference or uuid.uuid4()
    job.ask("pull", reference, **options)  # type: ignore[arg-type]
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
