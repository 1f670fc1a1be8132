"""Erasure: nothing of a deleted account's customer stays, and nothing of another account goes."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import psycopg
import pytest
from django.db import transaction
from psycopg import sql

from tenants import accounts
from tenants.models import LinkedAccount
from tests.stub import Desk
from unified_api.models.ticketing import Ticket
from unified_api.sync import erase, journal, streams
from unified_api.sync.models import Job, Stream

Drain = Callable[[], int]


def tables_that_hold(owner: psycopg.Connection, text: str) -> set[str]:
    """Names of the tables in which a text occurs anywhere."""
    names = [n for (n,) in owner.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    found = sql.SQL("SELECT 1 FROM {t} WHERE {t}::text LIKE {like} LIMIT 1")
    like = sql.Literal(f"%{text}%")
    return {n for n in names if owner.execute(found.format(t=sql.Identifier(n), like=like)).fetchone()}


def test_erasing_an_account_leaves_no_trace_of_its_records(
    account: LinkedAccount,
    desk: Desk,
    work_until_idle: Drain,
    database: psycopg.Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Records, raw answers, log, journal, runs and jobs of the account are gone; the audit trail says who did it."""
    monkeypatch.setattr(erase, "AT_ONCE", 3)
    for number in range(10):
        desk.add(title=f"CANARY {number}", updated="nonsense" if number == 9 else "2026-01-01T00:00:00+00:00")
    desk.tables["tickets"]["10"]["updated"] = "nonsense"
    work_until_idle()
    desk.edit("1", title="CANARY edited")
    with transaction.atomic():
        streams.resync(Stream.objects.get(model="ticketing.Ticket"))
    work_until_idle()
    with transaction.atomic():
        journal.enter(journal.Intent(account, Ticket, "create", wanted={"name": "CANARY"}), delay=1000)
    assert {"ticketing_ticket", "sync_change", "sync_setaside", "sync_write"} <= tables_that_hold(
        database, "CANARY"
    )

    with transaction.atomic():
        accounts.delete(account)
        erase.begin(account.id)
    work_until_idle()

    assert tables_that_hold(database, "CANARY") == set()
    assert tables_that_hold(database, str(account.id)) == {"tenants_auditevent", "tenants_linkedaccount"}
    assert not Job.objects.exists()


def test_erasing_an_account_leaves_others_alone(
    account: LinkedAccount, desk: Desk, work_until_idle: Drain
) -> None:
    """Another account's records are as they were."""
    desk.add(title="kept")
    work_until_idle()
    with transaction.atomic():
        erase.begin(uuid.uuid4())
    work_until_idle()

    with transaction.atomic():
        assert Ticket.objects.count() == 1
