"""`manage.py tenant sql-role`: a login for a tenant's analysts from the command line."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from django.conf import settings
from django.core.management.base import CommandError

from tenants.models import AuditEvent
from tests.people import Person
from tests.unified_api.commands.conftest import Call
from unified_api.serve import analysts


@pytest.fixture
def wonder(call: Call, alice: Person) -> Iterator[str]:
    """Alice's company, whose login for analysts ends with the test, if there still is one."""
    yield "Wonder Ltd"
    if trail(alice)[-1:] != ["sql_role.revoked"]:
        call("tenant", "sql-role", "Wonder Ltd", "--revoke")


def trail(person: Person) -> list[str]:
    """What happened to a company's login for analysts."""
    with person.at_work():
        events = AuditEvent.objects.filter(action__startswith="sql_role.").order_by("at")
        assert {(event.actor_kind, event.actor) for event in events} <= {("command", "manage.py tenant")}
        return [event.action for event in events]


def test_people_read_the_login_and_that_its_password_is_shown_once(
    call: Call, wonder: str, alice: Person
) -> None:
    """Role, password, where to go and which schema; the trail knows that it was made, and no password."""
    told = call("tenant", "sql-role", wonder).out

    assert f"sql_role: isthmus_analyst_{alice.tenant_id.hex}" in told
    assert "schema: analysts" in told
    assert "it is shown this once." in told
    assert trail(alice) == ["sql_role.created"]
    password = told.partition("password: ")[2].splitlines()[0]
    with alice.at_work():
        assert password not in str([event.detail for event in AuditEvent.objects.all()])


def test_made_again_it_has_another_password(call: Call, wonder: str, alice: Person) -> None:
    """The first one opens nothing any more, the second one does; both are on record."""
    first, second = (call("tenant", "sql-role", wonder, "--json").document for _ in range(2))
    where = {"user": second["sql_role"], "dbname": second["database"], "host": second["host"]}
    port = second["port"] or None
    assert first["password"] != second["password"]
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(**where, port=port, password=first["password"])

    psycopg.connect(**where, port=port, password=second["password"]).close()
    assert trail(alice) == ["sql_role.created", "sql_role.created"]


def test_revoked_it_opens_nothing(call: Call, wonder: str, alice: Person) -> None:
    """Its sessions are over as well, and there is nothing to revoke a second time."""
    told = call("tenant", "sql-role", wonder, "--json").document
    where = {
        "user": told["sql_role"],
        "dbname": told["database"],
        "host": told["host"],
        "port": told["port"] or None,
    }
    with psycopg.connect(**where, password=told["password"], autocommit=True) as session:
        assert "is revoked: its sessions are over" in call("tenant", "sql-role", wonder, "--revoke").out
        with pytest.raises(psycopg.OperationalError):
            session.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(**where, password=told["password"])
    with pytest.raises(CommandError, match="has no login for analysts"):
        call("tenant", "sql-role", wonder, "--revoke")
    assert trail(alice) == ["sql_role.created", "sql_role.revoked"]


def test_without_the_owners_login_nobody_is_let_in(
    call: Call, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that has the app's login alone says what it lacks."""
    monkeypatch.setattr(settings, "OWNER_LOGIN", None)
    with pytest.raises(CommandError, match="made with the owner's login: set DATABASE_URL"):
        call("tenant", "sql-role", "Wonder Ltd")


def test_a_server_that_does_not_answer_leaves_no_trace(
    call: Call, alice: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nobody was let in, the trail does not say so."""

    def away(*_: object, **__: object) -> None:
        raise psycopg.OperationalError("connection refused")

    monkeypatch.setattr(analysts, "let_in", away)
    with pytest.raises(CommandError, match="connection refused"):
        call("tenant", "sql-role", "Wonder Ltd")
    assert trail(alice) == []
