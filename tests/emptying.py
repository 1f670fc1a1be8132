"""What a test leaves behind in the database is taken away: rows, and whatever a connection was told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from weakref import WeakKeyDictionary

import psycopg
from django.db import connection, connections
from psycopg import sql
from psycopg.pq import TransactionStatus

#: Rows of these are made by migrations and stay.
KEPT: Final = ("django_migrations", "django_content_type", "auth_permission")
#: Bytes of all tables from which on they are truncated. Below it deleting is quicker, by ten times for a few rows: new
#: files for a table, its indexes and what is stored beside it take longer than most tests.
LARGE: Final = 4_000_000
#: Tables as they are now, since tests may make some, and the bytes that each takes.
_LOOK: Final = """
SELECT relname::text, pg_relation_size(oid) FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> ALL (%s) ORDER BY relname
"""
#: Everything is locked first: whoever has written and not committed yet is waited for, and told of, as by TRUNCATE. A
#: function, whose plans are kept: to plan a query of each of a hundred tables takes longer than to ask it.
_DELETING: Final = """
CREATE OR REPLACE FUNCTION pg_temp.empty_tables() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    LOCK TABLE {tables} IN SHARE ROW EXCLUSIVE MODE;
    {deletes}
END $$
"""
_DELETE: Final = "IF EXISTS (SELECT FROM {table}) THEN DELETE FROM {table}; END IF;"

#: The tables that each connection's function deletes from.
_known: WeakKeyDictionary[psycopg.Connection[Any], list[str]] = WeakKeyDictionary()


def empty_tables(owner: psycopg.Connection[Any]) -> None:
    """Take away all rows but those of migrations. owner: a connection of the tables' owner, in autocommit."""
    sizes = _sizes(owner)
    if sum(sizes.values()) > LARGE:
        truncate_tables(owner)
    elif names := list(sizes):
        if _known.get(owner) != names:
            owner.execute(_deleting(names))
            _known[owner] = names
        owner.execute("SELECT pg_temp.empty_tables()")


def truncate_tables(owner: psycopg.Connection[Any]) -> None:
    """The same, and tables stand as if they had never had a row: the order of new ones tells nothing of old ones."""
    if names := [name for name, size in _sizes(owner).items() if size]:
        owner.execute(sql.SQL("TRUNCATE {} CASCADE").format(_listed(names)))


def _sizes(owner: psycopg.Connection[Any]) -> dict[str, int]:
    return dict(owner.execute(_LOOK, [list(KEPT)]).fetchall())


def _listed(names: list[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier("public", name) for name in names)


def _deleting(names: list[str]) -> sql.Composed:
    deletes = (sql.SQL(_DELETE).format(table=sql.Identifier("public", name)) for name in names)
    return sql.SQL(_DELETING).format(tables=_listed(names), deletes=sql.SQL("\n").join(deletes))


@contextmanager
def kept_connection() -> Iterator[None]:
    """Open the connection for a test, and have the next one find it as a new one is: to open it takes longer than most.

    One that the test opened itself is closed, since it may have told it something that only who connects can tell.
    """
    connection.ensure_connection()
    connection.close_at = None  # it does not get too old in the middle of a test
    given = connection.connection
    yield
    try:
        if connection.connection is given and _is_at_rest():
            # As a statement of its own plan: else the driver notices the first one only, and believes in plans since.
            psycopg.Cursor(given).execute("DISCARD ALL", prepare=True)
            connection.init_connection_state()
            return
    except psycopg.OperationalError:  # the test had the server end it
        pass
    connections.close_all()


def _is_at_rest() -> bool:
    """Whether the connection works, and is in the middle of nothing."""
    return (
        connection.connection.info.transaction_status == TransactionStatus.IDLE
        and connection.get_autocommit()
        and not (connection.in_atomic_block or connection.savepoint_ids or connection.run_on_commit)
        and not (connection.needs_rollback or connection.errors_occurred or connection.execute_wrappers)
    )
