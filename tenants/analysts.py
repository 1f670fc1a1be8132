"""What analysts see: views in a schema of their own, for roles of which each logs in for one tenant, and only reads.

Whoever writes SQL can set any setting. So the policy for analysts compares a row's tenant with the name by which the
session logged in, which nothing but a new login changes. A view has no rights of its own: it is run with those of
whoever asks (`security_invoker`), who may read the columns that it needs, behind that policy.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tenants.catalog import ColumnRight, Policy, Table, Views

#: The group of all analysts; nobody logs in as it. Policies and rights are this role's.
ANALYST: Final = "isthmus_analyst"
#: Where the views are.
SCHEMA: Final = "analysts"
#: What an analyst's tenant is: the rest of the name. A name without it raises, instead of finding nothing.
_MINE: Final = f"({{column}} = (replace((SESSION_USER)::text, '{ANALYST}_'::text, ''::text))::uuid)"
_ACCOUNTS: Final = "tenants_linkedaccount"
#: What a view of records asks of a record and of its account.
_OF_RECORD: Final = ("tenant_id", "linked_account_id", "is_shell")
_OF_ACCOUNT: Final = ("tenant_id", "id", "permissions", "deleted_at")
_SELECT: Final = "SELECT {columns} FROM {source} WHERE {where}"
_RECORDS: Final = (
    "{record} AS record JOIN {accounts} AS account"
    " ON account.tenant_id = record.tenant_id AND account.id = record.linked_account_id"
)
_OF_READ: Final = (
    "NOT record.is_shell AND account.deleted_at IS NULL AND coalesce(({said} ->> 'read')::boolean, true)"
)
_OF_LINKED: Final = "record.deleted_at IS NULL"
#: Makes a view anew, and notes beside it what it was made of, and how the catalog shows it.
_MAKE: Final = """
DROP VIEW IF EXISTS {view};
CREATE VIEW {view} WITH (security_barrier = true, security_invoker = true) AS {definition};
GRANT SELECT ON {view} TO {analyst};
DO $note$ BEGIN
    EXECUTE 'COMMENT ON VIEW {view} IS ' || quote_literal((
        SELECT '{digest} ' || {state} FROM pg_class c JOIN pg_rewrite w ON w.ev_class = c.oid
        WHERE c.oid = '{view}'::regclass));
