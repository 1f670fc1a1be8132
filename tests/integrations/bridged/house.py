"""Emulated systems and the product between them: linked, bridged by a ready-made file, with the test as the worker.

All systems have one clock, which stands still unless a test lets time pass; waits of the product move it as well.
"""

from __future__ import annotations

import re
import shlex
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db import transaction
from django.test import Client
from psycopg import sql
from pytest_django.fixtures import Settings

from tests.emulators.engine import Emulator, emulating
from tests.emulators.exchange import Request
from tests.emulators.vendor import Delivery, Vendor
from tests.emulators.world import Clock
from tests.unified_api.commands.conftest import Call
from unified_api.link import linking
from unified_api.sync import clock, connect, job, steer, tasks
from unified_api.sync.bridge import showing
from unified_api.sync.models import Stream, Write, WriteState
from unified_api.sync.models_bridge import Bridge

FILES: Final = Path(__file__).resolve().parents[3] / "docs" / "bridges"
#: Seconds between rounds: more than any list comes behind.
_ROUND: Final = 70.0
_DAY: Final = 86_400.0
#: What goes by time in the product; the clock itself is the database's.
_TIMES: Final = {
    "sync_job": ("due_at", "leased_until"),
    "sync_write": ("sent_at",),
    "sync_throttle": ("blocked_until", "resets_at"),
}
_OPEN: Final = (WriteState.JOURNALLED, WriteState.SENT, WriteState.UNCERTAIN)


@dataclass(frozen=True)
class Party:
    """One of the systems: its vendor, its integration, and the values that link it.

    asks: patterns of addresses at which a POST only reads.
    """

    vendor: Vendor
    slug: str
    values: Mapping[str, str]
    asks: tuple[str, ...] = ()


@dataclass
class House:
    """The systems, and what the product makes of them.

    owner: sees the rows of all tenants. asks: see Party.
    """

    tenant: uuid.UUID
    systems: tuple[Emulator, ...]
    clock: Clock
    call: Call
    owner: psycopg.Connection
    asks: tuple[str, ...] = ()
    accounts: tuple[uuid.UUID, uuid.UUID] = (uuid.UUID(int=0), uuid.UUID(int=0))

    @property
    def a(self) -> Emulator:
        """The system at side a."""
        return self.systems[0]

    @property
    def b(self) -> Emulator:
        """The one at side b."""
        return self.systems[1]

    def map(self, file: str) -> None:
        """Map fields as the head of a ready-made file says."""
        text = (FILES / file).read_text(encoding="utf-8")
        for line in re.findall(r"^#   manage\.py (mapping add .+)$", text, re.MULTILINE):
            self.call(*shlex.split(line.replace("--tenant T", f"--tenant {self.tenant}")))
        self.work()

    def apply(self, file: str, *how: str) -> None:
        """Tell the bridges of a ready-made file."""
        self.call("bridge", "apply", str(FILES / file), *how)
        self.work()

    def bridge(self, model: str) -> Bridge:
        """The bridge over a model, such as Ticket."""
        with transaction.atomic():
            found: Bridge = Bridge.objects.get(model__endswith=f".{model}")
        return found

    def standing(self, model: str) -> dict[str, Any]:
        """How it stands, as `bridge status` says."""
        bridge = self.bridge(model)
        with transaction.atomic():
            return showing.standing(bridge)

    def plan(self, model: str) -> Any:
        """What it would do."""
        return self.call("bridge", "plan", str(self.bridge(model).id), "--json").document

    def approve(self, plan: Any) -> None:
        """Let it do that, and just that."""
        self.call("bridge", "approve", str(plan["bridge_id"]), plan["hash"])
        self.work()

    def round(self) -> None:
        """Let a minute pass, have both sides read, and do all that is due."""
        self.wait(_ROUND)
        with transaction.atomic():
            models = set(Bridge.objects.values_list("model", flat=True))
            for stream in Stream.objects.filter(model__in=models):
                steer.read_now(stream.id)
        self.work()

    def rounds(self, most: int = 40, *, still: int = 1) -> None:
        """Go on until so many rounds in a row wrote nothing, and nothing is open."""
        quiet = 0
        for _ in range(most):
            before = self.writes()
            self.round()
            quiet = quiet + 1 if self.writes() == before and not self.unfinished() else 0
            if quiet == still:
                return
        raise AssertionError(f"no rest after {most} rounds: {self.unfinished()}")

    def work(self) -> None:
        """Do all that is due."""
        for queue in job.QUEUES:
            while lease := job.claim_next(queue):
                tasks.do(lease, time.monotonic() + 20)

    def wait(self, seconds: float) -> None:
        """Let time pass, at both systems and in the product."""
        self.clock.forward(seconds)
        pass_by(self.owner, seconds)

    def writes(self) -> int:
        """Requests that change something, as they arrived at the systems."""
        return sum(self.changes(one.request) for side in self.systems for one in side.exchanges)

    def changes(self, request: Request) -> bool:
        """Whether a request is to change something."""
        return request.method != "GET" and not any(fnmatchcase(request.path, one) for one in self.asks)

    def unfinished(self) -> list[str]:
        """Writes without an end."""
        with transaction.atomic():
            found = Write.objects.filter(state__in=_OPEN).order_by("journalled_at")
            return [f"{one.operation} {one.model} {one.state}: {one.error}" for one in found]

    def problems(self, model: str) -> set[tuple[str, str, str]]:
        """Side, kind and field of all that a bridge shows as a problem."""
        return {(one["side"], one["kind"], one["field"]) for one in self.standing(model)["problems"]}

    def deliver(self, side: Emulator, *, forged: bool = False) -> list[int]:
        """Take in the webhooks that a system has on their way; how each was answered. forged: with another body."""
        sent = side.packed()
        found = [_post(one, one.body + b" " if forged else one.body) for one in sent]
        self.work()
        return found


