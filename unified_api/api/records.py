"""Reading records of one linked account. Each statement names tenant and account, and is a transaction by itself.

Tenant and account stand in its text, and how many records are wanted: so a plan that Postgres keeps of a list, for the
next pages of who reads all of it, is made for an account as large as this one. Of what is filtered it keeps none: some
find nearly all records and others hardly any, and what is right for these takes a second for those.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection, transaction

from tenants.postgres.ask import Statement, ask
from tenants.scope import current_tenant
from unified_api.api.cursors import Key
from unified_api.api.filters import Condition
from unified_api.api.orders import BY_AGE, Order
from unified_api.api.render import NO_MAPPINGS, Record, form
from unified_api.models.base import CommonModel, model_id
from unified_api.sync.models import FieldMapping


def fetch(
    model: type[CommonModel],
    account_id: uuid.UUID,
    conditions: Iterable[Condition],
    key: Key | None,
    backwards: bool,  # noqa: FBT001 - see cursors.Fetch
    limit: int,
    order: Order = BY_AGE,
    first: Statement | None = None,
) -> list[Record]:
    """Records in this order, or backwards, beyond the key. first: see `ask`.

    The order names the table's columns (`r.id`): a bare `id` would mean what is selected under that name, its text,
    and Postgres would sort all that one store transaction brought instead of reading an index.
    """
    wanted = list(conditions)
    is_kept = order is BY_AGE and not any(condition.values for condition in wanted)
    falls = backwards is not order.is_reversed
    if key is not None:
        sign = "<" if falls else ">"
        wanted.append(Condition(f"({order.expression}, r.id) {sign} (%s::{order.kind}, %s::uuid)", key))
    way = "DESC" if falls else "ASC"
    end = Condition(f"ORDER BY {order.expression} {way}, r.id {way} LIMIT {limit:d}")
    return _select(model, account_id, wanted, end, first, is_kept=is_kept)


def by_id(
    model: type[CommonModel], account_id: uuid.UUID, ids: Sequence[uuid.UUID | str]
) -> dict[str, Record]:
    """The records with these ids, by id; those that there are not are left out."""
    if not ids:
        return {}
    several = ",".join(map(str, ids))  # the driver takes longer to write an array
    found = _select(model, account_id, [Condition("id = ANY(%s::uuid[])", (f"{{{several}}}",))], is_kept=True)
    return {record["id"]: record for record in found}


def _select(
    model: type[CommonModel],
    account_id: uuid.UUID,
    wanted: Sequence[Condition],
    end: Condition | None = None,
    first: Statement | None = None,
    *,
    is_kept: bool = False,
) -> list[Record]:
    mine = Condition(f"tenant_id = '{current_tenant()}'::uuid AND linked_account_id = '{account_id}'::uuid")
    shown = form(model)
    where = " AND ".join(condition.sql for condition in (mine, *wanted))
    table = connection.ops.quote_name(model._meta.db_table)
    text = f"SELECT {shown.select} FROM {table} r WHERE {where} {end.sql if end else ''}"  # noqa: S608 - no value
    values: list[Any] = [value for condition in wanted for value in condition.values]
    found = shown.show(ask(text, values, first=first, is_kept=is_kept))
    _tell_targets(model, account_id, [one for one in found if one["field_mappings"] is not NO_MAPPINGS])
    return found


def _tell_targets(model: type[CommonModel], account_id: uuid.UUID, custom: Sequence[Record]) -> None:
    """Show custom fields as the wire contract does: those of all accounts at an integration, and the account's own."""
    if not custom:
        return
    with transaction.atomic():
        mine = FieldMapping.objects.filter(linked_account_id=account_id, model=model_id(model))
        own = set(mine.values_list("target", flat=True))
    for record in custom:
        told = {target: {"value": value} for target, value in record["field_mappings"].items()}
        record["field_mappings"] = {
            "organization_defined_targets": {t: v for t, v in told.items() if t not in own},
            "linked_account_defined_targets": {t: v for t, v in told.items() if t in own},
        }
