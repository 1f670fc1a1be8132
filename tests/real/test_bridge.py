"""A bridge between a real Roundup and a real django-helpdesk, each edited through its own API."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection, transaction
from pytest_django.fixtures import Settings

from demo import directly
from demo.servers import HelpDesk, Roundup, Server
from tenants import accounts
from tenants.models import LinkedAccount
from tenants.vault import Secret
from tests.unified_api.sync.conftest import no_broker, tenant
from unified_api import registry
from unified_api.engine.values import Side
from unified_api.sync import clock, job, pull, tasks
from unified_api.sync.bridge import setup, showing
from unified_api.sync.bridge.waiting import Round
from unified_api.sync.models import Change, Job, Write, WriteState
from unified_api.sync.models_bridge import Bridge

__all__ = ["no_broker", "tenant"]  # fixtures

ROOT = Path(__file__).resolve().parents[2]
#: The desk's numbers.
OPEN, CLOSED, CRITICAL, NORMAL, LOW = 1, 4, 1, 3, 4


@pytest.fixture(scope="module")
def systems(software: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Roundup, HelpDesk]]:
    """A tracker and a desk of this file's own: a bridge copies whatever other tests leave behind."""
    with (
        Roundup(software, tmp_path_factory.mktemp("bridged-roundup")) as roundup,
        HelpDesk(software, tmp_path_factory.mktemp("bridged-desk")) as desk,
    ):
        yield roundup, desk


@dataclass
class Real:
    """Both servers and the bridge between them."""

    tenant: uuid.UUID
    roundup: Roundup
    desk: HelpDesk
    bridge_id: uuid.UUID

    def turn(self) -> Round:
        """A round of the bridge."""
        return Round(self.tenant, self.bridge_id, patience=60)

    def round(self) -> dict[str, Any]:
        """Read both and settle all; how the bridge stands then."""
        turn = self.turn()
        turn.read(lambda: None)
        assert turn.settle()
        with transaction.atomic():
            return showing.standing(Bridge.objects.get(id=self.bridge_id))

    def issue(self, title: str) -> dict[str, Any]:
        """Roundup's issue of this title, of which there has to be one."""
        found = directly.find_issue(self.roundup, title=title)
        assert found is not None
        return found

    def tickets(self, title: str) -> list[dict[str, Any]]:
        """The desk's tickets of this title."""
        page = self.desk.rest("GET", "tickets/", page_size=100)
        assert page["next"] is None
        return [one for one in page["results"] if one["title"] == title]

    def ticket(self, title: str) -> dict[str, Any]:
        """The desk's ticket of this title, of which there has to be one."""
        (found,) = self.tickets(title)
        return found

    def writes(self) -> int:
        """Requests that change something, by both servers' own logs."""
        return self.roundup.writes() + self.desk.writes()


def _link(slug: str, server: Server) -> LinkedAccount:
    settings, secrets = registry.by_slug(slug).accept({**server.settings, **server.secrets})
    account, _, _ = accounts.link(
        category="ticketing",
        integration=slug,
        end_user_origin_id="customer-1",
        settings=settings,
        credential={name: Secret(value) for name, value in secrets.items()},
    )
    with transaction.atomic():
        pull.start(account)
    return account


@pytest.fixture
def real(systems: tuple[Roundup, HelpDesk], tenant: uuid.UUID, no_broker: None, settings: Settings) -> Real:
    """Both servers, emptied, bridged; Roundup wins."""
    settings.ALLOW_PRIVATE_HOSTS = ["127.0.0.1"]
    roundup, desk = systems
    for issue in roundup.rest("GET", "issue", **{"@verbose": 1})["collection"]:
        roundup.rest("DELETE", f"issue/{issue['id']}")
    for ticket in desk.rest("GET", "tickets/", page_size=100)["results"]:
        desk.rest("DELETE", f"tickets/{ticket['id']}/")
    wish = setup.Wish(
        _link("roundup", roundup),
        _link("django-helpdesk", desk),
        "ticketing.Ticket",
        winner="a",
        fields=("name", "description", "status", "priority"),
        words=[("status", Side.B, "IN_PROGRESS", "OPEN")],
        mode="live",
    )
    with transaction.atomic():
        bridge = setup.create(wish)
    return Real(tenant, roundup, desk, bridge.id)


