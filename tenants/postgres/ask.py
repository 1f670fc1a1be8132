"""One question of a tenant to the database, in one message: the tenant first, then the question.

`transaction.atomic()` around a query costs four round trips: BEGIN, the tenant, the query, COMMIT. Statements that
arrive in one pipeline are one transaction by themselves (libpq, "Pipeline Mode"), so the tenant is set before the
question, and gone after it, in a single one. Only for reading.

Postgres keeps the plans of what a connection asks often: to parse and plan a page, and who asks for it, takes it two
thirds as long as to answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, DatabaseError, OperationalError, connection, connections
from psycopg import errors
from psycopg.postgres import types
from psycopg.types.string import TextLoader

from tenants.postgres.base import TENANT_SETTING
from tenants.scope import ScopeConflict, current_tenant, tenant_or_none

Rows = list[tuple[Any, ...]]
#: SQL, and its values.
Statement = tuple[str, Sequence[Any]]

#: What is shown as the database spells it: nobody computes with it, and Python's objects cost several times as much.
_SPELLED = tuple(map(types.get_oid, ("uuid", "uuid[]", "timestamptz", "date")))
#: Refusals of a plan, not of a question: of a column that has another type by now, and of one that was never made. The
#: driver notes a statement as prepared when it sends it, also where an earlier one of the message fails.
_NO_PLAN = (errors.FeatureNotSupported, errors.InvalidSqlStatementName)
#: The tenant of nobody: no row is its.
_NOBODY = "00000000-0000-0000-0000-000000000000"


@dataclass
class Premise:
    """What somebody's scope was entered on from memory: a SELECT of its tenant, and of nothing if that has changed.

    holds: whether the database has said so since, None while it was not asked, or did not answer. Until it has, nothing
    that came of it may be shown.
    """

    sql: str
    values: Sequence[Any]
    holds: bool | None = None

    @property
    def statement(self) -> Statement:
        """What tells the database the tenant, or nobody: then what is asked in the same message finds no row."""
        tenant = f"coalesce(({self.sql}), '{_NOBODY}')"
        return f"SELECT set_config('{TENANT_SETTING}', {tenant}, true)", self.values


_premise: ContextVar[Premise | None] = ContextVar("isthmus_premise", default=None)


@contextmanager
def on(premise: Premise) -> Iterator[None]:
    """What is asked inside the block is asked together with whether the premise holds, until it does."""
    token = _premise.set(premise)
    try:
        yield
    finally:
        _premise.reset(token)


def ask(sql: str, values: Sequence[Any], *, first: Statement | None = None, is_kept: bool = False) -> Rows:
    """The rows of a SELECT for the tenant in scope; ids, days and times as text, as `spelled_ids` and others below.

    is_kept: whether its plan may be kept. Such a plan knows what the text says, and no value: it has to be the right
    one for any.
    first: a statement before it in the same message; what that waited for is in the rows, as each statement looks anew.
    Inside an open transaction it is a part of that one. NoTenantInScope: there is no tenant.
    """
    tenant_id = str(current_tenant())
    asked: list[Statement] = [*([] if first is None else [first]), (sql, values)]
    if connection.in_atomic_block:
        return _sets(connection, asked, spelled=True)[-1]
    premise = _premise.get()
    if premise is None or premise.holds:
        return _in_one_message("%s", [tenant_id], asked, spelled=True, is_kept=is_kept)[-1]
    asked = [premise.statement, *asked]
    _, [[told]], *_, rows = _in_one_message("%s", [tenant_id], asked, spelled=True, is_kept=is_kept)
    premise.holds = told == tenant_id
    return rows


def ask_behind(tenant: str, tenant_values: Sequence[Any], sql: str, values: Sequence[Any]) -> Rows:
    """The rows of a SELECT for the tenant that an expression names, as text; none where it names none.

    For what arrives before the tenant is known. ScopeConflict: a tenant is in scope, or a transaction open.
    """
    if connection.in_atomic_block or tenant_or_none() is not None:
        raise ScopeConflict("Who asks is found out outside of any transaction, and of any tenant's scope.")
    whose = f"coalesce({tenant}, '{_NOBODY}')"
    return _in_one_message(whose, tenant_values, [(sql, values)], spelled=False, is_kept=True)[-1]


def spelled_instants(texts: Iterable[Any]) -> list[Any]:
    """`2026-01-31 12:00:00.5+00`, as Postgres spells it, as `2026-01-31T12:00:00.500000Z`. Nulls stay.

    A column at a time: a call for each would cost as much again as the spelling.
    """
    return [
        text and (f"{text[:10]}T{text[11:26]}Z" if len(text) == _WHOLE else _padded(text)) for text in texts
    ]


def _padded(text: str) -> str:
    seconds, _, fraction = text[11:-3].partition(".")
    return f"{text[:10]}T{seconds}.{fraction:0<6}Z"


def spelled_days(texts: Iterable[Any]) -> list[Any]:
    """`2026-01-31` as midnight UTC of that day, as the wire has it. Nulls stay."""
    return [text and text + "T00:00:00Z" for text in texts]


def spelled_ids(texts: Iterable[Any]) -> list[Any]:
    """`{…,…}`, an array of ids that has no nulls, as a list of them. Nulls stay; the driver takes twice as long."""
    return [text and (text[1:-1].split(",") if len(text) > _EMPTY else []) for text in texts]


_EMPTY = len("{}")
_WHOLE = len("2026-01-31 12:00:00.123456+00")


def _in_one_message(
    tenant: str, tenant_values: Sequence[Any], asked: Sequence[Statement], *, spelled: bool, is_kept: bool
) -> list[Rows]:
    """The first question on a kept connection also shows whether that one still works: no other is asked before.

    Neither does a connection work whose plans are not as it believes.
    """
    wrapper: Any = connections[DEFAULT_DB_ALIAS]
    tried = wrapper.connection is None or wrapper.health_check_done
    wrapper.health_check_done = True
    message = [(f"SELECT set_config('{TENANT_SETTING}', {tenant}, true)", tenant_values), *asked]
    try:
        return _sets(wrapper, message, spelled=spelled, is_kept=is_kept)
    except OperationalError:
        if tried or wrapper.is_usable():
            raise
    except DatabaseError as error:
        if not isinstance(error.__cause__, _NO_PLAN):
            raise
    wrapper.close()
    return _sets(wrapper, message, spelled=spelled, is_kept=is_kept)


def _sets(wrapper: Any, message: Sequence[Statement], *, spelled: bool, is_kept: bool = False) -> list[Rows]:
    """What each statement of a message says; the last one as the database spells it, where that is wanted."""
    with wrapper.wrap_database_errors:
        if wrapper.in_atomic_block or wrapper.queries_logged or wrapper.execute_wrappers:
            return _looked_at(wrapper, message, spelled=spelled)
        wrapper.ensure_connection()
        cursors = [psycopg.Cursor(wrapper.connection) for _ in message]
        _spell(cursors[-1], spelled=spelled)
        with _pipeline(wrapper):
            for cursor, (sql, values) in zip(cursors, message, strict=True):
                is_asked = cursor is cursors[-1]
                cursor.execute(sql, values, prepare=False if is_asked and not is_kept else None)
        return [cursor.fetchall() for cursor in cursors]


@contextmanager
def _pipeline(wrapper: Any) -> Iterator[None]:
    """One message. Only in here the driver counts texts: Django's hold their values, and are never prepared."""
    held = wrapper.connection
    held.prepare_threshold = wrapper.prepare_threshold
    try:
        with held.pipeline():
            yield
    finally:
        held.prepare_threshold = None


def _looked_at(wrapper: Any, message: Sequence[Statement], *, spelled: bool) -> list[Rows]:
    """The same by Django's cursor, as one text; it costs as much again.

    It refuses what is asked in a transaction that has failed, and shows queries to who looks at them.
    """
    with wrapper.cursor() as cursor:
        _spell(cursor, spelled=spelled)
        cursor.execute("; ".join(sql for sql, _ in message), [v for _, values in message for v in values])
        sets: list[Rows] = [cursor.fetchall()]
        while cursor.nextset():
            sets.append(cursor.fetchall())
    return sets


def _spell(cursor: Any, *, spelled: bool) -> None:
    for kind in _SPELLED if spelled else ():
        cursor.adapters.register_loader(kind, TextLoader)
