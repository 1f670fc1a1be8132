"""What a history waits for before it is judged: tables in which something is still to come, and in which nothing is."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import psycopg
import pytest
from django.db import transaction

from tenants.models import Tenant
from tenants.scope import scope
from tests.chaos.converge import Rest
from tests.chaos.scene import Scene
from tests.chaos.stage import Stage
from unified_api.sync import clock
from unified_api.sync.models import Job, Run, Stream


class Looking:
    """As much of a stage as is looked up in the database."""

    def __init__(self, database: psycopg.Connection) -> None:
        self._database = database

    def sql(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Across tenants, as a stage does it."""
        cursor = self._database.execute(query.encode(), values)
        return cursor.fetchall() if cursor.description else []


@dataclass
class Editors:
    """People who have stopped; whether they deleted something."""

    deleting: bool = False
    told: set[str] = field(default_factory=set)

    def busy(self) -> bool:
        """Not any more."""
        return False

    def removed(self) -> bool:
        """What they did."""
        return self.deleting


@pytest.fixture
def rest(database: psycopg.Connection) -> Iterator[Rest]:
    """The rest of a history, in whose tenant's scope the test is."""
    tenant = Tenant.create("chaos")
    with scope(tenant.id):
        stage, scene = cast("Stage", Looking(database)), Scene(tenant.id, "", {}, None)
        yield Rest(stage, scene, Editors())


def read(since: dt.datetime, mode: str, **more: Any) -> Stream:
    """Tickets, read since in this mode, with a job that rests."""
    now = clock.now()
    told = {"last_started": now, "last_finished": now + dt.timedelta(seconds=1), "last_sweep": since} | more
    with transaction.atomic():
        stream = Stream.objects.create(
            linked_account_id=uuid.uuid4(), model="ticketing.Ticket", status="DONE", **told
        )
        Run.objects.create(stream_id=stream.id, mode=mode, started=now, finished=now, result="DONE")
    return stream


def job_of(rest: Rest, stream: Stream, attempts: int) -> Job:
    """The stream's job, which rests for a minute."""
    with transaction.atomic():
        made: Job = Job.objects.create(
            tenant_id=rest.scene.tenant,
            kind="pull",
            reference=stream.id,
            due_at=clock.now() + dt.timedelta(minutes=1),
            attempts=attempts,
        )
    return made


def is_due(job: Job) -> bool:
    """Whether it was asked for."""
    with transaction.atomic():
        return bool(Job.objects.get(id=job.id).due_at <= clock.now())


def test_where_something_was_deleted_a_run_of_changes_is_not_enough(rest: Rest) -> None:
    """It is looked for again: who read meanwhile has put back when everything was read last."""
    since = clock.now() - dt.timedelta(minutes=1)
    stream = read(since, "changes")
    job = job_of(rest, stream, 0)
    before = rest._unread(since)
    rest.crowd = Editors(deleting=True)

    assert before == []
    assert rest._unread(since) == [("ticketing.Ticket not swept",)]
    assert is_due(job)


def test_a_sweep_that_could_not_be_trusted_is_waited_for_again(rest: Rest) -> None:
    """The database lost what it had met: it removed nothing, and the next one is due at once."""
    since = clock.now() - dt.timedelta(minutes=1)
    stream = read(since, "everything", last_sweep=None)
    job_of(rest, stream, 0)
    rest.crowd = Editors(deleting=True)
    lost = rest._unread(since)
    with transaction.atomic():
        Stream.objects.filter(id=stream.id).update(last_sweep=clock.now())

    assert lost == [("ticketing.Ticket not swept",)]
    assert rest._unread(since) == []


@pytest.mark.parametrize(("attempts", "waits"), [(0, False), (2, True)])
def test_a_read_that_failed_is_tried_again_before_the_history_is_judged(
    rest: Rest, attempts: int, *, waits: bool
) -> None:
    """A server was killed while a model was read that no bridge is about: its next try is seconds away."""
    job = job_of(rest, read(clock.now(), "changes"), attempts)

    assert bool(rest._retried()) == waits
    assert is_due(job) == waits
