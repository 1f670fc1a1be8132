"""Starting what is measured: the remote's server, an account linked to it, and programs that obey by lines of JSON."""

from __future__ import annotations

import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson
import requests

_ROOT_MODULE = "benchmarks.remote"
#: Seconds between runs that nobody asked for: longer than a benchmark.
_SELDOM = 86_400.0


class Program:
    """A child process that answers each line with one of JSON, and ends with its standard input."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, bufsize=0
        )

    def line(self) -> Any:
        """What it says next."""
        assert self._process.stdout is not None  # noqa: S101 - asked for above
        said = self._process.stdout.readline()
        if not said:
            raise RuntimeError(f"a program ended with {self._process.wait()}: what it said is above")
        return orjson.loads(said)

    def do(self, **order: Any) -> Any:
        """Give an order and wait for its answer."""
        assert self._process.stdin is not None  # noqa: S101 - asked for above
        self._process.stdin.write(orjson.dumps(order) + b"\n")
        return self.line()

    def end(self) -> None:
        """Close its standard input, and wait for its end."""
        self._process.communicate()


@contextmanager
def program(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Iterator[Program]:
    """The program for as long as the block lasts."""
    running = Program(command, environment)
    try:
        yield running
    finally:
        running.end()


@contextmanager
def worker() -> Iterator[Program]:
    """A worker of the installation in ISTHMUS_HOME."""
    with program([sys.executable, "-m", f"{_ROOT_MODULE}.worker"]) as running:
        yield running


@dataclass(frozen=True)
class Remote:
    """The running server. records: in its list."""

    url: str
    records: int

    def edition(self, number: int) -> None:
        """Have it serve this edition from now on."""
        requests.post(f"{self.url}/edition/{number}", timeout=600).raise_for_status()

    def alone(self) -> float:
        """Records a second that it gives to somebody who reads them all and looks into none."""
        began, cursor = time.monotonic(), "after-0"
        with requests.Session() as session:
            while cursor:
                page = session.get(f"{self.url}/tickets", params={"cursor": cursor}, timeout=60).content
                cursor = page[page.rindex(b":") + 1 : -1].strip(b'"').decode().replace("null", "")
        return self.records / (time.monotonic() - began)


@contextmanager
def serving(records: int, page: int) -> Iterator[Remote]:
    """The remote with so many records, in pages of that size."""
    command = [sys.executable, "-m", f"{_ROOT_MODULE}.server", str(records), str(page)]
    with program(command) as running:
        yield Remote(f"http://127.0.0.1:{running.line()}", records)


class Account:
    """A linked account of a tenant of its own, whose tickets are read from the remote."""

    def __init__(self, remote: Remote) -> None:
        from benchmarks.remote.adapter import PROVIDER
        from tenants.models import Tenant
        from unified_api import registry

        registry.register(PROVIDER)
        self.tenant: uuid.UUID = Tenant.create(f"Tenant {uuid.uuid4()}").id
        self._link(remote)

    def _link(self, remote: Remote) -> None:
        from django.db import transaction

        from tenants import accounts
        from tenants.scope import scope
        from tenants.vault import Secret
        from unified_api.sync import streams

        with scope(self.tenant):
            linked, _token, _again = accounts.link(
                category="ticketing",
                integration="remote",
                end_user_origin_id="customer",
                settings={"base_url": remote.url},
                credential={"token": Secret("secret")},
            )
            with transaction.atomic():
                streams.start(linked, frequency=_SELDOM)

    def ask(self, *, everything: bool) -> None:
        """Have the tickets read again, all of them or what changed."""
        from django.db import transaction

        from tenants.scope import scope
        from unified_api.sync import steer
        from unified_api.sync.models import Stream

        with scope(self.tenant), transaction.atomic():
            stream = Stream.objects.get().id
            (steer.read_everything if everything else steer.read_now)(stream)

    def run(self) -> Any:
        """The newest run of the stream; raises RuntimeError when it is not green."""
        from django.db import transaction

        from tenants.scope import scope
        from unified_api.sync.models import Run

        with scope(self.tenant), transaction.atomic():
            run = Run.objects.latest("started")
        if run.result != "DONE":
            raise RuntimeError(f"the run ended as {run.result}: {run.error}")
        return run
