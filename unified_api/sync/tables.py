"""The store's statements: set-based reads and writes of common-model tables.

Django's `bulk_create(update_conflicts)` rewrites every row and is several times slower; these send one JSON
document a table, which Postgres turns into rows. What is sent is bound by the server: quoting a document of a
thousand rows into the statement, and finding it there again, takes as long as storing it.
"""

from __future__ import annotations

import datetime as dt
import functools
import itertools
import os
import uuid
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import orjson
import psycopg
from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.db.models import JSONField
from psycopg import sql

from tenants.scope import current_tenant
from unified_api.models.base import CommonModel, common_model
from unified_api.sync.feed import Span
from unified_api.sync.identity import Key
from unified_api.sync.landing import Row
from unified_api.sync.models_account import Ignored

model_of = functools.cache(common_model)


@functools.cache
def columns(model: type[CommonModel]) -> tuple[str, ...]:
    """The columns of a model's table that are stored; a common model's field and column have one name."""
    return tuple(str(f.column) for f in model._meta.concrete_fields if not f.generated)


def execute(statement: str | sql.Composed, values: Sequence[Any] | Mapping[str, Any]) -> CursorWrapper:
    """Run a statement whose values the server binds."""
    bare: Any = psycopg.Cursor(connection.connection)  # Django's own would bind them here
    cursor = connection.make_debug_cursor(bare) if connection.queries_logged else connection.make_cursor(bare)
    cursor.execute(statement, values)
    return cursor


@contextmanager
def at_once() -> Iterator[None]:
    """Statements of this block, whose results nobody reads, follow each other without waiting for answers."""
    with connection.wrap_database_errors, connection.connection.pipeline():
        yield


def array(ids: Iterable[uuid.UUID]) -> str:
    """Ids as Postgres reads an array of them."""
    return f"{{{','.join([record.hex for record in ids])}}}"


_NEWS = """
    SELECT seen.number::int - 1, known.is_shell IS NOT NULL
    FROM unnest(%s::uuid[], %s::text[]) WITH ORDINALITY AS seen (id, digest, number)
    LEFT JOIN LATERAL (
        SELECT digest, is_shell, remote_was_deleted FROM {table} t WHERE t.tenant_id = %s AND t.id = seen.id OFFSET 0
    ) known ON true
    WHERE known.remote_was_deleted IS NOT FALSE OR known.digest IS DISTINCT FROM decode(seen.digest, 'hex')
"""


def news(model: type[CommonModel], ids: Sequence[uuid.UUID], digests: Sequence[bytes]) -> dict[int, bool]:
    """Positions of those whose record does not show this digest, and whether there is a record at all.

    OFFSET keeps the planner from reading a table once instead of looking up the rows of one page.
    """
    seen = f"{{{','.join([digest.hex() for digest in digests])}}}"
    statement = sql.SQL(_NEWS).format(table=sql.Identifier(model._meta.db_table))
    return dict(execute(statement, [array(ids), seen, current_tenant()]).fetchall())


#: One by one, as the planner cannot be kept from reading a whole index where the statistics are old.
_LOCKED = """
    SELECT known.* FROM unnest(%s::uuid[]) AS wanted (id)
    CROSS JOIN LATERAL (SELECT {names} FROM {table} t WHERE t.tenant_id = %s AND t.id = wanted.id FOR UPDATE) known
"""


def locked(model: type[CommonModel], ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Row]:
    """The rows of these records, locked in the order of their ids."""
    if not ids:
        return {}
    names = sql.SQL(", ").join(map(sql.Identifier, columns(model)))
    statement = sql.SQL(_LOCKED).format(table=sql.Identifier(model._meta.db_table), names=names)
    found = execute(statement, [array(ids), current_tenant()]).fetchall()
    rows = [dict(zip(columns(model), row, strict=True)) for row in found]
    for name in _documents(model):
        for row in rows:
            row[name] = None if row[name] is None else orjson.loads(row[name])
    return {row["id"]: row for row in rows}


@functools.cache
def _documents(model: type[CommonModel]) -> tuple[str, ...]:
    """The columns of JSON, which Django leaves to each reader to decode."""
    return tuple(str(f.column) for f in model._meta.concrete_fields if isinstance(f, JSONField))


_UNKNOWN = """
    SELECT wanted.number::int - 1 FROM unnest(%s::uuid[]) WITH ORDINALITY AS wanted (id, number)
    WHERE NOT EXISTS (SELECT FROM {table} t WHERE t.tenant_id = %s AND t.id = wanted.id OFFSET 0)
"""


def unknown(shells: Mapping[Key, uuid.UUID]) -> dict[Key, uuid.UUID]:
    """Those of the referenced records that have no row yet."""
    found: dict[Key, uuid.UUID] = {}
    for model in {model for model, _ in shells}:
        wanted = [(key, record) for key, record in shells.items() if key[0] is model]
        statement = sql.SQL(_UNKNOWN).format(table=sql.Identifier(model._meta.db_table))
        numbers = execute(statement, [array(record for _, record in wanted), current_tenant()])
        found.update(wanted[number] for (number,) in numbers)
    return found


#: A document, sent as the bytes that it is.
_DOCUMENT = sql.SQL("convert_from(%b, 'UTF8')::json")


def upsert(model: type[CommonModel], rows: Sequence[Row]) -> None:
    """Insert or replace whole rows, which the caller has locked or knows to be new."""
    if rows:
        execute(_upsert_statement(model), [_json(rows)])


