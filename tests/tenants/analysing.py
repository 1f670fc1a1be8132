"""Logins for analysts in tests: made by the command, entered without what only keeps from accidents."""

from __future__ import annotations

import datetime as dt
import io
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import psycopg
import pytest
from django.core.management import call_command

from tenants.models import LinkedAccount
from tests.people import Person
from tests.tenants.switches import Owner
from unified_api.management.sql_role import administrator_login
from unified_api.models.base import record_id
from unified_api.models.ticketing import Ticket

NOW = dt.datetime(2026, 1, 31, 9, 30, tzinfo=dt.UTC)
Session = psycopg.Connection[Any]
#: Somebody's first connection as an analyst, or a further one.
Login = Callable[[Person], Session]


def made(person: Person) -> dict[str, Any]:
    """A login for the analysts of a person's company."""
    out = io.StringIO()
    call_command("tenant", "sql-role", str(person.tenant_id), "--json", stdout=out)
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def enter(told: dict[str, Any], **more: Any) -> Session:
    """A session of an analyst, who begins by taking off what only keeps from accidents."""
    where = {"host": told["host"], "port": told["port"] or None, "dbname": told["database"]}
    session = psycopg.connect(
        user=told["sql_role"], password=told["password"], autocommit=True, **{**where, **more}
    )
    session.execute("SET default_transaction_read_only = off")
    session.execute("SET statement_timeout = 0")
    return session


@pytest.fixture
def logged_in(database: Owner) -> Iterator[Login]:
    """Log in as an analyst of a person's company; the logins end with the test."""
    with ExitStack() as held:

        def analyst(person: Person) -> Session:
            told = made(person)
            held.callback(
                call_command, "tenant", "sql-role", str(person.tenant_id), "--revoke", stdout=io.StringIO()
            )
            return held.enter_context(enter(told))

        yield analyst


def ticket(person: Person, account: LinkedAccount, name: str, **more: Any) -> Ticket:
    """A ticket of a customer of somebody's company."""
    with person.at_work():
        found: Ticket = Ticket.objects.create(
            id=record_id(account.id, Ticket, name),
            linked_account_id=account.id,
            remote_id=name,
            name=name,
            description=f"about {name}",
            created_at=NOW,
            modified_at=NOW,
            **more,
        )
    return found


@pytest.fixture
def analyst(logged_in: Login, alice: Person, charlie: Person) -> Session:
    """Charlie's analyst, beside a ticket of his company and one of Alice's."""
    for person in (alice, charlie):
        ticket(person, person.link()[0], f"ticket of {person.name}")
    return logged_in(charlie)


def names(session: Session, query: str = "SELECT name FROM ticketing_ticket ORDER BY name") -> list[Any]:
    """The first column of what a query finds."""
    return [row[0] for row in session.execute(query.encode()).fetchall()]


def administrator() -> str:
    """Whoever makes the logins."""
    return administrator_login().conninfo()
