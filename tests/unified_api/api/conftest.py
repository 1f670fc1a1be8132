"""What tests of the API share: a customer's account at a help desk of our own, and two ways to call.

`alice` has linked the desk. `api` calls in this process; `live` is a server on loopback for the official client.
"""

from __future__ import annotations

import functools
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from django.db import connections, transaction
from django.test import Client
from django.test.client import ClientHandler
from merge.client import Merge
from pytest_django import Settings

from integrations.kit.observation import Observation
from tenants.models import LinkedAccount
from tenants.scope import scope
from tenants.vault import Secret
from tests import stub
from tests.people import Person
from tests.unified_api.api.customers import customer, installation
from tests.unified_api.api.loopback import on_loopback
from unified_api import registry
from unified_api.models.base import CommonModel, record_id
from unified_api.models.ticketing import Ticket
from unified_api.sync import job, store, tasks
from unified_api.sync.moments import Moments
from unified_api.sync.streams import start

__all__ = ["customer", "installation"]  # fixtures


@pytest.fixture
def desk(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[stub.Desk]:
    """A running help desk whose adapter is registered; wake-ups go nowhere, a test does the due work itself."""
    settings.ALLOW_PRIVATE_HOSTS = ["127.0.0.1"]
    settings.PROVIDER_REQUESTS_PER_SECOND = settings.PROVIDER_BURST = 10_000
    monkeypatch.setitem(registry._providers, stub.PROVIDER.slug, stub.PROVIDER)
    monkeypatch.setattr(job, "wake", lambda *_args: None)
    with stub.running() as running:
        yield running


@functools.cache
def _handler() -> ClientHandler:
    """Made once: each one looks through all files of the console and the documents anew."""
    return ClientHandler(enforce_csrf_checks=False)


def caller(*, raises: bool = False) -> Client:
    """Who calls the API in this process. raises: whether an error of ours is one of the test, and no answer."""
    client = Client(raise_request_exception=raises)
    client.handler = _handler()
    return client


def at_once(call: Callable[[], Any]) -> list[Any]:
    """What two get who call at the same time."""

    def alone(_number: int) -> Any:
        try:
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(alone, range(2)))


@dataclass
class Linked:
    """An account of a person's customer at the help desk, and the API as its caller sees it."""

    person: Person
    account: LinkedAccount
    token: Secret
    moments: Moments

    @property
    def headers(self) -> dict[str, str]:
        """What a request for this account carries."""
        return {**self.person.headers, "X-Account-Token": self.token.reveal()}

    def get(self, path: str, query: dict[str, Any] | None = None, **headers: str) -> Any:
        """GET below the category's path."""
        return caller(raises=True).get(
            f"/api/ticketing/v1/{path}", query or {}, headers={**self.headers, **headers}
        )

    def send(self, method: str, path: str, body: Any, **headers: str) -> Any:
        """A request with a JSON body; `If_Match` stands for the header If-Match."""
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        call = getattr(caller(), method)
        sent = {"data": body, "content_type": "application/json"}
        return call(f"/api/ticketing/v1/{path}", **sent, headers={**self.headers, **more})

    def land(self, remote_id: str, *, model: type[CommonModel] = Ticket, **values: Any) -> uuid.UUID:
        """Store a record as if it had been read."""
        with scope(self.person.tenant_id):
            began, ended = self.moments.draw(), self.moments.draw()
            raw = {"id": remote_id, **{k: str(v) for k, v in values.items()}}
            seen = Observation(model, remote_id, values, None, began, ended, raw, "/tickets", "list")
            with store.entry(self.account.id, began=self.moments.time_of) as entry:
                entry.land([seen], store.Cause("pull"))
        return record_id(self.account.id, model, remote_id)

    def work(self) -> None:
        """Do everything that is due."""
        for queue in job.QUEUES:
            while lease := job.claim_next(queue):
                tasks.do(lease, time.monotonic() + 20)

    def stored(self, query: Callable[[], Any]) -> Any:
        """What a query of the person's tenant says."""
        with self.person.at_work():
            return query()


Link = Callable[..., Linked]


@pytest.fixture
def link(desk: stub.Desk) -> Link:
    """Link an account at the help desk for a person."""

    def linked(person: Person, *, streams: bool = True, **more: Any) -> Linked:
        about = {"integration": "stub", "settings": {"base_url": desk.url}, "remote_identity": desk.account}
        account, token = person.link(**{**about, "credential": {"token": Secret(desk.token)}, **more})
        if streams:
            with scope(person.tenant_id), transaction.atomic():
                start(account)
        return Linked(person, account, token, Moments())

    return linked


@pytest.fixture
def api(alice: Person, link: Link) -> Linked:
    """Alice's customer's account."""
    return link(alice)


@pytest.fixture
def live(desk: stub.Desk) -> Iterator[str]:
    """The address of the API on loopback."""
    with on_loopback() as address:
        yield address


@pytest.fixture
def merge(api: Linked, live: str) -> Iterator[Merge]:
    """The official client, as Alice for her customer's account."""
    with httpx.Client(timeout=120) as client:
        token, key = api.token.reveal(), api.person.api_key.reveal()
        yield Merge(base_url=f"{live}/api", api_key=key, account_token=token, httpx_client=client)
