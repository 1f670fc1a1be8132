"""What the database's catalog says about tables, views and roles: keys, policies, rights. Only reads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.db.backends.base.base import BaseDatabaseWrapper

#: Role, right and column.
ColumnRight = tuple[str, str, str]


@dataclass(frozen=True)
class Policy:
    """A policy of row-level security, spelled as the catalog spells it.

    command: `*` for all, `r` for SELECT. using, check: expressions, None where there is none.
    """

    name: str
    command: str
    role: str
    using: str | None
    check: str | None
    permissive: bool = True


@dataclass(frozen=True)
class Table:
    """A table as it is. `rights`: what each role beside the owner was granted; `column_rights`: on single columns."""

    name: str
    columns: frozenset[str]
    key_name: str | None
    key: tuple[str, ...]
    enabled: bool
    forced: bool
    policies: frozenset[Policy]
    rights: dict[str, frozenset[str]]
    column_rights: frozenset[ColumnRight]


_TABLES = """
SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity,
    ARRAY(SELECT a.attname::text FROM pg_attribute a
          WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
    k.conname,
    ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS part(number, place)
          JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = part.number ORDER BY part.place),
    ARRAY(SELECT jsonb_build_array(p.polname, p.polcmd::text,
              array_to_string(ARRAY(SELECT CASE r WHEN 0 THEN 'public' ELSE pg_get_userbyid(r) END
                                    FROM unnest(p.polroles) AS r), ','),
              pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid), p.polpermissive)
          FROM pg_policy p WHERE p.polrelid = c.oid),
    ARRAY(SELECT jsonb_build_array(CASE grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(grantee) END,
    privilege_type)
          FROM aclexplode(c.relacl) WHERE grantee <> c.relowner),
    ARRAY(SELECT jsonb_build_array(CASE grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(grantee) END,
              privilege_type, a.attname)
          FROM pg_attribute a, aclexplode(a.attacl)
          WHERE a.attrelid = c.oid AND NOT a.attisdropped AND grantee <> c.relowner)
FROM pg_class c LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'p'
WHERE c.relnamespace = current_schema()::regnamespace AND c.relname = ANY(%s) AND c.relkind IN ('r', 'p')
"""


def read_tables(connection: BaseDatabaseWrapper, names: Sequence[str]) -> dict[str, Table]:
    """The tables of these names that exist, by name."""
    with connection.cursor() as cursor:
        cursor.execute(_TABLES, [list(names)])
        return {row[0]: _table(row) for row in cursor.fetchall()}


def _table(row: Any) -> Table:
    name, enabled, forced, columns, key_name, key, policies, rights, column_rights = row
    granted: dict[str, set[str]] = {}
    for role, right in map(_parsed, rights):
        granted.setdefault(role, set()).add(right)
    return Table(
        name=name,
        columns=frozenset(columns),
        key_name=key_name,
        key=tuple(key),
        enabled=enabled,
        forced=forced,
        policies=frozenset(Policy(*_parsed(policy)) for policy in policies),
        rights={role: frozenset(names) for role, names in granted.items()},
        column_rights=frozenset((role, right, column) for role, right, column in map(_parsed, column_rights)),
    )


def _parsed(value: Any) -> list[Any]:
    return list(json.loads(value) if isinstance(value, str) else value)


@dataclass(frozen=True)
class Roles:
    """What the app's role may do beyond tables, and what would make the walls worthless.

    passes_policies: superuser or BYPASSRLS. is_owner: may act as the owner of a table. inherits_operator: the
    operator's policies hold for the app all the time. may_become_operator: by SET ROLE, as it has to be.
    """

    passes_policies: bool
    is_owner: bool
    inherits_operator: bool
    may_become_operator: bool
    makes_tables: bool
    uses_sequences: bool
    uses_schema: bool


_ROLES = """
SELECT r.rolsuper OR r.rolbypassrls,
    EXISTS (SELECT FROM pg_class c
            WHERE c.relnamespace = s.oid AND c.relkind = 'r' AND pg_has_role(r.oid, c.relowner, 'MEMBER')),
    pg_has_role(r.oid, o.oid, 'USAGE'), pg_has_role(r.oid, o.oid, 'MEMBER'),
    has_schema_privilege(r.oid, s.oid, 'CREATE'),
    NOT EXISTS (SELECT FROM pg_sequence q JOIN pg_class c ON c.oid = q.seqrelid
                WHERE c.relnamespace = s.oid AND NOT has_sequence_privilege(r.oid, q.seqrelid, 'USAGE')),
    has_schema_privilege(r.oid, s.oid, 'USAGE') AND has_schema_privilege(o.oid, s.oid, 'USAGE')
