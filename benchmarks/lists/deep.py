"""Pages deep inside a list: their cursors without walking there, and what Postgres touches for them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import orjson
from django.db import connection, transaction
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from benchmarks.figures import say
from benchmarks.lists.full import Full
from tenants.postgres.ask import spelled_instants
from tenants.scope import scope
from unified_api.api import cursors, filters, records
from unified_api.api.params import Params
from unified_api.models.base import model_id

Key = tuple[str, str] | None


def key_before(one: Full, query: Mapping[str, str], count: int) -> Key:
    """The order key of the record after which so many records of a filtered list are left behind."""
    if not count:
        return None
    wanted = _conditions(one, query)
    table = connection.ops.quote_name(one.model._meta.db_table)
    where = " AND ".join(["tenant_id = %s", "linked_account_id = %s", *(c.sql for c in wanted)])
    values = [one.tenant_id, one.account_id, *(v for c in wanted for v in c.values), count - 1]
    with scope(one.tenant_id), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            f"SELECT r.created_at::text, r.id::text FROM {table} r WHERE {where}"  # noqa: S608 - no value
            " ORDER BY r.created_at, r.id OFFSET %s LIMIT 1",
            values,
        )
        created_at, record_id = cursor.fetchone()
    return spelled_instants([created_at])[0], record_id


def path(one: Full, query: Mapping[str, str], key: Key, size: int) -> str:
    """The path of the page behind a key, with a cursor as the API seals it."""
    asked = {**query, "page_size": str(size)}
    if key is not None:
        window = cursors.Window(f"{one.account_id} {model_id(one.model)}", 1)
        _, page = cursors.turn(window, lambda *_: [key, key], lambda row: row)
        asked["cursor"] = page["next"]
    return f"{one.path}?{urlencode(asked)}"


def buffers(one: Full, query: Mapping[str, str], key: Key, size: int) -> int:
    """How many buffers Postgres touches for a page, as the app, behind the policies; the plan is said."""
    wanted = _conditions(one, query)
    sql = _sent(
        one, functools.partial(records.fetch, one.model, one.account_id, wanted, key, False, size + 1)
    )
    with scope(one.tenant_id), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}")
        (told,) = cursor.fetchone()
    plan = (orjson.loads(told) if isinstance(told, str) else told)[0]["Plan"]
    say(f"{dict(query)} {key}: {_scans(plan)}")
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


def _scans(plan: Mapping[str, Any]) -> list[str]:
    own = f"{plan['Node Type']} {plan.get('Index Name', '')} {plan.get('Index Cond', '')}".strip()
    return [own, *(line for child in plan.get("Plans", ()) for line in _scans(child))]


def _sent(one: Full, read: Callable[[], object]) -> str:
    with scope(one.tenant_id), transaction.atomic(), CaptureQueriesContext(connection) as sent:
        read()
    return str(sent.captured_queries[-1]["sql"])


def _conditions(one: Full, query: Mapping[str, str]) -> list[filters.Condition]:
    return filters.conditions(one.model, Params(QueryDict(urlencode(query))))
