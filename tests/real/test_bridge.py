"""A bridge between a real Roundup and a real django-helpdesk, each edited through its own API."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path
from urllib.parse import quote

import pytest
from django.db import connection, transaction
from pytest_django.fixtures import Settings

from demo import directly
from demo.servers import HelpDesk, Roundup
from tests.real.systems import CLOSED, CRITICAL, DUPLICATE, LOW, NORMAL, Real, empty, link
from tests.unified_api.sync.conftest import no_broker, tenant
from unified_api.engine.values import Side
from unified_api.sync import clock, job, tasks
from unified_api.sync.bridge import setup
from unified_api.sync.models import Change, Job, Write, WriteState

__all__ = ["no_broker", "tenant"]  # fixtures

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def real(systems: tuple[Roundup, HelpDesk], tenant: uuid.UUID, no_broker: None, settings: Settings) -> Real:
    """Both servers, emptied, bridged; Roundup wins."""
    settings.ALLOW_PRIVATE_HOSTS = ["127.0.0.1"]
    empty(*systems)
    roundup, desk = systems
    wish = setup.Wish(
        link("roundup", roundup),
        link("django-helpdesk", desk),
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


def test_a_merge_at_the_desk_moves_the_pair_to_the_winner(real: Real) -> None:
    """What the winner says travels to the issue, and the issue's edits to the winner; the loser is left as it is."""
    directly.add_issue(real.roundup, "Printer", "It is on fire")
    real.round()
    loser = real.ticket("Printer")["id"]
    directly.add_ticket(real.desk, "Burning printer", "It is on fire", CRITICAL)
    winner = real.ticket("Burning printer")["id"]
    real.desk.rest("PATCH", f"tickets/{loser}/", {"merged_to": winner, "status": DUPLICATE})
    real.round()
    assert directly.issues_named(real.roundup, "printer") == ["Burning printer"]
    issue = real.issue("Burning printer")
    assert issue["priority"] == "critical"

    directly.edit_issue(real.roundup, issue["id"], title="Wet printer")
    real.round()
    assert (real.ticket("Wet printer")["id"], real.ticket("Printer")["id"]) == (winner, loser)
    assert real.ticket("Printer")["status"] == DUPLICATE


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
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, timeout=300, check=False)
