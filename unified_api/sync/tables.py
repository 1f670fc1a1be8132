"""The store's statements: set-based reads and writes of common-model tables.

Django's `bulk_create(update_conflicts)` rewrites every row and is several times slower; these send one JSON
document a table, which Postgres turns into rows.
"""

from __future__ import annotations

import datetime as dt
import functools
import uuid
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from django.db import connection
from psycopg import sql

from tenants.scope import current_tenant
from unified_api.models.base import CommonModel, common_model
from unified_api.sync.feed import Span
from unified_api.sync.identity import Key
from unified_api.sync.landing import Row

model_of = functools.cache(common_model)


@functools.cache
def columns(model: type[CommonModel]) -> tuple[str, ...]:
    """The columns of a model's table; a common model's field and column have one name."""
    return tuple(str(f.column) for f in model._meta.concrete_fields)


def digests(model: type[CommonModel], ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, bytes | None]:
    """The digest of each of these records that is known."""
    rows = model.objects.filter(id__in=ids).values_list("id", "digest", "remote_was_deleted")
    return {record: None if deleted else seen for record, seen, deleted in rows}


def locked(model: type[CommonModel], ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Row]:
    """The rows of these records, locked in the order of their ids."""
    if not ids:
        return {}
    rows = model.objects.filter(id__in=ids).order_by("id").select_for_update().values()
    return {row["id"]: dict(row) for row in rows}


def unknown(shells: Mapping[Key, uuid.UUID]) -> dict[Key, uuid.UUID]:
    """Those of the referenced records that have no row yet."""
    known: set[uuid.UUID] = set()
    for model in {model for model, _ in shells}:
        wanted = [record for (of, _), record in shells.items() if of is model]
        known.update(model.objects.filter(id__in=wanted).values_list("id", flat=True))
    return {key: record for key, record in shells.items() if record not in known}


def upsert(model: type[CommonModel], rows: Sequence[Row]) -> None:
    """Insert or replace whole rows, which the caller has locked or knows to be new."""
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(_upsert_statement(model), [_json(rows)])


@functools.cache
def _upsert_statement(model: type[CommonModel]) -> sql.Composed:
    names = [sql.Identifier(name) for name in columns(model)]
    kept = [n for n in columns(model) if n not in {"id", "tenant_id"}]
    assigned = [sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in kept]
    return sql.SQL(
        "INSERT INTO {table} ({names}) SELECT {names} FROM json_populate_recordset(null::{table}, %s::json)"
        " ON CONFLICT (tenant_id, id) DO UPDATE SET {assigned}"
    ).format(
        table=sql.Identifier(model._meta.db_table),
        names=sql.SQL(", ").join(names),
        assigned=sql.SQL(", ").join(assigned),
    )


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
    with connection.cursor() as cursor:
        cursor.execute(statement, [list(seen), list(seen.values()), current_tenant()])


def set_settled(model: type[CommonModel], record: uuid.UUID, until: dt.datetime) -> None:
    """Note until when lists may lag behind this row."""
    model.objects.filter(id=record).update(settled_at=until)


_APPEND = """
    INSERT INTO sync_change
    SELECT * FROM json_populate_recordset(null::sync_change, %s::json)
"""


def append_log(log: Sequence[dict[str, Any]], span: Span) -> None:
    """Write the entries of one transaction at the positions of its span."""
    if not log:
        return
    rows = [{**e, "position": span.first + i, "at": span.stamp} for i, e in enumerate(log)]
    with connection.cursor() as cursor:
        cursor.execute(_APPEND, [_json(rows)])


_KEEP_RAW = """
    INSERT INTO sync_remotedata (id, tenant_id, linked_account_id, record_id, path, body)
    SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::bytea[])
    ON CONFLICT (tenant_id, record_id, path) DO UPDATE SET body = excluded.body
"""


def keep_raw(linked_account_id: uuid.UUID, raw: Iterable[tuple[uuid.UUID, str, Any]]) -> None:
    """Keep the provider's own answers, one per record and endpoint."""
    kept = {(record, path): zlib.compress(orjson.dumps(body), 1) for record, path, body in raw}
    if not kept:
        return
    records, paths = zip(*kept, strict=True)
    count, tenant = len(kept), current_tenant()
    values = [[uuid.uuid4() for _ in kept], [tenant] * count, [linked_account_id] * count]
    with connection.cursor() as cursor:
        cursor.execute(_KEEP_RAW, [*values, list(records), list(paths), list(kept.values())])


def _json(rows: Sequence[Mapping[str, Any]]) -> str:
    return orjson.dumps(rows, default=_as_json).decode()


def _as_json(value: Any) -> str:
    """Bytes in the form that Postgres reads them."""
    if isinstance(value, bytes | memoryview):
        return "\\x" + bytes(value).hex()
    raise TypeError(type(value).__name__)
