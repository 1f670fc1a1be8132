"""Logins for analysts on a server: made, given a new password, and ended, by whoever may make roles.

What an analyst sees is the walls' business (tenants/analysts.py). Here is who logs in, and what Postgres lets anybody
do who is in, unless it is taken from everybody.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import psycopg
from psycopg import sql

from tenants.analysts import ANALYST, SCHEMA
from unified_api.serve.logins import Login
from unified_api.serve.roles import (
    RolesMissing,
    has,
    is_superuser,
    may_make_roles,
    role_statement,
    set_password,
)

#: Connections of one tenant's analysts at once; an analyst cannot raise it.
CONNECTIONS: Final = 5
#: What a session begins with. An analyst can set these otherwise: they keep from accidents, and are no wall.
SETTINGS: Final = {
    "search_path": SCHEMA,
    "default_transaction_read_only": "on",
    "statement_timeout": "60s",
    "idle_in_transaction_session_timeout": "60s",
}
#: Only a superuser can give this one, and nobody else can set it otherwise: how much a query may spill to the disk.
LARGEST_SPILL: Final = "1GB"
#: How long a session may take to end, in milliseconds.
_PATIENCE: Final = 5_000
#: What is open to everybody though it writes, or holds others up: large objects, messages in the log, advisory locks.
_FUNCTIONS: Final = r"""
SELECT string_agg(oid::regprocedure::text, ', ' ORDER BY oid::regprocedure::text) FROM pg_proc
WHERE pronamespace = 'pg_catalog'::regnamespace AND proname NOT IN ('lo_import', 'lo_export')
    AND proname ~ '^(lo_.*|loread|lowrite|pg_logical_emit_message|pg_(try_)?advisory_.*)$'
    AND (has_function_privilege(%s, oid, 'EXECUTE')
        OR EXISTS (SELECT FROM unnest(%s::text[]) AS name WHERE NOT has_function_privilege(name, oid, 'EXECUTE')))
"""
_OTHER_DATABASES: Final = """
SELECT datname FROM pg_database
WHERE datallowconn AND datname <> current_database() AND has_database_privilege(%s, oid, 'CONNECT') ORDER BY datname
"""


class RoleInUse(RuntimeError):
    """A role cannot be dropped, as it owns something. The sentence says what, and what to do."""


def make_group(administrator: Login) -> bool:
    """Make the group of all analysts where it does not exist; whether it does now."""
    with psycopg.connect(administrator.conninfo(), autocommit=True) as connection:
        if not has(connection, "pg_roles", "rolname", ANALYST) and may_make_roles(connection):
            connection.execute(role_statement("CREATE", ANALYST))
        return has(connection, "pg_roles", "rolname", ANALYST)


def let_in(administrator: Login, role: str, password: str, *, users: list[str]) -> list[str]:
    """Make a login for analysts, or give it a new password. SQL by which an administrator closes what is left open.

    users: the roles that need what is closed to everybody else, as far as this login may close it. RolesMissing: this
    login may not make one; the sentence holds SQL for an administrator.
    """
    with psycopg.connect(administrator.conninfo()) as connection:
        statements = [*_login(connection, role, administrator.database)]
        try:
            for statement in statements:
                connection.execute(statement)
            set_password(connection, role, password)
        except psycopg.errors.InsufficientPrivilege as error:
            connection.rollback()
            raise RolesMissing(_administrators_sql(connection, role, statements, error)) from error
        if is_superuser(connection):
            for statement in [*_limited(connection, role), *_closed(connection, role, users)]:
                connection.execute(statement)
        left = [
            *_limited(connection, role),
            *_closed(connection, role, users),
            *_other_databases(connection, role),
        ]
        return [statement.as_string(connection) for statement in left]


def _login(connection: psycopg.Connection, role: str, database: str) -> Iterator[sql.Composed]:
    """A role that logs in, is of the group, and may enter this database."""
    known = {
        "role": sql.Identifier(role),
        "group": sql.Identifier(ANALYST),
        "limit": sql.Literal(CONNECTIONS),
    }
    if not has(connection, "pg_roles", "rolname", role):
        yield sql.SQL("CREATE ROLE {role} NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE").format(**known)
    yield sql.SQL("ALTER ROLE {role} LOGIN INHERIT CONNECTION LIMIT {limit}").format(**known)
    for name, value in SETTINGS.items():
        yield sql.SQL("ALTER ROLE {role} SET {name} = {value}").format(
            **known, name=sql.Identifier(name), value=sql.Literal(value)
        )
    yield sql.SQL("GRANT {group} TO {role}").format(**known)
    yield sql.SQL("GRANT CONNECT ON DATABASE {database} TO {role}").format(
        **known, database=sql.Identifier(database)
    )


def _limited(connection: psycopg.Connection, role: str) -> Iterator[sql.Composed]:
    """Limit what one query may spill to the disk, unless that was said already."""
    row = connection.execute("SELECT rolconfig FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    if not any(setting.startswith("temp_file_limit=") for setting in (row and row[0]) or ()):
        known = {"role": sql.Identifier(role), "limit": sql.Literal(LARGEST_SPILL)}
        yield sql.SQL("ALTER ROLE {role} SET temp_file_limit = {limit}").format(**known)


def _closed(connection: psycopg.Connection, role: str, users: list[str]) -> Iterator[sql.Composed]:
    """Take from everybody but the product's roles what lets who only reads write, or hold others up."""
    row = connection.execute(_FUNCTIONS, [role, users]).fetchone()
    if row and row[0]:
        known = {"functions": sql.SQL(row[0]), "users": sql.SQL(", ").join(map(sql.Identifier, users))}
        yield sql.SQL("GRANT EXECUTE ON FUNCTION {functions} TO {users}").format(**known)
        yield sql.SQL("REVOKE EXECUTE ON FUNCTION {functions} FROM PUBLIC").format(**known)


