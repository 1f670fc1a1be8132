"""The broker that this run uses: pgmq in Postgres, or what BROKER_URL names."""

from __future__ import annotations

import json
import queue
import time
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from kombu import Connection

from tests.unified_api.commands.program import run_program
from unified_api.celery import app
from unified_api.serve import broker, health
from unified_api.serve.logins import login_from_url


def test_a_message_arrives_soon(database: psycopg.Connection) -> None:
    """A message put into a queue is read from it within a second, at best of some, and is then gone."""
    took = []
    with app.connection_for_write() as connection, connection.SimpleQueue("probe") as probe:
        for number in range(5):
            sent = time.monotonic()
            probe.put({"wake": number})
            message = probe.get(timeout=60)
            took.append(time.monotonic() - sent)
            message.ack()
            assert message.payload == {"wake": number}
        with pytest.raises(queue.Empty):
            probe.get(timeout=0.5)

    assert min(took) < 1


def test_a_broker_that_answers_is_healthy(database: psycopg.Connection) -> None:
    """Health sees the broker that is there."""
    assert health.broker_answers()


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "amqp://127.0.0.1:1//"])
def test_a_broker_that_is_gone_is_not_healthy(settings: Any, url: str) -> None:
    """A broker that refuses connections is reported soon, whatever its kind."""
    settings.BROKER_LOGIN = None
    settings.CELERY_BROKER_URL = url

    assert not health.broker_answers()


def test_a_postgres_broker_that_is_gone_is_not_healthy(settings: Any) -> None:
    """The same for the broker in Postgres."""
    settings.BROKER_LOGIN = login_from_url("postgres://u:p@127.0.0.1:1/d", variable="X")

    assert not health.broker_answers()


def test_who_sleeps_with_a_message_half_read_lets_go_of_the_queue(database: psycopg.Connection) -> None:
    """Else a worker that is suspended would keep all others from theirs: they wait for the table of the queue."""
    assert settings.BROKER_LOGIN is not None
    broker.install(settings.BROKER_LOGIN)
    with psycopg.connect(settings.BROKER_LOGIN.conninfo()) as connection:
        shown = connection.execute("SHOW idle_in_transaction_session_timeout").fetchone()

    assert shown == (broker.LONGEST_SILENCE,)


def test_the_queue_functions_are_installed_once(database: psycopg.Connection) -> None:
    """In Postgres: `migrate` installed them, and a further call sees that and does nothing."""
    if settings.BROKER_LOGIN is None:
        with Connection(settings.CELERY_BROKER_URL) as connection:
            assert connection.transport_cls != "pgmq"
        return

    assert not broker.install(settings.BROKER_LOGIN)


def test_options_hold_the_password_only_in_the_connection_string() -> None:
    """No extension is asked for, and another broker gets none of Postgres's options."""
    login = login_from_url("postgres://u:pw@h/d", variable="X")
    options = broker.transport_options(login)

    assert options["init_extension"] is False
    assert [name for name, value in options.items() if "pw" in str(value)] == ["conn_string"]
    assert "conn_string" not in broker.transport_options(None)


def test_a_postgres_that_is_given_is_used_as_our_own(database: psycopg.Connection) -> None:
    """`pgmq://` asks for no extension either, and its queue functions are installed: it is a login as any other."""
    assert settings.OWNER_LOGIN is not None
    own = settings.OWNER_LOGIN
    url = f"pgmq://{own.user}:{quote(own.password, safe='')}@x/d?host={quote(own.host, safe='')}"
    login = broker.given_login(url)

    assert login is not None
    assert (login.user, login.password, login.host, login.database) == (own.user, own.password, own.host, "d")
    assert broker.transport_options(login)["init_extension"] is False
    assert broker.given_login("redis://h/0") is None


def test_a_program_works_with_a_postgres_that_is_given(database: psycopg.Connection) -> None:
    """From `migrate` to a message: the broker's role and database are used as they are."""
    if settings.BROKER_LOGIN is None:
        return
    own = settings.BROKER_LOGIN
    port = f"&port={own.port}" if own.port else ""
    url = f"pgmq://{own.user}:{quote(own.password, safe='')}@x/{own.database}?host={quote(own.host, safe='')}{port}"
    with psycopg.connect(own.conninfo(), autocommit=True) as connection:
        connection.execute("DROP SCHEMA pgmq CASCADE")
    done = run_program("migrate", "--verbosity=0", BROKER_URL=url, BROKER_DATABASE="nowhere")
    assert done.returncode == 0, done.stderr
    status = run_program("status", "--json", BROKER_URL=url, BROKER_DATABASE="nowhere")

    assert (status.returncode, json.loads(status.stdout)["broker"]) == (0, True)
    assert not broker.install(own)
    with psycopg.connect(own.conninfo()) as connection:
        assert not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'nowhere'").fetchone()


@pytest.mark.parametrize("url", ["bogus://x", "localhost:6379", "redis:/x"])
def test_a_broker_of_no_known_kind_is_refused(url: str) -> None:
    """At start-up, with the kinds that there are."""
    with pytest.raises(ImproperlyConfigured, match="BROKER_URL has to begin with redis://"):
        broker.checked(url)


@pytest.mark.parametrize(
    "url", ["", "pgmq://u:p@h/d", "redis://h/0", "rediss://h/0", "amqp://h//", "amqps://h//"]
)
def test_brokers_of_known_kinds_are_taken(url: str) -> None:
    """As they are; none is the one in Postgres."""
    assert broker.checked(url) == url
