"""Who a request comes from, in two statements: a door for the API key, then key and linked account together.

Every request of the API pays for this, so it is written as SQL: the ORM takes several times as long for the same.
The walls are as everywhere: the second statement runs in the tenant's scope and transaction, and names the tenant.
"""

from __future__ import annotations

import functools
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from django.db import connection, models, transaction
from django.utils import timezone

from tenants import accounts, apikeys
from tenants.models import ApiKey, Door, LinkedAccount
from tenants.scope import current_tenant, scope
from tenants.tokens import digest
from tenants.vault import Secret

M = TypeVar("M", bound=models.Model)


class Caller(NamedTuple):
    """A recognised API key, and the linked account whose token came with it; None if it came without, or unknown."""

    key: ApiKey
    account: LinkedAccount | None


def recognise(key: Secret, token: Secret | None, *, now: datetime | None = None) -> Caller | None:
    """Who presents this API key and, perhaps, account token; None if the key is unknown or revoked. Needs no scope."""
    moment = now or timezone.now()
    found = _door(key, moment)
    if found is None:
        return None
    tenant_id, key_id = found
    with scope(tenant_id), transaction.atomic():
        caller = _caller(key_id, token)
        if caller is not None:
            apikeys.note_use(caller.key, moment)
    return caller


def _door(key: Secret, now: datetime) -> tuple[uuid.UUID, uuid.UUID] | None:
    table = connection.ops.quote_name(Door._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT tenant_id, reference FROM {table} WHERE digest = %s AND kind = %s"  # noqa: S608 - our own names
            " AND (expires_at IS NULL OR expires_at > %s)",
            [digest(apikeys.DOOR, key), apikeys.DOOR, now],
        )
        return cursor.fetchone()  # type: ignore[no-any-return] # one row of two ids


def _caller(key_id: uuid.UUID, token: Secret | None) -> Caller | None:
    held = None if token is None else digest(accounts.TOKEN_DOOR, token)
    with connection.cursor() as cursor:
        cursor.execute(_statement(), [held, current_tenant(), key_id])
        row = cursor.fetchone()
    if row is None:
        return None
    width = len(ApiKey._meta.concrete_fields)
    account = None if row[width] is None else _instance(LinkedAccount, row[width:])
    return Caller(_instance(ApiKey, row[:width]), account)


@functools.cache
def _statement() -> str:
    key, account = (connection.ops.quote_name(m._meta.db_table) for m in (ApiKey, LinkedAccount))
    return (
        f"SELECT {_columns('k', ApiKey)}, {_columns('a', LinkedAccount)} FROM {key} k"  # noqa: S608 - our own names
        f" LEFT JOIN {account} a ON a.tenant_id = k.tenant_id AND a.token_digest = %s AND a.deleted_at IS NULL"
        " WHERE k.tenant_id = %s AND k.id = %s AND k.revoked_at IS NULL"
    )


def _columns(alias: str, model: type[models.Model]) -> str:
    """The columns of a model, its primary key first."""
    return ", ".join(f"{alias}.{connection.ops.quote_name(f.column)}" for f in _fields(model))


def _fields(model: type[models.Model]) -> list[Any]:
    return sorted(model._meta.concrete_fields, key=lambda f: not f.primary_key)


def _instance(model: type[M], row: Sequence[Any]) -> M:
    values = []
    for field, stored in zip(_fields(model), row, strict=True):
        value = stored
        for convert in field.get_db_converters(connection):
            value = convert(value, None, connection)
        values.append(value)
    return model.from_db(connection.alias, [f.attname for f in _fields(model)], values)
