"""Who a request comes from, in one message: the tenant behind the API key's door, then key and linked account.

Every request of the API pays for this, so it is written as SQL: the ORM takes several times as long for the same.
Nothing is remembered between requests: a revoked key ends with the next one. The walls are as everywhere: the database
takes the tenant from the door before the question, and both rows have to be that tenant's.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from django.db import connection, models, transaction
from django.utils import timezone

from tenants import accounts, apikeys
from tenants.models import ApiKey, Door, LinkedAccount
from tenants.postgres.ask import ask_behind
from tenants.postgres.base import TENANT_SETTING
from tenants.scope import scope
from tenants.tokens import digest
from tenants.vault import Secret

#: From (value, expression, connection) to value.
Converter = Callable[[Any, Any, Any], Any]
M = TypeVar("M", bound=models.Model)


class Caller(NamedTuple):
    """A recognised API key, and the linked account whose token came with it; None if it came without, or unknown."""

    key: ApiKey
    account: LinkedAccount | None


def recognise(key: Secret, token: Secret | None, *, now: datetime | None = None) -> Caller | None:
    """Who presents this API key and, perhaps, account token; None if the key is unknown or revoked. Needs no scope."""
    moment = now or timezone.now()
    tenant, sql = _statements()
    door = (digest(apikeys.DOOR, key), apikeys.DOOR, moment)
    held = None if token is None else digest(accounts.TOKEN_DOOR, token)
    rows = ask_behind(tenant, door, sql, (held, *door))
    if not rows:
        return None
    (row,) = rows
    width = len(ApiKey._meta.concrete_fields)
    account = None if row[width] is None else _instance(LinkedAccount, row[width:])
    caller = Caller(_instance(ApiKey, row[:width]), account)
    if apikeys.is_to_note(caller.key, moment):
        with scope(caller.key.tenant_id), transaction.atomic():
            apikeys.note_use(caller.key, moment)
    return caller


@functools.cache
def _statements() -> tuple[str, str]:
    """The tenant behind a door; and the key behind it, with the account of a token."""
    door, key, account = (connection.ops.quote_name(m._meta.db_table) for m in (Door, ApiKey, LinkedAccount))
    entered = (
        f"FROM {door} d WHERE d.digest = %s AND d.kind = %s AND (d.expires_at IS NULL OR d.expires_at > %s)"
    )
    mine = f"current_setting('{TENANT_SETTING}')::uuid"
    tenant = f"(SELECT d.tenant_id::text {entered})"
    sql = (
        f"SELECT {_columns('k', ApiKey)}, {_columns('a', LinkedAccount)} FROM {key} k"  # noqa: S608 - the same
        f" LEFT JOIN {account} a ON a.tenant_id = {mine} AND a.token_digest = %s AND a.deleted_at IS NULL"
        f" WHERE k.tenant_id = {mine} AND k.id = (SELECT d.reference {entered}) AND k.revoked_at IS NULL"
    )
    return tenant, sql


def _columns(alias: str, model: type[models.Model]) -> str:
    """The columns of a model, its primary key first."""
    return ", ".join(f"{alias}.{connection.ops.quote_name(column)}" for column, _, _ in _fields(model))


@functools.cache
def _fields(model: type[models.Model]) -> tuple[tuple[str, str, Sequence[Converter]], ...]:
    """Column, attribute and converters of each field, the primary key first."""
    ordered: list[Any] = sorted(model._meta.concrete_fields, key=lambda f: not f.primary_key)
    return tuple((f.column, f.attname, f.get_db_converters(connection)) for f in ordered)


def _instance(model: type[M], row: Sequence[Any]) -> M:
    fields = _fields(model)
    values = list(row)
    for place, (_, _, converters) in enumerate(fields):
        for convert in converters:
            values[place] = convert(values[place], None, connection)
    return model.from_db(connection.alias, [attribute for _, attribute, _ in fields], values)