END $note$
"""
_OPTIONS: Final = frozenset({"security_barrier=true", "security_invoker=true"})


@dataclass(frozen=True)
class Shown:
    """What analysts see of a table.

    view: its name. columns: as they are. fields: those that an account's scopes can hide, shown as null then. model:
    the name by which scopes speak of the records of the table, or empty: it is the table of linked accounts. custom:
    the column of custom fields, null as soon as an account's scopes hide any field: SQL does not know what they read.
    """

    view: str
    columns: tuple[str, ...]
    fields: tuple[str, ...] = ()
    model: str = ""
    custom: str = ""

    @property
    def needed(self) -> frozenset[str]:
        """The columns that the view reads of its table."""
        return frozenset(
            {
                *self.columns,
                *self.fields,
                *filter(None, [self.custom]),
                *(_OF_RECORD if self.model else _OF_ACCOUNT),
            }
        )


def login_name(tenant_id: uuid.UUID) -> str:
    """The role by which the analysts of a tenant log in."""
    return f"{ANALYST}_{tenant_id.hex}"


def policy(column: str) -> Policy:
    """Whose rows an analyst sees: those of the tenant for which the session logged in."""
    return Policy(ANALYST, "r", ANALYST, _MINE.format(column=column), None)


def of_columns(table: Table, shown: Shown | None) -> Iterator[tuple[str, str]]:
    """What is wrong with rights on single columns, which nobody has but analysts; and the SQL that puts it right."""
    needed = shown.needed & table.columns if shown else frozenset()
    wanted = frozenset((ANALYST, "SELECT", name) for name in needed)
    there = table.column_rights
    if ANALYST in table.rights:  # what is taken back on the table is so on its columns
        there = frozenset(right for right in there if right[0] != ANALYST)
    for role, right, columns in _gathered(there - wanted):
        to = "PUBLIC" if role == "public" else _quote(role)
        sql = f"REVOKE {right} ({_listed(columns)}) ON {_quote(table.name)} FROM {to}"
        yield f"{role} may {right} {', '.join(columns)}", sql
    for role, right, columns in _gathered(wanted - there):
        sql = f"GRANT {right} ({_listed(columns)}) ON {_quote(table.name)} TO {_quote(role)}"
        yield f"{role} may not {right} {', '.join(columns)}", sql


def _gathered(rights: frozenset[ColumnRight]) -> Iterator[tuple[str, str, list[str]]]:
    for role, right in sorted({(role, right) for role, right, _ in rights}):
        yield role, right, sorted(column for one, other, column in rights if (one, other) == (role, right))


def of_views(
    views: Views,
    shown: Mapping[str, Shown],
    tables: Mapping[str, Table],
    *,
    schema: str,
    others: tuple[str, ...],
) -> Iterator[tuple[str, str, str]]:
    """What is wrong with the views of these tables: name, what, and the SQL that puts it right.

    schema: of the tables, which is closed to everybody but `others`, so that nobody goes round a view.
    """
    if views.tables_are_open:
        to, closed = ", ".join(map(_quote, others)), _quote(schema)
        sql = f"REVOKE USAGE ON SCHEMA {closed} FROM PUBLIC; GRANT USAGE ON SCHEMA {closed} TO {to}"
        yield "", "the schema of the tables is open to everybody", sql
    if not views.has_schema:
        yield "", "there is no schema for analysts", f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"
    if views.rights != {(ANALYST, "USAGE")}:
        yield "", "the schema for analysts is not open to them alone", _opened(views)
    wanted = {
        one.view: _definition(one, table, schema)
        for table, one in shown.items()
        if _has_all(one, tables, table)
    }
    for name in sorted(views.views.keys() - wanted.keys()):
        yield name, "it is no view of a model", f"DROP VIEW {SCHEMA}.{_quote(name)}"
    for name, definition in sorted(wanted.items()):
        found = views.views.get(name)
        if found is None or found.made != f"{_digest(definition)} {found.state}" or found.options != _OPTIONS:
            yield name, "the view is not as its model asks", _made(name, definition)
        elif found.rights != {(ANALYST, "SELECT")}:
            yield name, "the view is not open to analysts alone, for reading", _made(name, definition)


def _opened(views: Views) -> str:
    roles = sorted({"PUBLIC" if role == "public" else _quote(role) for role, _ in views.rights})
    revoked = f"REVOKE ALL ON SCHEMA {SCHEMA} FROM {', '.join(roles)}; " if roles else ""
    return f"{revoked}GRANT USAGE ON SCHEMA {SCHEMA} TO {ANALYST}"


def _has_all(shown: Shown, tables: Mapping[str, Table], table: str) -> bool:
    """Whether the tables have every column that the view reads: in the middle of migrations they may not."""
    accounts = tables.get(_ACCOUNTS)
    return (
        accounts is not None and shown.needed <= tables[table].columns and accounts.columns >= {*_OF_ACCOUNT}
    )


def _definition(shown: Shown, table: str, schema: str) -> str:
    """The query of a view. What was deleted with its account, or is known by reference only, is left out."""
    record, accounts = f"{_quote(schema)}.{_quote(table)}", f"{_quote(schema)}.{_ACCOUNTS}"
    columns = [f"record.{_quote(name)}" for name in shown.columns]
    if not shown.model:
        return _SELECT.format(columns=", ".join(columns), source=f"{record} AS record", where=_OF_LINKED)
    said = f"account.permissions -> '{shown.model}'"
    fields = [
        f"CASE WHEN {said} -> 'hidden' ? '{name}' THEN NULL ELSE record.{_quote(name)} END AS {_quote(name)}"
        for name in shown.fields
    ]
    if shown.custom:
        name = _quote(shown.custom)
        fields.append(f"CASE WHEN {said} -> 'hidden' ->> 0 IS NULL THEN record.{name} END AS {name}")
    source = _RECORDS.format(record=record, accounts=accounts)
    return _SELECT.format(
        columns=", ".join([*columns, *fields]), source=source, where=_OF_READ.format(said=said)
    )


def _made(name: str, definition: str) -> str:
    known = {"analyst": ANALYST, "state": Views.STATE, "digest": _digest(definition)}
    return _MAKE.format(view=f"{SCHEMA}.{_quote(name)}", definition=definition, **known)


def dropped(views: Views) -> str:
    """The SQL that makes room for migrations: a column that a view reads can neither be altered nor dropped.

    Empty where there is no view.
    """
    listed = ", ".join(f"{SCHEMA}.{_quote(name)}" for name in sorted(views.views))
    return f"DROP VIEW {listed}" if listed else ""


def _digest(definition: str) -> str:
    return hashlib.sha256(definition.encode()).hexdigest()[:16]


def _listed(names: list[str]) -> str:
    return ", ".join(map(_quote, names))


def _quote(name: str) -> str:
    return '"{}"'.format(name.replace('"', '""'))
