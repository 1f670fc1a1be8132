"""How records are read from the database: what Postgres is asked, and how it finds it."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from tests.people import Person
from unified_api.api import filters, records
from unified_api.api.cursors import Key
from unified_api.api.params import Params
from unified_api.models.ticketing import Ticket

KEY = ("2026-01-31T12:00:00.000000Z", str(uuid.UUID(int=7)))


def plan(person: Person, key: Key | None, *, backwards: bool = False, query: str = "") -> str:
    """How Postgres would read a page, behind the policies, if it could not make up for a bad query by sorting."""
    wanted = filters.conditions(Ticket, Params(QueryDict(query)))
    with person.at_work(), connection.cursor() as cursor:
        with CaptureQueriesContext(connection) as asked:
            records.fetch(Ticket, uuid.uuid4(), wanted, key, backwards, 101)
        for way in ("sort", "seqscan", "bitmapscan"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
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


@pytest.mark.parametrize("key", [None, KEY])
def test_what_did_not_change_is_left_out_in_the_index(alice: Person, key: Key | None) -> None:
    """A reader who asks for what changed does not make Postgres look at the rows of all that did not."""
    found = plan(alice, key, query="modified_after=2026-01-31")
    (condition,) = (line for line in found.splitlines() if "Index Cond:" in line)

    assert "ticketing_ticket_c" in found
    assert "modified_at >=" in condition
    assert "Sort" not in found