def _other_databases(connection: psycopg.Connection, role: str) -> Iterator[sql.Composed]:
    """Take from everybody the right to enter other databases of the server, where nothing keeps them from writing."""
    for (name,) in connection.execute(_OTHER_DATABASES, [role]).fetchall():
        yield sql.SQL("REVOKE CONNECT, TEMPORARY ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name))


def _administrators_sql(
    connection: psycopg.Connection, role: str, statements: list[sql.Composed], error: psycopg.Error
) -> str:
    group = [] if has(connection, "pg_roles", "rolname", ANALYST) else [role_statement("CREATE", ANALYST)]
    lines = "\n".join(f"  {statement.as_string(connection)};" for statement in [*group, *statements])
    return (
        f"The login of DATABASE_URL may not make a role for analysts ({error.diag.message_primary}). Let an"
        f" administrator run this in the database, and give {role} a password by psql's \\password; then run"
        f" `manage.py migrate`, which opens the views:\n{lines}"
    )


def end(administrator: Login, role: str) -> bool:
    """End a login and its sessions; False where there is none. RoleInUse, RolesMissing."""
    with psycopg.connect(administrator.conninfo(), autocommit=True) as connection:
        if not has(connection, "pg_roles", "rolname", role):
            return False
        known = sql.Identifier(role)
        try:
            connection.execute(
                sql.SQL("ALTER ROLE {} NOLOGIN").format(known)
            )  # nobody comes in while others go
            with connection.transaction():
                _drop(connection, role)
        except psycopg.errors.DependentObjectsStillExist as error:
            raise RoleInUse(
                f"{role} may not log in any more, but is not dropped: {_dependents(error)}"
            ) from error
        except psycopg.errors.InsufficientPrivilege as error:
            told = sql.SQL("DROP OWNED BY {0}; DROP ROLE {0};").format(known).as_string(connection)
            raise RolesMissing(
                f"The login of DATABASE_URL may not drop {role} ({error.diag.message_primary}). Let an administrator"
                f" run this in the database, and end its sessions:\n  {told}"
            ) from error
    return True


def _drop(connection: psycopg.Connection, role: str) -> None:
    known = sql.Identifier(role)
    if not is_superuser(connection):  # whoever may make roles gets by membership what it takes to end one
        connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(known))
    connection.execute(
        "SELECT pg_terminate_backend(pid, %s) FROM pg_stat_activity WHERE usename = %s", [_PATIENCE, role]
    )
    connection.execute(sql.SQL("DROP OWNED BY {}").format(known))
    connection.execute(sql.SQL("DROP ROLE {}").format(known))


def _dependents(error: psycopg.Error) -> str:
    told = (error.diag.message_detail or "something depends on it").replace("\n", "; ")
    return f"{told}. Drop that in those databases (DROP OWNED BY), and run this again."
