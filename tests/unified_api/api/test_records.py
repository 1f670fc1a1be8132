"""How records are read from the database: what Postgres is asked, and how it finds it."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.people import Person
from unified_api.api import records
from unified_api.api.cursors import Key
from unified_api.models.ticketing import Ticket

KEY = ("2026-01-31T12:00:00.000000Z", str(uuid.UUID(int=7)))


def plan(person: Person, key: Key | None, *, backwards: bool) -> str:
    """How Postgres would read a page, behind the policies, if it could not make up for a bad query by sorting."""
    with person.at_work(), connection.cursor() as cursor:
        with CaptureQueriesContext(connection) as asked:
            records.fetch(Ticket, uuid.uuid4(), [], key, backwards, 101)
        cursor.execute("SET LOCAL enable_sort = off; SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute(f"EXPLAIN {asked.captured_queries[-1]['sql']}")
        return "\n".join(line for (line,) in cursor.fetchall())


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("key", [None, KEY])
def test_a_page_is_read_in_the_order_of_an_index(alice: Person, key: Key | None, *, backwards: bool) -> None:
    """Nothing is sorted, and a cursor is a place in the index: so the thousandth page costs what the first one does."""
    found = plan(alice, key, backwards=backwards)

    assert "ticketing_ticket_c" in found
    assert "Sort" not in found
    assert ("Index Cond:" in found and "ROW(created_at, id)" in found) == (key is not None)