FROM pg_roles r, pg_roles o, pg_namespace s
WHERE r.rolname = %s AND o.rolname = %s AND s.nspname = current_schema()
"""


def read_roles(connection: BaseDatabaseWrapper, app: str, operator: str) -> Roles | None:
    """The app's role as it is; None if it or the operator's does not exist."""
    with connection.cursor() as cursor:
        cursor.execute(_ROLES, [app, operator])
        row = cursor.fetchone()
    return Roles(*row) if row else None


_POWERS = """
SELECT r.rolname,
    r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication,
    ARRAY(SELECT g.rolname::text FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid
          WHERE m.member = r.oid AND g.rolname <> %(group)s ORDER BY 1)
FROM pg_roles r
WHERE r.rolname = %(group)s OR (starts_with(r.rolname, %(group)s || '_')
    AND has_database_privilege(r.oid, current_database(), 'CONNECT'))
ORDER BY r.rolname
"""


def read_powers(connection: BaseDatabaseWrapper, group: str) -> list[tuple[str, bool, list[str]]]:
    """A group and its logins to this database: whether one may do what no policy binds, and its other groups."""
    with connection.cursor() as cursor:
        cursor.execute(_POWERS, {"group": group})
        return list(cursor.fetchall())


@dataclass(frozen=True)
class View:
    """A view for analysts. `made`: what was noted of it when it was made; `state`: the same of what it is now."""

    made: str
    state: str
    options: frozenset[str]
    rights: frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Views:
    """The schema for analysts.

    rights: who beside its owner may do what in it. tables_are_open: everybody may use the schema of the tables.
    """

    #: What the catalog shows of view `c` with the rule `w`: another one after any change.
    STATE: ClassVar[str] = (
        "md5(concat(w.ev_action::text, ARRAY(SELECT a.attname FROM pg_attribute a"
        " WHERE a.attrelid = c.oid AND a.attnum > 0 ORDER BY a.attnum)::text))"
    )

    has_schema: bool
    rights: frozenset[tuple[str, str]]
    tables_are_open: bool
    views: dict[str, View]


_GRANTED = """ARRAY(SELECT jsonb_build_array(
    CASE grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(grantee) END, privilege_type)
    FROM aclexplode({acl}) WHERE grantee <> {owner})"""
_VIEWS = """
SELECT n.oid IS NOT NULL, {schema_rights},
    EXISTS (SELECT FROM pg_namespace s, aclexplode(s.nspacl)
            WHERE s.nspname = current_schema() AND grantee = 0 AND privilege_type = 'USAGE'),
    c.relname, coalesce(obj_description(c.oid, 'pg_class'), ''), {state}, c.reloptions,
    {rights}
FROM (SELECT 1) AS always LEFT JOIN pg_namespace n ON n.nspname = %s
LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relkind = 'v'
LEFT JOIN pg_rewrite w ON w.ev_class = c.oid
""".format(
    schema_rights=_GRANTED.format(acl="n.nspacl", owner="n.nspowner"),
    rights=_GRANTED.format(acl="c.relacl", owner="c.relowner"),
    state=Views.STATE,
)


def read_views(connection: BaseDatabaseWrapper, schema: str) -> Views:
    """The views in a schema, which may not exist."""
    with connection.cursor() as cursor:
        cursor.execute(_VIEWS, [schema])
        rows = cursor.fetchall()
    return Views(
        has_schema=rows[0][0],
        rights=_pairs(rows[0][1]),
        tables_are_open=rows[0][2],
        views={
            row[3]: View(row[4], row[5], frozenset(row[6] or ()), _pairs(row[7])) for row in rows if row[3]
        },
    )


def _pairs(rights: list[Any]) -> frozenset[tuple[str, str]]:
    return frozenset((role, right) for role, right in map(_parsed, rights))
