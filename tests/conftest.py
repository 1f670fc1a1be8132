"""What all tests share: a database of this run's own, no outside network, the same examples on every machine.

A test that needs the database asks for `database`. Everything in it is really committed, since scopes open
before transactions do; afterwards all tables are emptied. `db`, `transactional_db` and the marker `django_db`
mean the same. Without DATABASE_URL the run makes a cluster in a temporary ISTHMUS_HOME, which only starts
when a test asks for it.
"""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import tempfile
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import django
import hypothesis
import psycopg
import pytest
from psycopg import sql
from pytest_django import DjangoDbBlocker

from tests import emptying, network
from tests.documented import _documented, _watched
from tests.emulators import official
from tests.judged import _asked, _judged
from tests.people import alice, bob, charlie
from tests.servers import (
    canaille,
    help_desk,
    help_desk_server,
    redmine,
    redmine_server,
    roundup,
    roundup_server,
    software,
    tryton,
    tryton_server,
)
from unified_api.serve import interpreter

#: Fixtures, for every test.
__all__ = [
    "_asked",
    "_documented",
    "_judged",
    "_watched",
    "alice",
    "bob",
    "canaille",
    "charlie",
    "help_desk",
    "help_desk_server",
    "redmine",
    "redmine_server",
    "roundup",
    "roundup_server",
    "software",
    "tryton",
    "tryton_server",
]

RUN = "ISTHMUS_TEST_RUN"

#: The same in every run, since the passwords of the server's roles follow from it.
SECRET_KEY = "only for tests, where nothing is secret"

#: Nothing in a run of tests has to survive a power cut.
FAST = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\nmax_connections = 300\nscram_iterations = 1\n"


def _prepare_environment() -> None:
    """Settings are read when Django is set up, after this file: the environment has to be right by now."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    if RUN not in os.environ:  # the process that was called; workers inherit what it sets
        home = Path(tempfile.mkdtemp(prefix="isthmus-tests-"))
        atexit.register(shutil.rmtree, home, ignore_errors=True)  # also when Django cannot be set up
        (home / "postgres.conf").write_text(FAST)
        os.environ[RUN] = secrets.token_hex(4)
        os.environ["ISTHMUS_HOME"] = str(home)
        os.environ.setdefault(
            "SECRET_KEY", "only for tests, the same in every run, since roles are the server's"
        )
        os.environ.setdefault("MASTER_KEYS", "test:" + "A" * 43 + "=")
        os.environ.setdefault("ALLOWED_HOSTS", "localhost,127.0.0.1,testserver")
    os.environ["BROKER_DATABASE"] = f"test_isthmus_broker_{os.environ[RUN]}_{worker}"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "unified_api.settings")


_prepare_environment()
django.setup()  # conftest files of folders import models, before pytest-django would do this
hypothesis.settings.register_profile("local", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "local")

_held = ExitStack()


def pytest_configure(config: pytest.Config) -> None:
    """Close the door to the outside before anything is collected."""
    network.block()
    config.pluginmanager.register(_LongestFirst())


def pytest_report_header() -> str:
    """Whether vendors' descriptions are at hand."""
    return official.told()


def pytest_sessionstart() -> None:
    """Workers have to read this file before settings, as their caller did: so they may not know of them yet."""
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Let go of the cluster; the process that was called waits for its end and removes the home."""
    _held.close()
    network.unblock()
    if not hasattr(config, "workerinput"):
        from unified_api.serve.postgres import Cluster

        home = Path(os.environ["ISTHMUS_HOME"])
        Cluster(home).wait_until_stopped()
        shutil.rmtree(home)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell what tests recorded by `record_property`; what their workers print is not shown."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            terminalreporter.write_line(f"{name}: {value}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tell pytest-django who needs the test database: it makes none when it sees no marker of its own."""
    for item in items:
        if "database" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.django_db)


class _LongestFirst:
    """Sorts once all marks are given: those of folders are given by their own conftest files."""

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """What may take longest begins first, of that what waits for processes and real servers.

        `--dist worksteal` deals tests out in their order: so one worker mostly waits while the others compute,
        servers are started by as few of them as can be, and no long test is left when all else is done.
        """
        items.sort(key=lambda item: (-_limit(item), not _waits(item)))


def _limit(item: pytest.Item) -> float:
    """Seconds that a test is allowed, where it is allowed more than most."""
    mark = item.get_closest_marker("timeout")
    return float(mark.args[0]) if mark else 0.0


def _waits(item: pytest.Item) -> bool:
    return any(item.get_closest_marker(name) for name in ("real", "processes"))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Python as a worker has it: the collector of cycles does not go through thousands of collected tests, or often."""
    with interpreter.loading():
        collected = yield
    interpreter.prepare()
    return collected


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """Nothing to modify: test databases have a name per process."""
    from django.conf import settings

    if settings.EMBEDDED:
        from unified_api.serve.postgres import Cluster

        _held.enter_context(Cluster(settings.HOME).hold(settings.SECRET_KEY))
    else:
        _prepare_given_server()


def _prepare_given_server() -> None:
    """Make the roles before the first test database, one process of the run at a time."""
    from django.conf import settings

    from unified_api.serve.roles import prepare_given_server

    assert settings.OWNER_LOGIN is not None
    with psycopg.connect(_owner_conninfo(), autocommit=True) as owner:
        owner.execute("SELECT pg_advisory_lock(hashtextextended('isthmus tests', 0))")
        prepare_given_server(settings.OWNER_LOGIN, app=settings.APP_LOGIN, broker=settings.BROKER_LOGIN)


def _owner_conninfo(**more: Any) -> str:
    from django.conf import settings

    assert settings.OWNER_LOGIN is not None
    return settings.OWNER_LOGIN.conninfo(**more)


@pytest.fixture(scope="session")
def _owner(django_db_setup: None) -> Iterator[psycopg.Connection]:
    """A connection as owner, beside Django's, for emptying tables."""
    from django.conf import settings
    from django.db import connection

    conninfo = _owner_conninfo(application_name="tests", dbname=connection.settings_dict["NAME"])
    with psycopg.connect(conninfo, autocommit=True) as owner:
        owner.execute("SET lock_timeout = '60s'")
        yield owner
    if settings.BROKER_LOGIN is not None and not settings.EMBEDDED:
        with psycopg.connect(_owner_conninfo(), autocommit=True) as owner:
            database = sql.Identifier(settings.BROKER_LOGIN.database)
            owner.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(database))


@pytest.fixture
def database(_owner: psycopg.Connection, django_db_blocker: DjangoDbBlocker) -> Iterator[psycopg.Connection]:
    """The test database, for real: what is committed is committed, and gone after the test.

    Gives a connection of the owner, which sees the rows of all tenants.
    """
    with django_db_blocker.unblock():
        with emptying.kept_connection():
            yield _owner
        emptying.empty_tables(_owner)


@pytest.fixture
def _django_db_helper(database: psycopg.Connection) -> None:
    """Pytest-django's `db`, `transactional_db` and marker come here, and get the same as `database`."""
