"""Logins for analysts on a given server: by a login that may make roles, and by one that may not."""

from __future__ import annotations

import psycopg
import pytest

from tenants.analysts import ANALYST
from tests.unified_api.serve.test_roles import enters, made, server
from unified_api.serve import analysts
from unified_api.serve.logins import Login
from unified_api.serve.roles import RolesMissing

__all__ = ["server"]  # a fixture

pytestmark = pytest.mark.processes

FIRST = "pw"
ROLE = f"{ANALYST}_0d9c2b1e52b44a388f0e6b9f5b0f9a11"


def let_in(owner: Login, password: str = FIRST) -> list[str]:
    """Make the login, as an owner of its own database does."""
    return analysts.let_in(owner, ROLE, password, users=[owner.user])


def analyst(owner: Login, password: str = FIRST) -> Login:
    """The login that was made."""
    return Login(owner.database, ROLE, password, owner.host)


@pytest.mark.parametrize("rights", ["CREATEROLE CREATEDB", "SUPERUSER"])
def test_a_login_is_made_changed_and_ended(server: Login, rights: str) -> None:
    """Making it again replaces the password; ending it ends its sessions, and leaves no role."""
    owner = made(server, rights)
    assert analysts.make_group(owner)
    let_in(owner)
    assert enters(analyst(owner))
    let_in(owner, "another")
    assert not enters(analyst(owner))

    with psycopg.connect(analyst(owner, "another").conninfo(), autocommit=True) as session:
        assert analysts.end(owner, ROLE)
        with pytest.raises(psycopg.OperationalError):
            session.execute("SELECT 1")
    assert not enters(analyst(owner, "another"))
    assert not analysts.end(owner, ROLE)


def test_what_only_a_superuser_closes_is_told(server: Login) -> None:
    """The SQL that is left closes everything, and then nothing is left."""
    owner = made(server, "CREATEROLE")
    analysts.make_group(owner)
    left = let_in(owner)
    assert any("lo_create(oid)" in statement for statement in left)
    with psycopg.connect(server.conninfo(dbname="acme"), autocommit=True) as administrator:
        administrator.execute("GRANT CONNECT ON DATABASE postgres TO PUBLIC")
        for statement in let_in(owner):
            administrator.execute(statement.encode())

    assert let_in(owner) == []
    with psycopg.connect(owner.conninfo()) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(1)")


def test_a_superuser_closes_it_at_once(server: Login) -> None:
    """Nothing is left but other databases, which may be somebody else's."""
    owner = made(server, "SUPERUSER")
    analysts.make_group(owner)

    assert not any("FUNCTION" in statement for statement in let_in(owner))
    with psycopg.connect(analyst(owner).conninfo(), autocommit=True) as session:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute("SELECT lo_create(0)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute("SET temp_file_limit = -1")


def test_a_further_role_of_the_product_gets_what_was_closed(server: Login) -> None:
    """After the app's login has changed, making the analysts' again lets the new one take its locks."""
    owner = made(server, "SUPERUSER")
    analysts.make_group(owner)
    let_in(owner)
    with psycopg.connect(owner.conninfo(), autocommit=True) as connection:
        connection.execute("CREATE ROLE newer")
        connection.execute("SET ROLE newer")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT pg_advisory_lock(1)")
        analysts.let_in(owner, ROLE, FIRST, users=[owner.user, "newer"])
        connection.execute("SELECT pg_advisory_lock(1)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT lo_import('/etc/hostname')")


@pytest.mark.parametrize("has_group", [True, False])
def test_a_login_that_may_not_says_what_an_administrator_runs(server: Login, *, has_group: bool) -> None:
    """That SQL, run by an administrator, makes the login; ending it is told the same way."""
    owner = made(server, "")
    with psycopg.connect(server.conninfo(dbname="acme"), autocommit=True) as administrator:
        if has_group:
            administrator.execute(f"CREATE ROLE {ANALYST}".encode())
        assert analysts.make_group(owner) is has_group
        with pytest.raises(RolesMissing, match=r"\\password; then run `manage.py migrate`") as caught:
            let_in(owner)
        run(administrator, caught.value)
        administrator.execute(f"ALTER ROLE {ROLE} PASSWORD 'pw'".encode())
        assert enters(analyst(owner))

        with pytest.raises(RolesMissing, match="Let an administrator run this") as caught:
            analysts.end(owner, ROLE)
        run(administrator, caught.value)
        assert not enters(analyst(owner))


def run(administrator: psycopg.Connection, told: RolesMissing) -> None:
    """Run the SQL of a sentence."""
    for statement in [line for line in str(told).splitlines() if line.startswith("  ")]:
        administrator.execute(statement.encode())


def test_a_role_that_owns_something_elsewhere_is_closed_and_told(server: Login) -> None:
    """Nobody logs in any more; the sentence says in which database there is something to drop."""
    owner = made(server, "CREATEROLE")
    analysts.make_group(owner)
    let_in(owner)
    with psycopg.connect(server.conninfo(), autocommit=True) as administrator:
        administrator.execute(f"CREATE SCHEMA loot AUTHORIZATION {ROLE}".encode())
        with pytest.raises(analysts.RoleInUse, match=r"may not log in any more.*in database postgres"):
            analysts.end(owner, ROLE)
        assert not enters(analyst(owner))
        administrator.execute(f"DROP OWNED BY {ROLE}".encode())

    assert analysts.end(owner, ROLE)
