"""The roles and databases that Isthmus needs on a server, made by whoever is allowed to.

In embedded mode the launcher makes them as superuser; on a server that was given by DATABASE_URL `manage.py
migrate` makes them with the owner's login, and says what an administrator has to run when that login may not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import psycopg
from psycopg import sql

from tenants.analysts import ANALYST
from unified_api.serve.logins import APP, BROKER, OPERATOR, OWNER, Login, role_password

#: What each role may do. Without INHERIT the app gets the operator's rights by SET ROLE only: policies for
#: the operator would hold for every role that inherits from it.
ATTRIBUTES = {
    OWNER: "LOGIN CREATEDB NOSUPERUSER NOBYPASSRLS",
    APP: "LOGIN NOINHERIT NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE",
    OPERATOR: "NOLOGIN NOSUPERUSER NOBYPASSRLS",
    ANALYST: "NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE",
    BROKER: "LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE",
}


class RolesMissing(RuntimeError):
    """The server lacks roles that this login may not make. The sentence holds SQL for an administrator."""


def prepare_server(
    connection: psycopg.Connection, *, owner: Login, broker_database: str, secret_key: str
) -> None:
    """Make or correct all roles and both databases, as superuser in autocommit."""
    passwords = {OWNER: owner.password, **{name: role_password(secret_key, name) for name in (APP, BROKER)}}
    for role in ATTRIBUTES:
        if not has(connection, "pg_roles", "rolname", role):
            connection.execute(role_statement("CREATE", role))
        if role in passwords:
            set_password(connection, role, passwords[role])
    connection.execute(_grant_operator())
    connection.execute("REVOKE CONNECT, TEMPORARY ON DATABASE postgres, template1 FROM PUBLIC")
    connection.execute(f"GRANT CONNECT ON DATABASE postgres TO {OWNER}")
    for statement in database_statements(
        connection, database=owner.database, broker_database=broker_database
    ):
        connection.execute(statement)


def prepare_given_server(owner: Login, *, app: Login, broker: Login | None) -> None:
    """Make what is missing on a given server with the owner's login; RolesMissing when it may not.

    `app` and `broker` are the logins as they will be used: a role that exists with another password gets this
    one. `broker` is None when the broker is not in Postgres.
    """
    with psycopg.connect(owner.conninfo(), autocommit=True) as connection:
        try:
            _prepare_as_owner(connection, owner, app, broker)
        except psycopg.errors.InsufficientPrivilege as error:
            raise RolesMissing(_administrators_sql(connection, app, broker, error)) from error


def _prepare_as_owner(connection: psycopg.Connection, owner: Login, app: Login, broker: Login | None) -> None:
    logins = {login.user: login for login in (app, broker) if login}
    optional = [ANALYST] if may_make_roles(connection) else []  # without analysts everything else works
    for role in [OPERATOR, *optional, *logins]:
        if not has(connection, "pg_roles", "rolname", role):
            connection.execute(role_statement("CREATE", role))
            if role in logins:
                set_password(connection, role, logins[role].password)
    if not _is_member(connection, OPERATOR, app.user):
        connection.execute(_grant_operator(app.user))
    names = (broker.database, broker.user) if broker else (None, BROKER)
    for statement in database_statements(
        connection, database=owner.database, broker_database=names[0], app=app.user, broker=names[1]
    ):
        connection.execute(statement)
    for role, login in logins.items():
        if not _may_enter(login):
            set_password(connection, role, login.password)


def database_statements(
    connection: psycopg.Connection,
    *,
    database: str,
    broker_database: str | None,
    app: str = APP,
    broker: str = BROKER,
) -> Iterator[sql.Composed]:
    """What is missing of the databases and of the rights to connect: each role may enter its own only."""
    owner = OWNER if is_superuser(connection) and has(connection, "pg_roles", "rolname", OWNER) else None
    for name, role in ((database, app), (broker_database, broker)):
        if name is None:
            continue
        known = {"database": sql.Identifier(name), "role": sql.Identifier(role)}
        if not has(connection, "pg_database", "datname", name):
            yield sql.SQL("CREATE DATABASE {database} TEMPLATE template0 ENCODING 'UTF8'").format(**known)
            if owner:
                yield sql.SQL("ALTER DATABASE {database} OWNER TO {owner}").format(
                    **known, owner=sql.Identifier(owner)
                )
        yield sql.SQL("REVOKE ALL ON DATABASE {database} FROM PUBLIC").format(**known)
        rights = "CONNECT" if role == app else "CONNECT, CREATE"
        yield sql.SQL("GRANT {rights} ON DATABASE {database} TO {role}").format(
            **known, rights=sql.SQL(rights)
        )


def has(connection: psycopg.Connection, catalogue: str, column: str, name: str) -> bool:
    """Whether a catalogue has a row of this name."""
    query = sql.SQL("SELECT 1 FROM {} WHERE {} = %s").format(
        sql.Identifier(catalogue), sql.Identifier(column)
    )
    return connection.execute(query, [name]).fetchone() is not None


def is_superuser(connection: psycopg.Connection) -> bool:
    """Whether this login may do anything."""
    row = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
    return bool(row and row[0])


def may_make_roles(connection: psycopg.Connection) -> bool:
    """Whether this login may make roles."""
    row = connection.execute(
        "SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user"
    ).fetchone()
    return bool(row and row[0])


def _is_member(connection: psycopg.Connection, group: str, member: str) -> bool:
    query = "SELECT 1 FROM pg_auth_members WHERE roleid = %s::regrole AND member = %s::regrole"
    return connection.execute(query, [group, member]).fetchone() is not None


def role_statement(verb: str, role: str) -> sql.Composed:
    """Make a role, or correct what it may do."""
    attributes = ATTRIBUTES.get(role, ATTRIBUTES[APP])
    return sql.SQL("{} ROLE {} {}").format(sql.SQL(verb), sql.Identifier(role), sql.SQL(attributes))


def _grant_operator(member: str = APP) -> sql.Composed:
    return sql.SQL("GRANT {} TO {}").format(sql.Identifier(OPERATOR), sql.Identifier(member))


def set_password(connection: psycopg.Connection, role: str, password: str) -> None:
    """Only the verifier is sent, so that the password is in no statement log."""
    verifier = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    connection.execute(
        sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(verifier))
    )


def _may_enter(login: Login) -> bool:
    try:
        psycopg.connect(login.conninfo(connect_timeout=10)).close()
    except psycopg.OperationalError:
        return False
    return True


def _administrators_sql(
    connection: psycopg.Connection, app: Login, broker: Login | None, error: psycopg.Error
) -> str:
    wanted = [OPERATOR, app.user, *([broker.user] if broker else [])]
    statements = [role_statement("CREATE", role) for role in _unknown(connection, wanted)]
    statements.append(_grant_operator(app.user))
    if broker and not has(connection, "pg_database", "datname", broker.database):
        names = {"database": sql.Identifier(broker.database), "broker": sql.Identifier(broker.user)}
        statements.append(sql.SQL("CREATE DATABASE {database}").format(**names))
        statements.append(sql.SQL("GRANT CONNECT, CREATE ON DATABASE {database} TO {broker}").format(**names))
    lines = "\n".join(f"  {statement.as_string(connection)};" for statement in statements)
    return (
        f"The login of DATABASE_URL may not set up Isthmus's roles ({error.diag.message_primary}). Let"
        f" an administrator run this, then give the passwords by DATABASE_APP_URL and BROKER_URL:\n{lines}"
    )


def _unknown(connection: psycopg.Connection, names: Sequence[str]) -> list[str]:
    return [name for name in names if not has(connection, "pg_roles", "rolname", name)]
