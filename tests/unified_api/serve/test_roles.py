"""Making roles and databases on a given server, with a login that may, and one that may not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from unified_api.serve.logins import Login
from unified_api.serve.postgres import SUPERUSER, Cluster
from unified_api.serve.roles import ATTRIBUTES, RolesMissing, prepare_given_server

pytestmark = pytest.mark.processes

KEY = "the secret key of this test"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Login]:
    """A server without any role of ours; the login is its superuser's."""
    (tmp_path / "postgres.conf").write_text("fsync = off\n")
    cluster = Cluster(tmp_path)
    with cluster.hold(KEY):
        login = cluster.login(SUPERUSER, "postgres")
        with psycopg.connect(login.conninfo(), autocommit=True) as connection:
            connection.execute("DROP DATABASE isthmus")
            connection.execute("DROP DATABASE isthmus_broker")
            connection.execute("REVOKE ALL ON DATABASE postgres FROM isthmus_owner")
            for role in ATTRIBUTES:
                connection.execute(f"DROP ROLE {role}".encode())
        yield login
    assert cluster.wait_until_stopped()


def made(server: Login, rights: str) -> Login:
    """A login with these rights, and a database that it owns."""
    with psycopg.connect(server.conninfo(), autocommit=True) as connection:
        connection.execute(f"CREATE ROLE acme LOGIN PASSWORD 'pw' {rights}".encode())
        connection.execute("CREATE DATABASE acme OWNER acme")
    return replace(server, user="acme", password="pw", database="acme")


def roles_of(owner: Login, secret_key: str = KEY) -> tuple[Login, Login]:
    """The app's and the broker's login on this server."""
    app = owner.derived(secret_key, user="isthmus_app")
    return app, owner.derived(secret_key, user="isthmus_broker", database="isthmus_broker")


def enters(login: Login) -> bool:
    """Whether the login works."""
    try:
        psycopg.connect(login.conninfo()).close()
    except psycopg.OperationalError:
        return False
    return True


@pytest.mark.parametrize("rights", ["CREATEROLE CREATEDB", "SUPERUSER"])
def test_a_login_that_may_makes_everything(server: Login, rights: str) -> None:
    """Roles, memberships and the broker's database are made, and each role enters its own database only."""
    owner = made(server, rights)
    app, broker = roles_of(owner)
    prepare_given_server(owner, app=app, broker=broker)
    prepare_given_server(owner, app=app, broker=broker)  # again: nothing is left to do

    assert enters(app)
    assert enters(broker)
    assert not enters(replace(app, database="isthmus_broker"))
    assert not enters(replace(broker, database="acme"))
    with psycopg.connect(app.conninfo()) as connection:
        connection.execute("SET ROLE isthmus_operator")


def test_a_new_secret_key_sets_new_passwords(server: Login) -> None:
    """After the secret key was changed, migrating again lets the derived logins in."""
    owner = made(server, "CREATEROLE CREATEDB")
    app, broker = roles_of(owner)
    prepare_given_server(owner, app=app, broker=broker)
    app, broker = roles_of(owner, "another key")
    assert not enters(app)
    prepare_given_server(owner, app=app, broker=broker)

    assert enters(app)
    assert enters(broker)


def test_without_a_broker_in_postgres_there_is_none(server: Login) -> None:
    """With BROKER_URL neither the broker's role nor its database is made."""
    owner = made(server, "CREATEROLE CREATEDB")
    app, broker = roles_of(owner)
    prepare_given_server(owner, app=app, broker=None)

    assert enters(app)
    assert not enters(broker)


def test_a_login_that_may_not_says_what_an_administrator_runs(server: Login) -> None:
    """The error holds SQL, and that SQL, run by an administrator, is all that was missing."""
    owner = made(server, "")
    app, broker = roles_of(owner)
    with pytest.raises(RolesMissing, match="Let an administrator run") as caught:
        prepare_given_server(owner, app=app, broker=broker)
    statements = [line for line in str(caught.value).splitlines() if line.startswith("  ")]
    with psycopg.connect(server.conninfo(), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())
        for login in (app, broker):
            connection.execute(f"ALTER ROLE {login.user} PASSWORD '{login.password}'".encode())
    prepare_given_server(owner, app=app, broker=broker)

    assert enters(app)
    assert enters(broker)
