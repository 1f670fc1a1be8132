"""What the hostile tests share: a linked account at the hostile server, and the whole way from job to store."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psycopg
import pytest
from django.db import transaction
from pytest_django.fixtures import Settings

from integrations.kit.http import Patience
from integrations.kit.transport import Limits
from tenants import accounts
from tenants.models import LinkedAccount, Tenant
from tenants.scope import scope
from tenants.vault import Secret
from tests.hostile import remote
from tests.hostile.server import Behaviour, Server, serving
from unified_api import registry
from unified_api.models.base import CommonModel, common_model
from unified_api.sync import connect, job, streams, tasks
from unified_api.sync.models import Run, SetAside, Stream

#: Of a body small enough for a test, and long enough for a busy machine.
LIMITS = Limits(connect=60.0, read=60.0, total=120.0, body=3_500_000)
#: For servers that never end by themselves.
HURRY = Limits(connect=0.3, read=0.3, total=0.5, body=3_500_000)


@dataclass
class House:
    """Alice's customer's account at the tracker, and what Isthmus knows of it."""

    account: LinkedAccount
    tracker: remote.Tracker
    server: Server
    model: str = "ticketing.Ticket"

    def go(self, model: str | None = None, *, full: bool = False) -> Stream:
        """One run of a stream by a worker, due or not, until it ends or waits; the stream as it is then."""
        stream = self.stream(model)
        if full:
            with transaction.atomic():
                streams.resync(stream)
        while True:
            lease = job.claim(streams.KIND, stream.id)
            assert lease
            tasks.do(lease, time.monotonic() + 20)
            stream = self.stream(model)
            if stream.run_id is None or stream.reason == "RATE_LIMITED":
                return stream

    def stream(self, model: str | None = None) -> Stream:
        """A stream as stored."""
        with transaction.atomic():
            found: Stream = Stream.objects.get(linked_account_id=self.account.id, model=model or self.model)
        return found

    def run(self) -> Run:
        """The newest run of the stream."""
        with transaction.atomic():
            found: Run | None = Run.objects.filter(stream_id=self.stream().id).order_by("-started").first()
        assert found
        return found

    def records(self, model: str | None = None) -> dict[str, CommonModel]:
        """All records of a model that were seen, by remote id."""
        kind = common_model(model or self.model)
        with transaction.atomic():
            return {r.remote_id or "": r for r in kind.objects.filter(is_shell=False)}

    def aside(self) -> dict[str | None, str]:
        """Reasons of what is set aside, by remote id."""
        with transaction.atomic():
            return dict(SetAside.objects.values_list("remote_id", "reason"))

    def oddly(self, behaviour: Behaviour, path: str = "/tickets") -> None:
        """Let the server behave like this at a path."""
        self.server.odd[path] = behaviour

    def sanely(self) -> None:
        """Let the server behave."""
        self.server.odd.clear()


@pytest.fixture
def tenant(database: psycopg.Connection) -> Iterator[uuid.UUID]:
    """A tenant, in scope."""
    made = Tenant.create("Alice's company")
    with scope(made.id):
        yield made.id


@pytest.fixture
def tracker() -> remote.Tracker:
    """The remote's own store."""
    return remote.Tracker()


@pytest.fixture
def server(tracker: remote.Tracker) -> Iterator[Server]:
    """The server, which behaves until it is told otherwise."""
    with serving(tracker.behave) as running:
        yield running


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Called in a test, it makes everything end soon from there on; called again, no more."""
    left = [HURRY, LIMITS]

    def change() -> None:
        monkeypatch.setattr(connect, "LIMITS", left.pop(0))

    return change


@pytest.fixture
def house(
    tenant: uuid.UUID,
    tracker: remote.Tracker,
    server: Server,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> House:
    """The account, linked and not yet read, with limits that end soon."""
    settings.ALLOW_PRIVATE_HOSTS = ["127.0.0.1"]
    settings.PROVIDER_REQUESTS_PER_SECOND = settings.PROVIDER_BURST = 10_000
    monkeypatch.setitem(registry._providers, remote.PROVIDER.slug, remote.PROVIDER)
    monkeypatch.setattr(job, "wake", lambda *_args: None)
    monkeypatch.setattr(connect, "LIMITS", LIMITS)
    monkeypatch.setattr(connect, "PATIENCE", Patience(attempts=2, base=0.0))
    account, _token, _again = accounts.link(
        category="ticketing",
        integration="hostile",
        end_user_origin_id="customer-1",
        settings={"base_url": server.url},
        credential={"token": Secret(remote.TOKEN)},
        remote_identity="tracker-1",
    )
    with transaction.atomic():
        streams.start(account)
    return House(account, tracker, server)
