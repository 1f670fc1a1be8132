"""What tests of the sandbox share: a web server on loopback that serves it, and accounts that are linked there."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
import requests
from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import WSGIServer
from django.db import connections, transaction
from django.test import Client
from django.test.testcases import QuietWSGIRequestHandler
from pytest_django import Settings

from integrations.kit.client import Client as KitClient
from integrations.kit.observation import Connection
from integrations.sandbox.service import store
from integrations.sandbox.spelling import categories
from tenants.scope import scope
from tenants.vault import Secret
from tests.people import Person
from unified_api import registry
from unified_api.link.linking import Request, link
from unified_api.sync import job, tasks


def _serve(server: WSGIServer) -> None:
    """Answer one request after the other; a server without threads closes the connection behind each answer."""
    server.serve_forever(0.02)
    connections.close_all()


@pytest.fixture
def access_log() -> list[str]:
    """Every request that the server of the sandbox answers, such as `"GET /sandbox/v1/account HTTP/1.1" 200 40`."""
    return []


@pytest.fixture
def served(settings: Settings, monkeypatch: pytest.MonkeyPatch, access_log: list[str]) -> Iterator[str]:
    """The address of the sandbox; wake-ups go nowhere, a test does the due work itself."""

    class Logging(QuietWSGIRequestHandler):
        def log_message(self, form: str, *args: Any) -> None:
            access_log.append(form % args)

    monkeypatch.setattr(job, "wake", lambda *_args: None)
    settings.PROVIDER_REQUESTS_PER_SECOND = settings.PROVIDER_BURST = 10_000
    server = WSGIServer(("127.0.0.1", 0), Logging)
    server.set_app(WSGIHandler())
    thread = threading.Thread(target=_serve, args=(server,))
    thread.start()
    settings.SANDBOX_URL = f"http://127.0.0.1:{server.server_port}/sandbox"
    yield settings.SANDBOX_URL
    server.shutdown()
    server.server_close()
    thread.join()


@dataclass
class Remote:
    """A sandbox as somebody uses it who has its key."""

    url: str
    key: Secret
    category: str

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        """Any request to it; `If_Match` stands for the header If-Match."""
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        signed = {"Authorization": f"Bearer {self.key.reveal()}", **more}
        return requests.request(method, f"{self.url}/v1/{path}", json=body, headers=signed, timeout=120)

    def all(self, kind: str, query: str = "") -> list[dict[str, Any]]:
        """Every object of a kind, by paging."""
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = self.call("GET", f"objects/{kind}?limit=40{query}{cursor}").json()
            found += page["objects"]
            if page["next"] is None:
                return found
            cursor = f"&cursor={page['next']}"


@dataclass
class Account:
    """A linked account at a sandbox, and the API as its caller sees it."""

    person: Person
    remote: Remote
    token: Secret

    def get(self, path: str, **query: str) -> Any:
        """The decoded answer of a GET below the account's category."""
        return self.fetch(path, **query).json()

    def fetch(self, path: str, **query: str) -> Any:
        """The answer of such a GET."""
        return Client().get(f"/api/{self.remote.category}/v1/{path}", query, headers=self._headers)

    def send(self, method: str, path: str, body: Any, **headers: str) -> Any:
        """A request with a JSON body."""
        call = getattr(Client(raise_request_exception=False), method)
        return call(
            f"/api/{self.remote.category}/v1/{path}",
            data=json.dumps(body),
            content_type="application/json",
            headers={**self._headers, **headers},
        )

    @property
    def _headers(self) -> dict[str, str]:
        return {**self.person.headers, "X-Account-Token": self.token.reveal()}

    def work(self) -> None:
        """Do everything that is due."""
        for queue in job.QUEUES:
            while lease := job.claim_next(queue):
                tasks.do(lease, time.monotonic() + 20)


MakeRemote = Callable[..., Remote]
MakeAccount = Callable[..., Account]


def sandbox_of(person: Person, served: str, category: str, seed: str = "1") -> Remote:
    """A new sandbox of a person's tenant."""
    with scope(person.tenant_id), transaction.atomic():
        made = store.make(category, seed)
    return Remote(served, made.key, category)


def linked(person: Person, remote: Remote, **more: Any) -> Account:
    """Its account, linked as `manage.py link` links it."""
    wish = Request(f"sandbox-{remote.category}", "customer-1", {"key": remote.key.reveal()}, **more)
    with scope(person.tenant_id):
        return Account(person, remote, link(wish).token)


@pytest.fixture
def remote(alice: Person, served: str) -> MakeRemote:
    """Make a sandbox of Alice's."""
    return lambda category, seed="1": sandbox_of(alice, served, category, seed)


@pytest.fixture
def account(alice: Person, remote: MakeRemote) -> MakeAccount:
    """Make a sandbox of Alice's, and link it for her customer."""
    return lambda category, **more: linked(alice, remote(category), **more)


@pytest.fixture(params=categories())
def client(request: pytest.FixtureRequest, remote: MakeRemote) -> Iterator[KitClient]:
    """The kit's way to a sandbox of each category."""
    sandbox = remote(request.param)
    connection = Connection({}, {"key": sandbox.key}, moments=count(1).__next__)
    with KitClient(registry.by_slug(f"sandbox-{request.param}"), connection) as one:
        yield one