def pass_by(owner: psycopg.Connection, seconds: float) -> None:
    """Let time pass in the product, whose clock is the database's: what is due goes by so much."""
    for table, columns in _TIMES.items():
        for column in columns:
            known = {"table": sql.Identifier(table), "column": sql.Identifier(column)}
            moved = sql.SQL("UPDATE {table} SET {column} = {column} - make_interval(secs => %s)")
            owner.execute(moved.format(**known), [seconds])


def _post(delivery: Delivery, body: bytes) -> int:
    headers = {name: str(value) for name, value in delivery.headers.items()}
    kind = headers.pop("Content-Type")
    path = urlsplit(delivery.url).path
    return Client().post(path, data=body, content_type=kind, headers=headers).status_code


@contextmanager
def housed(
    parties: tuple[Party, Party], tenant: uuid.UUID, call: Call, owner: psycopg.Connection
) -> Iterator[House]:
    """Both systems, running. What they hold by the time of `link` was there before."""
    shared = Clock(clock.now())
    with emulating(parties[0].vendor, shared) as a, emulating(parties[1].vendor, shared) as b:
        yield House(tenant, (a, b), shared, call, owner, (*parties[0].asks, *parties[1].asks))


def link(house: House, parties: tuple[Party, Party]) -> None:
    """Link both systems for one end user, and have everything read; from then on only what rounds ask for."""
    house.clock.forward(600)
    linked = [
        linking.link(linking.Request(one.slug, "customer-1", {**one.values, "base_url": side.url}))
        for one, side in zip(parties, house.systems, strict=True)
    ]
    with transaction.atomic():
        Stream.objects.update(frequency=_DAY)
    house.work()
    house.accounts = (linked[0].account.id, linked[1].account.id)


def hasten(house: House, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loopback may be called, as often as one likes, and waits are over at once."""
    settings.ALLOW_PRIVATE_HOSTS = ["127.0.0.1"]
    settings.PROVIDER_REQUESTS_PER_SECOND = settings.PROVIDER_BURST = 10_000
    monkeypatch.setattr(connect, "OUTSIDE", replace(connect.OUTSIDE, sleep=house.clock.forward))
