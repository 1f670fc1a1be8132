"""Who a request comes from, in one message: the tenant behind the API key's door, then key and linked account.

Every request of the API pays for this, so it is written as SQL: the ORM takes several times as long for the same.
A revoked key ends with the next request. The walls are as everywhere: the database takes the tenant from the door
before the question, and both rows have to be that tenant's.

Who only reads need not ask first: `recall` tells what the rows said last, and a premise, that they are unchanged. The
database looks at it in the message that reads, and shows nobody's records where it no longer holds
(`tenants.postgres.ask`). A row that was changed has another `xmin`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeVar

from django.db import connection, models, transaction
from django.utils import timezone

from tenants import accounts, apikeys
from tenants.models import ApiKey, Door, LinkedAccount
from tenants.postgres.ask import Premise, ask_behind
from tenants.postgres.base import TENANT_SETTING
from tenants.scope import scope
from tenants.tokens import digest
from tenants.vault import Secret

#: From (value, expression, connection) to value.
Converter = Callable[[Any, Any, Any], Any]
M = TypeVar("M", bound=models.Model)
#: By the digests of a key and a token: their rows as they were last read, sealed as they are stored.
_remembered: dict[tuple[bytes, bytes | None], tuple[Any, ...]] = {}
_MOST: Final = 1_000
#: The last columns of such a row: which version each of the three is.
_VERSIONS: Final = 3


class Caller(NamedTuple):
    """A recognised API key, and the linked account whose token came with it; None if it came without, or unknown.

    premise: what has to hold of a caller who was recalled.
    """

    key: ApiKey
    account: LinkedAccount | None
    premise: Premise | None = None


def recognise(key: Secret, token: Secret | None, *, now: datetime | None = None) -> Caller | None:
    """Who presents this API key and, perhaps, account token; None if the key is unknown or revoked. Needs no scope."""
    moment = now or timezone.now()
    tenant, sql, _ = _statements()
    door = (digest(apikeys.DOOR, key), apikeys.DOOR, moment)
    held = None if token is None else digest(accounts.TOKEN_DOOR, token)
    rows = ask_behind(tenant, door, sql, (held, *door))
    if not rows:
        _remembered.pop((door[0], held), None)
        return None
    (row,) = rows
    caller = _caller(row)
    if apikeys.is_to_note(caller.key, moment):
        with scope(caller.key.tenant_id), transaction.atomic():
            apikeys.note_use(caller.key, moment)
    elif caller.account is not None:
        _remember((door[0], held), row)
    return caller


def recall(key: Secret, token: Secret, *, now: datetime | None = None) -> Caller | None:
    """Who presented these before, on the premise that nothing has changed; None where that is not remembered."""
    moment = now or timezone.now()
    door = (digest(apikeys.DOOR, key), apikeys.DOOR, moment)
    held = digest(accounts.TOKEN_DOOR, token)
    row = _remembered.get((door[0], held))
    if row is None:
        return None
    caller = _caller(row)
    if apikeys.is_to_note(caller.key, moment):
        return None
    of_door, of_key, of_account = row[-_VERSIONS:]
    return caller._replace(premise=Premise(_statements()[2], (*door, of_door, of_key, held, of_account)))


def _remember(presented: tuple[bytes, bytes | None], row: tuple[Any, ...]) -> None:
    if len(_remembered) >= _MOST:
        _remembered.clear()
    _remembered[presented] = row


def _caller(row: Sequence[Any]) -> Caller:
    width = len(ApiKey._meta.concrete_fields)
    account = None if row[width] is None else _instance(LinkedAccount, row[width:-_VERSIONS])
    return Caller(_instance(ApiKey, row[:width]), account)


@functools.cache
def _statements() -> tuple[str, str, str]:
    """The tenant behind a door; the key behind it, with the account of a token; the tenant if all are unchanged."""
    door, key, account = (connection.ops.quote_name(m._meta.db_table) for m in (Door, ApiKey, LinkedAccount))
    entered = "d.digest = %s AND d.kind = %s AND (d.expires_at IS NULL OR d.expires_at > %s)"
    mine = f"tenant_id = current_setting('{TENANT_SETTING}')::uuid"
    valid = f"k.{mine} AND k.revoked_at IS NULL"
    linked = f"a.{mine} AND a.token_digest = %s AND a.deleted_at IS NULL"
    tenant = f"(SELECT d.tenant_id::text FROM {door} d WHERE {entered})"  # noqa: S608 - no value
    sql = (
        f"SELECT {_columns('k', ApiKey)}, {_columns('a', LinkedAccount)}, d.xmin, k.xmin, a.xmin"  # noqa: S608 - the same
        f" FROM {door} d JOIN {key} k ON {valid} AND k.id = d.reference LEFT JOIN {account} a ON {linked}"
        f" WHERE {entered}"
    )
    # One after the other, not joined: Postgres plans three rows by their keys faster than a join of them.
    unchanged = (
        f"SELECT k.tenant_id::text FROM {key} k WHERE {valid}"  # noqa: S608 - the same
        f" AND k.id = (SELECT d.reference FROM {door} d WHERE {entered} AND d.xmin = %s::xid) AND k.xmin = %s::xid"
        f" AND EXISTS (SELECT FROM {account} a WHERE {linked} AND a.xmin = %s::xid)"
    )
    return tenant, sql, unchanged


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
