"""The broker. By default it is a database of its own on the same Postgres server, by kombu's pgmq transport.

The functions of pgmq are plain SQL from its package, no extension. They are installed once, by `migrate` or
`up`; workers never try to.
"""

from __future__ import annotations

from typing import Any

import psycopg
from django.core.exceptions import ImproperlyConfigured
from kombu.transport import TRANSPORT_ALIASES
from pgmq.install import install_pgmq_from_sql
from psycopg import sql

from unified_api.serve.logins import Login, login_from_url

QUEUES = ("interactive", "background", "bulk")


#: How long a process may be silent with a message half read. Reading one takes milliseconds.
LONGEST_SILENCE = "10s"


def checked(url: str) -> str:
    """The URL as it is; ImproperlyConfigured for one of a kind that is not known."""
    kind = url.partition("://")[0]
    if url and ("://" not in url or kind not in TRANSPORT_ALIASES):
        raise ImproperlyConfigured(
            "BROKER_URL has to begin with redis://, rediss://, amqp://, amqps:// or pgmq://."
        )
    return url


def given_login(url: str) -> Login | None:
    """The login of a broker in a Postgres of its own, `pgmq://user:password@host/database`; None for another kind."""
    kind, _, rest = url.partition("://")
    return login_from_url(f"postgres://{rest}", variable="BROKER_URL") if kind == "pgmq" else None


def transport_options(login: Login | None) -> dict[str, Any]:
    """Options of kombu's transport; `login` is None when the broker is not in Postgres.

    Messages are deleted on arrival, so the visibility time only matters to one that was read in the moment of
    a crash. A read waits on the server for at most a second: longer would delay a stop.
    """
    if login is None:
        return {"socket_connect_timeout": 5, "socket_timeout": 30}
    return {
        "conn_string": login.conninfo(application_name="isthmus broker", connect_timeout=5),
        "init_extension": False,
        "visibility_timeout": 60,
        "wait_time_seconds": 1,
        "poll_interval_ms": 50,
        "polling_interval": 0.01,
        "pool_size": 4,
        "pool_timeout": 5,
    }


def _bound_silence(connection: psycopg.Connection, login: Login) -> None:
    """Have a process that sleeps with a message half read let go of its queue, which all others would wait for.

    Once, and in the server: a pooler may not pass such settings on. Who has set it has the last word.
    """
    setting = "idle_in_transaction_session_timeout"
    if connection.execute(f"SHOW {setting}").fetchone() == ("0",):
        role, database = sql.Identifier(login.user), sql.Identifier(login.database)
        statement = sql.SQL(f"ALTER ROLE {{}} IN DATABASE {{}} SET {setting} = {{}}")
        connection.execute(statement.format(role, database, sql.Literal(LONGEST_SILENCE)))


def install(login: Login) -> bool:
    """Install the queue functions with the broker's login; False when they were there already."""
    with psycopg.connect(login.conninfo()) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('isthmus broker'))")
        _bound_silence(connection, login)
        if connection.execute("SELECT to_regnamespace('pgmq')").fetchone() != (None,):
            return False
        install_pgmq_from_sql(conn=connection)
        return True
