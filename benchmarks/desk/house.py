"""Desks linked and bridged in a benchmark's house, work done in this process by kind, and processes beside it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from django.db import connection, transaction

from benchmarks.desk.adapter import counterpart, provider
from integrations.kit.provider import Provider
from tenants import accounts
from tenants.models import LinkedAccount, Tenant
from tenants.scope import scope
from tenants.vault import Secret
from unified_api import registry
from unified_api.engine.values import Side
from unified_api.serve import heartbeat
from unified_api.sync import job, steer, streams, tasks
from unified_api.sync.bridge import setup
from unified_api.sync.models import Stream

MODEL = "ticketing.Ticket"
PATIENCE = 120.0
#: What does the work, as `manage.py up` starts it.
PRODUCT = ("worker --queue interactive", "worker --queue background", "worker --queue bulk", "beat")
_SERVE = [sys.executable, "-m", "benchmarks.desk.serving"]
_MANAGE = [sys.executable, "-m", "benchmarks.desk.manage"]


@dataclass(frozen=True)
class Server:
    """The process that serves desks."""

    url: str

    def order(self, desk: str, what: str, **order: Any) -> Any:
        """Tell a desk what to do, or ask it."""
        request = urllib.request.Request(f"{self.url}/{desk}/{what}", orjson.dumps(order), method="POST")  # noqa: S310 - our own
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310 - our own
            return orjson.loads(answer.read())


@contextmanager
def serving() -> Iterator[Server]:
    """The server, for as long as the block lasts; its adapters are known here."""
    for each in (provider, counterpart):
        registry.register(each)
    with subprocess.Popen(_SERVE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None  # noqa: S101 - for the type: it is a pipe
        try:
            yield Server(f"http://127.0.0.1:{int(process.stdout.readline())}")
        finally:
            process.terminate()


@contextmanager
def processes(*commands: str) -> Iterator[None]:
    """Isthmus's own processes, such as `worker --queue background`; the block begins when each has shown life."""
    with ExitStack() as stack:
        for command in commands:
            words = [*_MANAGE, *command.split()]
            process = stack.enter_context(subprocess.Popen(words, env=dict(os.environ)))
            stack.callback(process.terminate)
        awaited(lambda: _beating() >= len(commands))
        yield


def _beating() -> int:
    with connection.cursor() as cursor:
        return len(heartbeat.ages(cursor))


def awaited(condition: Callable[[], Any], *, pause: float = 0.02) -> Any:
    """What the condition says once that is not nothing; TimeoutError when it takes too long."""
    ends = time.monotonic() + PATIENCE
    while not (found := condition()):
        if time.monotonic() > ends:
            raise TimeoutError(f"waited {PATIENCE:g} s in vain")
        time.sleep(pause)
    return found


def linked(
    server: Server,
    desk: str,
    *,
    at: Provider = provider,
    end_user: str = "customer-1",
    frequency: float = 3600.0,
) -> LinkedAccount:
    """An account at a desk, of the tenant in scope, whose stream is due."""
    account, _token, _again = accounts.link(
        category="ticketing",
        integration=at.slug,
        end_user_origin_id=end_user,
        settings={"base_url": f"{server.url}/{desk}"},
        credential={"token": Secret("a desk's token")},
        remote_identity=desk,
    )
    with transaction.atomic():
        streams.start(account, frequency=frequency)
    return account


def is_busy(tenant: uuid.UUID) -> bool:
    """Whether a job of a tenant is due or under way."""
    with scope(tenant), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM sync_job WHERE tenant_id = %s"
            " AND (due_at <= clock_timestamp() OR leased_until > clock_timestamp()) LIMIT 1",
            [tenant],
        )
        return cursor.fetchone() is not None


@dataclass
class Spent:
    """Seconds, jobs and statements by the kind of work."""

    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    jobs: Counter[str] = field(default_factory=Counter)
    statements: Counter[str] = field(default_factory=Counter)

    @property
    def total(self) -> float:
        """Seconds of all kinds."""
        return sum(self.seconds.values())


def work() -> Spent:
    """Do all that is due, one job after the other, in this thread."""
    spent = Spent()
    while lease := job.claim_next(job.BACKGROUND) or job.claim_next(job.BULK):
        kind = lease.kind

        def count(execute: Any, *rest: Any, kind: str = kind) -> Any:
            spent.statements[kind] += 1
            return execute(*rest)

        began = time.perf_counter()
        with connection.execute_wrapper(count):
            tasks.do(lease, time.monotonic() + tasks.SLICE)
        spent.seconds[kind] += time.perf_counter() - began
        spent.jobs[kind] += 1
    return spent


@dataclass(frozen=True)
class Bridged:
    """A tenant with two desks and a bridge between them. Made and used outside of any scope."""

    server: Server
    tenant: uuid.UUID
    desks: tuple[str, str]
    accounts: tuple[LinkedAccount, LinkedAccount]

    @classmethod
    def make(cls, server: Server, name: str, counts: tuple[int, int]) -> Bridged:
        """Two desks with so many tickets each, changed a day ago, both read, not bridged yet."""
        desks = (f"{name}-a", f"{name}-b")
        for desk, count in zip(desks, counts, strict=True):
            server.order(desk, "_fill", count=count, first=1, age=86_400)
        tenant = Tenant.create(name)
        with scope(tenant.id):
            both = linked(server, desks[0]), linked(server, desks[1], at=counterpart)
        bridged = cls(server, tenant.id, desks, both)
        work()
        return bridged

    def join(self) -> uuid.UUID:
        """Make the bridge, whose first round is due then."""
        fields = ("name", "description", "status", "priority")
        with scope(self.tenant), transaction.atomic():
            wish = setup.Wish(
                *self.accounts, MODEL, winner=Side.A, fields=fields, frequency=3600.0, mode="live"
            )
            return setup.create(wish).id

    def edit(self, count: int, text: str) -> float:
        """Edit the first tickets of side a behind everybody's back; when, in seconds since the epoch."""
        ids = [str(number) for number in range(1, count + 1)]
        return float(self.server.order(self.desks[0], "_edit", ids=ids, text=text))

    def read(self) -> None:
        """Have both sides read."""
        with scope(self.tenant), transaction.atomic():
            for stream in Stream.objects.all():
                steer.read_now(stream.id)

    def are_equal(self) -> bool:
        """Whether both desks say the same, by what they themselves hold."""
        a, b = (self.server.order(desk, "_texts") for desk in self.desks)
        return bool(a == b)

    def is_busy(self) -> bool:
        """Whether a job of the tenant is due or under way."""
        return is_busy(self.tenant)
