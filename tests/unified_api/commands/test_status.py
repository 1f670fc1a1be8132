"""`manage.py status`: how the installation and its tenants stand."""

from __future__ import annotations

import pytest
from django.core.management.base import CommandError
from django.db import OperationalError
from django.http import HttpRequest

from tenants.models import OperatorEvent
from tests.people import Person
from tests.stub import Desk
from tests.unified_api.commands.conftest import AtDesk, Call
from unified_api import __version__
from unified_api.serve import health
from unified_api.sync import clock
from unified_api.sync.models import Write, WriteState


def test_status_tells_version_and_what_answers(call: Call) -> None:
    """Version, database and broker are told; the look across tenants is on record."""
    document = call("status", "--json").document

    assert (document["version"], document["database"], document["broker"]) == (__version__, True, True)
    assert document["tenants"] == []
    assert document["jobs"] == {"waiting": 0, "due": 0, "overdue": 0, "under way": 0}
    assert OperatorEvent.objects.get().reason == "manage.py status"


def test_status_counts_each_tenants_own(
    call: Call, alice: Person, charlie: Person, desk: Desk, linked: AtDesk
) -> None:
    """Accounts, streams, writes and jobs are counted by tenant, and nobody else's are among them."""
    call("sync", linked.account_id, "--model", "tags", "--wait")
    with alice.at_work():
        Write.objects.create(
            linked_account_id=linked.account_id,
            model="ticketing.Ticket",
            operation="create",
            values={},
            state=WriteState.UNCERTAIN,
            journalled_at=clock.now(),
        )
    chocolate, wonder = call("status", "--json").document["tenants"]

    assert wonder["linked_accounts"] == {"COMPLETE": 1}
    assert wonder["open_writes"] == {"uncertain": 1}
    assert wonder["jobs"] == {"due": 2, "waiting": 1}
    assert [s["last_result"] for s in wonder["streams"]] == ["DONE", None, None]
    assert chocolate["streams"] == []
    assert chocolate["linked_accounts"] == {}


def test_one_tenant_can_be_asked_for(call: Call, alice: Person, charlie: Person) -> None:
    """--tenant shows the one, by name or id, and no other."""
    shown = call("status", "--tenant", "Wonder Ltd", "--json").document

    assert [t["name"] for t in shown["tenants"]] == ["Wonder Ltd"]
    assert "Chocolate" not in call("status", "--tenant", str(alice.tenant_id)).out


def test_people_read_errors_of_streams(call: Call, alice: Person, desk: Desk, linked: AtDesk) -> None:
    """A stream that failed is listed with its reason."""
    desk.refuse = [403]
    with pytest.raises(CommandError):
        call("sync", linked.account_id, "--model", "tags", "--wait")
    told = call("status").out

    assert "accounts: 1 COMPLETE" in told
    assert f"Forbidden: ticketing.Tag of stub account {linked.account_id} (end user customer-1): " in told


def test_a_broker_that_is_away_fails_the_command(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """The document is printed all the same, and the exit status is 1."""
    monkeypatch.setattr(health, "broker_answers", lambda: False)
    with pytest.raises(CommandError, match="broker does not answer"):
        call("status", "--json")


def test_a_database_that_is_away_fails_the_command(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing more can be told, and the reason is; whoever asks for the health is not told it."""

    def away(_cursor: object) -> None:
        raise OperationalError("no such host\nand more")

    monkeypatch.setattr(health, "ages", away)
    with pytest.raises(CommandError, match=r"^The database does not answer: no such host$"):
        call("status")
    healthy = health.healthz(HttpRequest())

    assert healthy.status_code == 503
    assert b"no such host" not in healthy.content
