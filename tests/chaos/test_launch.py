"""What a process of the product is told when it is started for a history."""

from __future__ import annotations

import psycopg
import pytest
from django.db import connection

from tests.chaos.launch import given
from unified_api.serve.supervisor import manage_command
from unified_api.sync.job import BACKGROUND, BULK


@pytest.mark.parametrize(("queue", "shown"), [(BULK, "10s"), (BACKGROUND, "1min")])
def test_a_worker_that_gives_way_may_be_slow_within_a_transaction(
    database: psycopg.Connection, monkeypatch: pytest.MonkeyPatch, queue: str, shown: str
) -> None:
    """On a busy machine its turn may be seconds in coming: it is no sleeper, as the others would be."""
    for name, value in given(manage_command("worker", "--queue", queue)[2:]).items():
        monkeypatch.setenv(name, value)
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("SHOW idle_in_transaction_session_timeout")
        (found,) = cursor.fetchone()
    connection.close()

    assert found == shown
