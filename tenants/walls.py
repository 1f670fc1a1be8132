"""The second wall: keys, policies and rights in the database, derived from the models.

`expected` reads the models, `catalog` the database, `differences` compares, and each difference carries the
SQL that removes it. Migrations end by running that SQL, the grants last; a system check (tenants/checks.py)
reports what is left. Nothing changed means one query.

A model says what it is by class attributes (tenants/rows.py): tables of `Walled` models get a policy for the
tenant, append-only ones no right to change rows. Other tables of installed apps get rights and no policy.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import AppConfig, apps
from django.db import connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.signals import post_migrate, pre_migrate

from tenants import analysts
from tenants.catalog import Policy, Roles, Table, read_roles, read_tables, read_views
from tenants.postgres.roles import OPERATOR
from tenants.rows import Walled

ENGINE = "tenants.postgres"
_MINE = "({column} = (current_setting('isthmus.tenant'::text))::uuid)"
_OWNER_AND_SCHEMA = """
SELECT coalesce((SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = to_regclass('django_migrations')),
                current_user), current_schema(), EXISTS (SELECT FROM pg_roles WHERE rolname = %s)
"""
_COMMANDS = {"*": "ALL", "r": "SELECT"}


@dataclass(frozen=True)
class Wall:
    """What a table has to be. `column` says whose a row is; None for a table without policies.

    `shown`: what analysts see of it.
    """

    table: str
    column: str | None
    key: tuple[str, ...]
    app_rights: frozenset[str]
    shown: analysts.Shown | None = None


@dataclass(frozen=True)
class Difference:
    """Something of a table that is not as it has to be, and the SQL that puts it right."""

    table: str
    what: str
    sql: str


@dataclass(frozen=True)
class Names:
    """The roles of this database, and the schema of its tables. `has_analysts`: whether their role exists."""

    app: str
    owner: str
    schema: str
    has_analysts: bool
    operator: str = OPERATOR


def expected() -> list[Wall]:
    """The walls that the installed models ask for, and the table in which Django notes migrations."""
    walls = [_wall(model) for model in apps.get_models(include_auto_created=True) if _has_own_table(model)]
    return [*walls, Wall("django_migrations", None, (), frozenset({"SELECT"}))]


def _has_own_table(model: type[models.Model]) -> bool:
    return model._meta.managed and not model._meta.proxy and not model._meta.swapped


def _wall(model: type[models.Model]) -> Wall:
    if issubclass(model, Walled):
        key, column = _columns(model, model.database_key), model.wall_column
        return Wall(model._meta.db_table, column, key, _rights(model), model.shown_to_analysts())
    return Wall(model._meta.db_table, None, (), _rights(model))


def _columns(model: type[models.Model], names: tuple[str, ...]) -> tuple[str, ...]:
    columns = {field.name: field.column for field in model._meta.concrete_fields}
    return tuple(str(columns[name]) for name in names)


def _rights(model: type[models.Model]) -> frozenset[str]:
    rights = {"SELECT", "INSERT"}
    if not getattr(model, "append_only", False):
        rights |= {"UPDATE", "DELETE"}
    if getattr(model, "erasable", False):
        rights |= {"DELETE"}
    return frozenset(rights)


def policies(column: str, names: Names, *, analysed: bool = False) -> frozenset[Policy]:
    """Who sees which rows: the app its tenant's; the owner all (FORCE binds it too); the operator all.

    analysed: analysts see those of their tenant.
    """
    mine = _MINE.format(column=column)
    return frozenset(
        {
            Policy("isthmus_tenant", "*", names.app, mine, mine),
            Policy("isthmus_owner", "*", names.owner, "true", "true"),
            Policy("isthmus_operator", "r", names.operator, "true", None),
            *([analysts.policy(column)] if analysed else []),
        }
    )


def differences(connection: BaseDatabaseWrapper) -> list[Difference]:
    """What the database lacks, in the order in which to put it right. Tables not made yet are left out."""
    names, walls = _names(connection), expected()
    roles = read_roles(connection, names.app, names.operator)
    if roles is None:
        return [Difference("", f"the roles {names.app} and {names.operator} do not exist", "")]
    tables = read_tables(connection, [wall.table for wall in walls])
    known = [(wall, tables[wall.table]) for wall in walls if wall.table in tables]
    found = [found for wall, table in known for found in _of_table(wall, table, names)]
    grants = [found for wall, table in known for found in _of_rights(wall, table, names)]
    return [*found, *_of_roles(roles, names), *grants, *_of_views(connection, known, names)]


def _names(connection: BaseDatabaseWrapper) -> Names:
    with connection.cursor() as cursor:
        cursor.execute(_OWNER_AND_SCHEMA, [analysts.ANALYST])
        owner, schema, has_analysts = cursor.fetchone()
    return Names(connection.settings_dict["USER"], owner, schema, has_analysts)


def _of_table(wall: Wall, table: Table, names: Names) -> Iterator[Difference]:
    quoted = _quote(wall.table)
    if wall.key and table.key != wall.key and set(wall.key) <= table.columns:
        drop = f"DROP CONSTRAINT {_quote(table.key_name)}, " if table.key_name else ""
        name, columns = _quote(table.key_name or f"{wall.table[:58]}_pkey"), ", ".join(map(_quote, wall.key))
        sql = f"ALTER TABLE {quoted} {drop}ADD CONSTRAINT {name} PRIMARY KEY ({columns})"
        yield Difference(wall.table, f"its key is {table.key}, not {wall.key}", sql)
    if wall.column in table.columns:
        yield from _of_policies(wall, wall.column, table, names)


def _of_policies(wall: Wall, column: str, table: Table, names: Names) -> Iterator[Difference]:
    quoted = _quote(table.name)
    if not table.enabled:
        sql = f"ALTER TABLE {quoted} ENABLE ROW LEVEL SECURITY"
        yield Difference(table.name, "row-level security is off", sql)
    if not table.forced:
        sql = f"ALTER TABLE {quoted} FORCE ROW LEVEL SECURITY"
        yield Difference(table.name, "row-level security does not bind the owner", sql)
    wanted = policies(column, names, analysed=bool(wall.shown and names.has_analysts))
    for policy in sorted(table.policies - wanted, key=lambda policy: policy.name):
        sql = f"DROP POLICY {_quote(policy.name)} ON {quoted}"
        yield Difference(table.name, f"it has a policy that it should not have, {policy.name}", sql)
    for policy in sorted(wanted - table.policies, key=lambda policy: policy.name):
        yield Difference(table.name, f"the policy {policy.name} is missing", _create(policy, quoted))


def _create(policy: Policy, table: str) -> str:
    head = f"CREATE POLICY {_quote(policy.name)} ON {table} FOR {_COMMANDS[policy.command]}"
    check = f" WITH CHECK ({policy.check})" if policy.check else ""
    return f"{head} TO {_quote(policy.role)} USING ({policy.using}){check}"


def _of_rights(wall: Wall, table: Table, names: Names) -> Iterator[Difference]:
    none: frozenset[str] = frozenset()
    wanted = {
        names.app: wall.app_rights,
        names.operator: frozenset({"SELECT"}),
        analysts.ANALYST: none,
        "public": none,
    }
    for role, rights in wanted.items():
        granted = table.rights.get(role, frozenset())
        to = "PUBLIC" if role == "public" else _quote(role)
        if excess := granted - rights:
            sql = f"REVOKE {_listed(excess)} ON {_quote(wall.table)} FROM {to}"
            yield Difference(wall.table, f"{role} may {_listed(excess)}", sql)
        if missing := rights - granted:
            sql = f"GRANT {_listed(missing)} ON {_quote(wall.table)} TO {to}"
            yield Difference(wall.table, f"{role} may not {_listed(missing)}", sql)
    for what, sql in analysts.of_columns(table, wall.shown if names.has_analysts else None):
        yield Difference(wall.table, what, sql)


def _of_views(
    connection: BaseDatabaseWrapper, known: list[tuple[Wall, Table]], names: Names
) -> Iterator[Difference]:
    if not names.has_analysts:
        return
    views = read_views(connection, analysts.SCHEMA)
    shown = {wall.table: wall.shown for wall, _ in known if wall.shown}
    tables, others = {table.name: table for _, table in known}, (names.owner, names.app, names.operator)
    for name, what, sql in analysts.of_views(views, shown, tables, schema=names.schema, others=others):
        yield Difference(f"{analysts.SCHEMA}.{name}" if name else "", what, sql)


def _of_roles(roles: Roles, names: Names) -> Iterator[Difference]:
    app, operator, schema = map(_quote, (names.app, names.operator, names.schema))
    if roles.makes_tables:
        yield Difference("", f"{names.app} may make tables", f"REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC")
    if not roles.uses_schema:
        sql = f"GRANT USAGE ON SCHEMA {schema} TO {app}, {operator}"
        yield Difference("", "the schema is closed", sql)
    if not roles.uses_sequences:
        sql = f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {app}"
        yield Difference("", f"{names.app} may not draw from a sequence", sql)


def _listed(rights: frozenset[str]) -> str:
    return ", ".join(sorted(rights))


def _quote(name: str | None) -> str:
    return '"{}"'.format(str(name).replace('"', '""'))


def build(using: str) -> list[Difference]:
    """Put right what differs, in one transaction; returns what that was. Runs as the owner."""
    connection = connections[using]
    found = differences(connection)
    if any(difference.sql for difference in found):
        with transaction.atomic(using=using), connection.cursor() as cursor:
            for difference in found:
                if difference.sql:
                    cursor.execute(difference.sql)
    return found


def build_after_migrations(sender: AppConfig) -> None:
    """Build the walls at the end of every `migrate`: when this app's turn comes, all tables are there."""
    pre_migrate.connect(_before_migrations, sender=sender, dispatch_uid="tenants.walls")
    post_migrate.connect(_after_migrations, sender=sender, dispatch_uid="tenants.walls")


def _after_migrations(*, using: str, **_: Any) -> None:
    if connections[using].settings_dict["ENGINE"] == ENGINE:
        build(using)


def _before_migrations(*, using: str, plan: list[Any] = (), **_: Any) -> None:  # type: ignore[assignment]
    """Take analysts' views away: a column that one reads can neither be altered nor dropped."""
    connection = connections[using]
    if plan and connection.settings_dict["ENGINE"] == ENGINE:
        statement = analysts.dropped(read_views(connection, analysts.SCHEMA))
        if statement:
            with connection.cursor() as cursor:
                cursor.execute(statement)
