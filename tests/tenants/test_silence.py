"""A process that is stopped within a transaction does not keep others from its rows for ever."""

from __future__ import annotations

import psycopg
import pytest
from django.db import OperationalError, connection, transaction

from tenants.postgres.base import LONGEST_SILENCE
from tenants.postgres.roles import as_owner

SHOW = "SHOW idle_in_transaction_session_timeout"
ALIVE = "SELECT 1 FROM pg_stat_activity WHERE pid = %s"


def shown() -> str:
    """What holds for a new connection."""
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute(SHOW)
        return str(cursor.fetchone()[0])


def test_a_silent_transaction_is_undone_after_a_minute(database: psycopg.Connection) -> None:
    """Web and workers let go; the owner, whose migrations may take their time, does not."""
    assert shown() == "1min"
    assert LONGEST_SILENCE == "60s"
    with as_owner():
        assert shown() == "0"


def test_who_has_set_it_has_the_last_word(
    database: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An operator who has set another time, for a role, a database or a connection, has a reason."""
    monkeypatch.setenv("PGOPTIONS", "-c idle_in_transaction_session_timeout=5s")

    assert shown() == "5s"


def test_who_slept_within_a_transaction_has_lost_the_database(
    database: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a restart of Postgres: an error that is expected, after which the same may be tried again."""
    monkeypatch.setenv("PGOPTIONS", "-c idle_in_transaction_session_timeout=50ms")
    connection.close()

    def sleep() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            (backend,) = cursor.fetchone()
            while database.execute(ALIVE, [backend]).fetchone():
                pass
            cursor.execute("SELECT 1")

    with pytest.raises(OperationalError):
        sleep()
    connection.close()
