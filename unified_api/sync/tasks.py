"""Celery's side of the work: wake-ups. Each claims due jobs, does bounded slices, and keeps nothing to itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import structlog
from celery import shared_task
from django.db import InterfaceError, OperationalError, connection

from tenants import door
from tenants.scope import scope
from unified_api.events import delivering, following, subscribing
from unified_api.sync import async_passthrough, clock, erase, job, pull, renewing, revoking, streams, write
from unified_api.sync.bridge import drift, stirring
from unified_api.sync.bridge.work import work as work_bridge

log = structlog.get_logger(__name__)

#: Seconds that a lost database is waited for, and between two attempts to reach it.
AWAY: Final = 20.0
LOOK: Final = 0.5

#: Seconds that a job works before it gives its thread back; a task ends with the job that is under way then.
SLICE: Final = 20.0
#: The same where others should not wait behind it: what takes longer goes on among what takes long.
SLICES: Final = {job.BACKGROUND: 3.0}

HANDLERS: dict[str, Callable[[job.Lease, float], None]] = {
    streams.KIND: pull.work,
    write.KIND: write.work,
    erase.KIND: erase.work,
    erase.BRIDGE: erase.work_bridge,
    async_passthrough.KIND: async_passthrough.work,
    stirring.KIND: work_bridge,
    drift.KIND: drift.work,
    following.KIND: following.work,
    subscribing.KIND: subscribing.work,
    job.DELIVERY: delivering.work,
    renewing.KIND: renewing.work,
    revoking.KIND: revoking.work,
}


@shared_task(name="isthmus.tick", ignore_result=True)
def tick() -> None:
    """Send wake-ups for what is due: those that were lost, and those whose time has come.

    None where enough of them wait to be read: workers that are slow would never see the end of them.
    """
    for queue, count in job.due().items():
        if job.unread(queue) < job.ENOUGH:
            job.wake(queue, count)


@shared_task(name="isthmus.tidy", ignore_result=True)
def tidy() -> None:
    """Remove the doors of link tokens, and of logins under way, that nobody can enter any more."""
    log.info("doors.forgotten", count=door.forget_expired(now=clock.now()))


@shared_task(name="isthmus.work", ignore_result=True)
def work(queue: str) -> None:
    """Do due jobs of a queue for one slice."""
    ends = time.monotonic() + SLICES.get(queue, SLICE)
    while (lease := job.claim_next(queue)) is not None:
        do(lease, time.monotonic() + SLICES.get(queue, SLICE))
        if time.monotonic() > ends:
            return


def do(lease: job.Lease, ends: float) -> None:
    """One slice of one job, in its tenant's scope; `ends`: monotonic time at which it should stop."""
    done = False
    with (
        structlog.contextvars.bound_contextvars(
            tenant=str(lease.tenant_id), job=lease.kind, reference=str(lease.reference)
        ),
        scope(lease.tenant_id),
    ):
        try:
            HANDLERS[lease.kind](lease, ends)
            done = True
        except job.Overtaken:
            done = True
            log.warning("job.overtaken", fence=lease.fence)
        finally:
            # An error that nobody expected: the job is tried again later, and Celery logs the error.
            if not done:
                _give_back(lease)


def _give_back(lease: job.Lease) -> None:
    """Put a job off after an error; a lost database is waited for, else nobody has the job until its lease ends."""
    ends = time.monotonic() + AWAY
    while True:
        try:
            job.put_off(lease, job.backoff(lease.attempts))
        except (OperationalError, InterfaceError):
            connection.close()
            if time.monotonic() > ends:
                raise
            time.sleep(LOOK)
        else:
            return