def test_tickets_and_edits_travel_both_ways(real: Real) -> None:
    """Each ticket gets its counterpart; an edit on either side arrives on the other."""
    directly.add_issue(real.roundup, "From the tracker", "It is on fire")
    directly.add_ticket(real.desk, "From the desk", "It is wet", NORMAL)
    real.round()
    assert real.ticket("From the tracker")["description"] == "It is on fire"
    assert real.issue("From the desk")["priority"] == "bug"

    directly.edit_issue(real.roundup, real.issue("From the desk")["id"], status="resolved")
    directly.edit_ticket(real.desk, real.ticket("From the tracker")["id"], priority=CRITICAL)
    standing = real.round()
    assert real.ticket("From the desk")["status"] == CLOSED
    assert real.issue("From the tracker")["priority"] == "critical"
    assert (standing["problems"], standing["overruled"]) == ([], [])


def test_different_fields_of_one_ticket_both_survive(real: Real) -> None:
    """Both edits are on both sides, and nobody was overruled."""
    number = directly.add_issue(real.roundup, "Printer", "It is on fire")
    real.round()
    directly.edit_issue(real.roundup, number, title="Printer upstairs")
    directly.edit_ticket(real.desk, real.ticket("Printer")["id"], priority=CRITICAL)
    standing = real.round()

    assert real.issue("Printer upstairs")["priority"] == "critical"
    assert real.ticket("Printer upstairs")["priority"] == CRITICAL
    assert standing["overruled"] == []


def test_the_same_field_follows_the_rule_and_the_other_value_is_on_record(real: Real) -> None:
    """The winner's title is on both sides; the other one stands in the history and the change log."""
    number = directly.add_issue(real.roundup, "Printer", "It is on fire")
    real.round()
    directly.edit_issue(real.roundup, number, title="Printer of the tracker")
    directly.edit_ticket(real.desk, real.ticket("Printer")["id"], title="Printer of the desk")
    standing = real.round()

    assert real.ticket("Printer of the tracker")
    (gave_way,) = standing["overruled"]
    assert (gave_way["value"], gave_way["by"]) == ("Printer of the desk", "Printer of the tracker")
    with transaction.atomic():
        change = Change.objects.get(write_id=gave_way["write_id"], source="bridge")
        assert change.fields["name"] == ["Printer of the desk", "Printer of the tracker"]


def test_ten_further_rounds_write_nothing(real: Real) -> None:
    """Counted in the servers' own access logs, and in the change log."""
    for n in range(5):
        directly.add_issue(real.roundup, f"Matter {n} of the tracker", "text\r\nwith lines ")
        directly.add_ticket(real.desk, f"Matter {n} of the desk", " text of the desk", LOW)
    directly.edit_issue(real.roundup, real.issue("Matter 1 of the tracker")["id"], status="in-progress")
    real.round()
    with transaction.atomic():
        before = real.writes(), Write.objects.count(), Change.objects.count()
    for _ in range(10):
        standing = real.round()

    with transaction.atomic():
        assert (real.writes(), Write.objects.count(), Change.objects.count()) == before
    assert (standing["pairs"], standing["problems"]) == ({"paired": 10}, [])


@pytest.mark.parametrize("to", ["the desk", "the tracker"])
def test_a_worker_killed_between_write_and_answer_makes_one_ticket(real: Real, to: str) -> None:
    """The ticket was made and its answer died with the worker: it is found again, and not made twice."""
    if to == "the desk":
        directly.add_issue(real.roundup, "Printer", "It is on fire")
    else:
        directly.add_ticket(real.desk, "Printer", "It is on fire", NORMAL)
    real.turn().read(lambda: None)
    lease = job.claim(setup.KIND, real.bridge_id)
    assert lease is not None
    tasks.do(lease, 1e9)
    with transaction.atomic():
        (write,) = Write.objects.all()
    assert _dying(real.tenant, write.id).returncode == -signal.SIGKILL
    with transaction.atomic():
        write.refresh_from_db()
        Write.objects.update(sent_at=clock.now() - dt.timedelta(minutes=5))
        Job.objects.update(due_at=clock.now(), leased_until=None)
    assert write.state == WriteState.SENT
    standing = real.round()

    assert len(real.tickets("Printer")) == 1
    assert real.issue("Printer")
    assert standing["pairs"] == {"paired": 1}
    assert standing["writes"] == {"done": 1}


def _dying(tenant_id: uuid.UUID, write_id: uuid.UUID) -> subprocess.CompletedProcess[bytes]:
    login = connection.settings_dict
    user, password, host = (quote(str(login[name]), safe="") for name in ("USER", "PASSWORD", "HOST"))
    port = f"&port={login['PORT']}" if login["PORT"] else ""
    url = f"postgres://{user}:{password}@/{login['NAME']}?host={host}{port}"
    command = [sys.executable, "-m", "tests.real.dying_worker", str(tenant_id), str(write_id)]
    environment = {**os.environ, "DATABASE_APP_URL": url, "ALLOW_PRIVATE_HOSTS": "127.0.0.1"}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, timeout=60, check=False)