@functools.cache
def _upsert_statement(model: type[CommonModel]) -> sql.Composed:
    names = [sql.Identifier(name) for name in columns(model)]
    kept = [n for n in columns(model) if n not in {"id", "tenant_id"}]
    assigned = [sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in kept]
    return sql.SQL(
        "INSERT INTO {table} ({names}) SELECT {names} FROM json_populate_recordset(null::{table}, {document})"
        " ON CONFLICT (tenant_id, id) DO UPDATE SET {assigned}"
    ).format(
        table=sql.Identifier(model._meta.db_table),
        names=sql.SQL(", ").join(names),
        assigned=sql.SQL(", ").join(assigned),
        document=_DOCUMENT,
    )


def ignored(ids: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """Those of these records that are not taken in any more."""
    return set(Ignored.objects.filter(record_id__in=list(ids)).values_list("record_id", flat=True))


def insert_shells(linked_account_id: uuid.UUID, shells: Mapping[Key, uuid.UUID], stamp: dt.datetime) -> None:
    """Give every referenced record that is not known yet a row of its own, empty but for its identity."""
    for model in {model for model, _ in shells}:
        rows = [
            model(
                id=record,
                linked_account_id=linked_account_id,
                remote_id=remote_id,
                created_at=stamp,
                modified_at=stamp,
                is_shell=True,
            )
            for (of, remote_id), record in shells.items()
            if of is model
        ]
        model.objects.bulk_create(rows, ignore_conflicts=True)


def advance_as_of(model: type[CommonModel], record: uuid.UUID, as_of: int) -> None:
    """Note until when a row is known to be good."""
    model.objects.filter(id=record, as_of__lt=as_of).update(as_of=as_of)


def note_digests(model: type[CommonModel], seen: Mapping[uuid.UUID, bytes]) -> None:
    """Give rows, which are locked, the digests of the list answers that they equal."""
    if not seen:
        return
    statement = sql.SQL(
        "UPDATE {table} t SET digest = seen.digest FROM unnest(%s::uuid[], %s::bytea[]) AS seen (id, digest)"
        " WHERE t.tenant_id = %s AND t.id = seen.id"
    ).format(table=sql.Identifier(model._meta.db_table))
    execute(statement, [array(seen), list(seen.values()), current_tenant()])


def set_settled(model: type[CommonModel], record: uuid.UUID, until: dt.datetime) -> None:
    """Note until when lists may lag behind this row."""
    model.objects.filter(id=record).update(settled_at=until)


_APPEND = """
    INSERT INTO sync_change (
        id, tenant_id, linked_account_id, position, at, model, record_id, kind, fields, source, run_id, write_id
    )
    SELECT id, %s, %s, %s + number - 1, %s, model, record_id, kind, fields, source, run_id, write_id
    FROM ROWS FROM (json_to_recordset({document}) AS (
        id uuid, model text, record_id uuid, kind text, fields jsonb, source text, run_id uuid, write_id uuid
    )) WITH ORDINALITY AS entry (id, model, record_id, kind, fields, source, run_id, write_id, number)
"""


def append_log(linked_account_id: uuid.UUID, log: Sequence[dict[str, Any]], span: Span) -> None:
    """Write the entries of one transaction at the positions of its span."""
    if not log:
        return
    for entry, fresh in zip(log, _fresh(len(log)), strict=True):
        entry["id"] = fresh
    execute(
        sql.SQL(_APPEND).format(document=_DOCUMENT),
        [current_tenant(), linked_account_id, span.first, span.stamp, _json(log)],
    )


_KEEP_RAW = """
    INSERT INTO sync_remotedata (id, tenant_id, linked_account_id, record_id, path, body)
    SELECT id, %s, %s, record, %s, substring(%s::bytea FROM begins FOR size)
    FROM unnest(%s::uuid[], %s::uuid[], %s::int[], %s::int[]) AS raw (id, record, begins, size)
    ON CONFLICT (tenant_id, record_id, path) DO UPDATE SET body = excluded.body
    WHERE sync_remotedata.body <> excluded.body
"""


def keep_raw(linked_account_id: uuid.UUID, path: str, raw: Mapping[uuid.UUID, Any]) -> None:
    """Keep the provider's own answers of one endpoint, one per record."""
    bodies = [zlib.compress(orjson.dumps(body), 1) for body in raw.values()]
    sizes = [len(body) for body in bodies]
    begins = itertools.accumulate(sizes, initial=1)
    values = [
        f"{{{','.join(_fresh(len(raw)))}}}",
        array(raw),
        _numbers(begins, len(raw)),
        _numbers(sizes, len(raw)),
    ]
    execute(_KEEP_RAW, [current_tenant(), linked_account_id, path, b"".join(bodies), *values])


_KEPT_RAW = (
    "SELECT record_id, path, body FROM sync_remotedata WHERE tenant_id = %s AND record_id = ANY(%s::uuid[])"
)


def kept_raw(ids: Collection[uuid.UUID]) -> Iterator[tuple[uuid.UUID, str, Any]]:
    """The provider's own answers about these records: of which record, from which path, and the answer."""
    found = execute(_KEPT_RAW, [current_tenant(), array(ids)]).fetchall() if ids else []
    for record, path, body in found:
        yield record, path, orjson.loads(zlib.decompress(body))


def _numbers(numbers: Iterable[int], count: int) -> str:
    return f"{{{','.join(map(str, itertools.islice(numbers, count)))}}}"


def _fresh(count: int) -> list[str]:
    """So many random ids, for rows that nobody names by theirs."""
    text = os.urandom(16 * count).hex()
    return [text[at : at + 32] for at in range(0, len(text), 32)]


def _json(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """As bytes: a text would take up to four times the memory, and be made bytes again."""
    return orjson.dumps(rows, default=_as_json)


def _as_json(value: Any) -> str:
    """Bytes in the form that Postgres reads them."""
    if isinstance(value, bytes | memoryview):
        return "\\x" + bytes(value).hex()
    raise TypeError(type(value).__name__)
