"""Time and chance of a simulation, for Python and for Postgres alike.

Postgres finds functions by their names along the search path. In connections of a simulation a schema of ours stands
before its own, so `clock_timestamp()`, `statement_timestamp()` and `gen_random_uuid()` of the product's statements are
those below: the product is not changed, and everything follows from the seed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from random import Random
from typing import Any, Final
from unittest import mock

import psycopg
from django.db.backends.signals import connection_created

#: When every history begins.
BEGINNING: Final = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
#: Seconds that it counts as one: what falls between two of these is past at the second.
TICK: Final = 0.000_001
_SCHEMA: Final = """
CREATE SCHEMA IF NOT EXISTS simulation;
CREATE SEQUENCE IF NOT EXISTS simulation.micros;
CREATE SEQUENCE IF NOT EXISTS simulation.ids;
CREATE OR REPLACE FUNCTION simulation.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
AS $$ SELECT timestamptz 'epoch' + pg_sequence_last_value('simulation.micros') * interval '1 microsecond' $$;
CREATE OR REPLACE FUNCTION simulation.statement_timestamp() RETURNS timestamptz LANGUAGE sql STABLE
AS $$ SELECT simulation.clock_timestamp() $$;
CREATE OR REPLACE FUNCTION simulation.gen_random_uuid() RETURNS uuid LANGUAGE sql VOLATILE
AS $$ SELECT md5(nextval('simulation.ids')::text)::uuid $$;
GRANT USAGE ON SCHEMA simulation TO PUBLIC;
GRANT ALL ON ALL SEQUENCES IN SCHEMA simulation TO PUBLIC;
"""
_PATH: Final = "SELECT set_config('search_path', 'simulation, pg_catalog, public', false)"


def prepare(owner: psycopg.Connection[Any]) -> None:
    """Put the functions and sequences of the simulation into the database."""
    owner.execute(_SCHEMA.encode())


class Clock:
    """The true time of one history, in seconds since 1970. owner: a connection that sees everything."""

    def __init__(self, owner: psycopg.Connection[Any], seed: int) -> None:
        self._owner = owner
        self._micros = round(BEGINNING * 1_000_000)
        owner.execute("SELECT setval('simulation.ids', %s)", [seed * 1_000_000 + 1])
        self.advance(0)

    def __call__(self) -> float:
        """Now."""
        return self._micros / 1_000_000

    def at(self) -> datetime:
        """Now, as the product's clients are told."""
        return datetime.fromtimestamp(self(), UTC)

    def advance(self, seconds: float) -> None:
        """Let time pass, for the database, too."""
        self._micros += round(seconds * 1_000_000)
        self._owner.execute("SELECT setval('simulation.micros', %s)", [self._micros])


@contextmanager
def simulated() -> Iterator[None]:
    """Connections that are opened within the block live in the simulation's time."""

    def enter(connection: Any, **_more: Any) -> None:
        # Beneath Django, so that it is no statement at which a worker can be held.
        connection.connection.execute(_PATH)

    connection_created.connect(enter)
    try:
        yield
    finally:
        connection_created.disconnect(enter)


@contextmanager
def chance_of(name: str) -> Iterator[None]:
    """Ids that Python makes within the block follow from a name."""
    with mock.patch.object(os, "urandom", Random(f"ids of {name}").randbytes):
        yield
