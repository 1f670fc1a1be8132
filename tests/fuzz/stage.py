"""What the requests meet: the web server as a process, and a tenant with something behind every kind of path.

For one end user, a sandbox and an account of the tenant's own product are linked in each category and were read; a
bridge between the two of ticketing has a plan, pairs, a conflict and a record in review. No worker runs, so what a
request begins stays begun, and what a seed gives does not depend on who was faster.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import requests

from tests.chaos.processes import SUPERVISOR, free_port, kill
from tests.chaos.stage import set_up_django
from tests.fuzz import launch
from tests.homes import quick
from tests.unified_api.models.contract import CATEGORIES

CUSTOMER: Final = "customer-1"
READY: Final = 300.0
#: Seconds in which a job of the stage has to end.
SLICE: Final = 60.0
BRIDGE: Final[dict[str, Any]] = {
    "name": "tickets",
    "a": {"end_user": CUSTOMER, "integration": "sandbox-ticketing"},
    "b": {"end_user": CUSTOMER, "integration": "product", "category": "ticketing"},
    "models": {
        "ticketing.Ticket": {
            "winner": "ask",
            "filter": {"a": {"priority": {"is": "URGENT"}}},
            "fields": {"name": None, "description": None},
        }
    },
}


@dataclass(frozen=True)
class Stage:
    """Where the product is served, the tenant's API key, and account tokens by category.

    sandboxes: of accounts at sandboxes. products: of accounts that the tenant pushes to.
    """

    url: str
    tenant: uuid.UUID
    key: str
    sandboxes: dict[str, str]
    products: dict[str, str]

    def call(self, method: str, path: str, body: Any = None, *, token: str = "") -> Any:
        """The decoded answer to a good request."""
        headers = {"Authorization": f"Bearer {self.key}", **({"X-Account-Token": token} if token else {})}
        with requests.Session() as session:
            session.trust_env = False
            answer = session.request(
                method, f"{self.url}/api/{path}", json=body, headers=headers, timeout=300
            )
        if not answer.ok:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json()

    def another(self, category: str) -> str:
        """The token of one more account, of a customer who has no other."""
        from tenants.scope import scope

        with scope(self.tenant):
            return _linked("product", {}, category, customer=f"customer {next(_customers)}")


_customers: Final = itertools.count(2)


@contextmanager
def staged(folder: Path) -> Iterator[Stage]:
    """Everything running in this folder; nothing of it runs afterwards."""
    home, port = quick(folder / "home"), free_port()
    url = f"http://127.0.0.1:{port}"
    os.environ["SANDBOX_URL"] = f"{url}/sandbox"
    set_up_django(home)
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connections

    from unified_api.serve.postgres import Cluster

    cluster = Cluster(home)
    with ExitStack() as ends:
        ends.callback(cluster.wait_until_stopped)
        ends.enter_context(cluster.hold(settings.SECRET_KEY))
        call_command("migrate", verbosity=0, interactive=False)
        connections.close_all()
        ends.enter_context(_served(port, folder / "web.log"))
        ends.callback(connections.close_all)
        _await(url)
        yield _filled(url)


@contextmanager
def _served(port: int, log: Path) -> Iterator[None]:
    """The web server, until the end."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, launch.__file__, "web", "--port", str(port)],
            env={**os.environ, SUPERVISOR: str(os.getpid())},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            kill(process.pid)
            process.wait()


def _await(url: str) -> None:
    ends = time.monotonic() + READY
    while True:
        try:
            requests.get(f"{url}/healthz", timeout=5)
        except requests.RequestException:
            if time.monotonic() > ends:
                raise
            time.sleep(0.05)
        else:
            return


def _filled(url: str) -> Stage:
    from tenants import apikeys
    from tenants.models import Tenant
    from tenants.scope import scope

    tenant = Tenant.create("Fuzz")
    with scope(tenant.id):
        _, key = apikeys.issue("of the harness", may_read_sensitive=True)
        sandboxes = {category: _sandbox(category) for category in CATEGORIES}
        products = {category: _linked("product", {}, category) for category in CATEGORIES}
    stage = Stage(url, tenant.id, key.reveal(), sandboxes, products)
    _work()
    _bridge(stage)
    return stage


def _sandbox(category: str) -> str:
    from django.db import transaction

    from integrations.sandbox.service import store

    with transaction.atomic():
        made = store.make(category, "1")
    return _linked(f"sandbox-{category}", {"key": made.key.reveal()}, category)


def _linked(integration: str, values: dict[str, str], category: str, customer: str = CUSTOMER) -> str:
    from unified_api.link.linking import Request, link

    return link(Request(integration, customer, values, category=category)).token.reveal()


def _work() -> None:
    """Do everything that is due."""
    from unified_api.sync import job, tasks

    for queue in job.QUEUES:
        while lease := job.claim_next(queue):
            tasks.do(lease, time.monotonic() + SLICE)


def _bridge(stage: Stage) -> None:
    """A bridge that has written, whose sides then edited one name both, and a plan that takes back what it wrote."""
    stage.call("PUT", "sync/v1/bridges", BRIDGE)
    _work()
    (plan,) = stage.call("GET", "sync/v1/plans")["results"]
    stage.call("POST", f"sync/v1/plans/{plan['id']}/approve", {"hash": plan["hash"]})
    _work()
    pairs = stage.call("GET", f"sync/v1/pairs?bridge_id={plan['bridge_id']}")["results"]
    pair, other, *_ = [one for one in pairs if one["record_a"] and one["record_b"]]
    for side, token in (("a", stage.sandboxes["ticketing"]), ("b", stage.products["ticketing"])):
        path = f"ticketing/v1/tickets/{pair[f'record_{side}']}"
        stage.call("PATCH", path, {"model": {"name": f"As side {side} has it"}}, token=token)
    _work()
    stage.call("POST", "sync/v1/undo", {"bridge_id": plan["bridge_id"], "pair_id": other["id"]})
