"""A remote account that is lost, and another one of the same provider in its place, behind the same linked account.

    retire ─▶ records marked as deleted, slice by slice ─▶ (linked) ─▶ take_over

What was read stays, with history, pairs and bases, so that bridges can make it again in the new account. Every record
keeps its Isthmus id and gives up its remote id: what the new account knows by the same one is another record. Cut off
half-way, the account rests until it is linked: by the same request, which goes on, or as the one that it was.
"""

from __future__ import annotations

import uuid
from typing import Final

from django.db import transaction
from django.db.models import Q
from psycopg import sql

from tenants.models import LinkedAccount
from tenants.scope import current_tenant
from unified_api.models.base import CommonModel, common_models, model_id
from unified_api.sync import connect, job, journal, limit, steer, store, streams, tables
from unified_api.sync.bridge import steering
from unified_api.sync.models import Stream, Throttle, Write
from unified_api.sync.models_bridge import Bridge

#: Records that one transaction marks as deleted.
AT_ONCE: Final = 1_000
CAUSE: Final = store.Cause("replaced")
_WHY: Final = "Another account of the provider takes its place."

_STRANGERS = """
    INSERT INTO sync_identity (id, tenant_id, linked_account_id, model, remote_id, record_id)
    SELECT gen_random_uuid(), tenant_id, linked_account_id, %s, remote_id, gen_random_uuid()
    FROM (SELECT DISTINCT tenant_id, linked_account_id, remote_id FROM {table}
          WHERE tenant_id = %s AND linked_account_id = %s AND remote_id IS NOT NULL) known
    ON CONFLICT (tenant_id, linked_account_id, model, remote_id) DO UPDATE SET record_id = excluded.record_id
"""


def bridges_of(account: LinkedAccount) -> list[Bridge]:
    """The bridges that an account is a side of, by name."""
    either = Q(account_a=account.id) | Q(account_b=account.id)
    return list(Bridge.objects.filter(either).order_by("name", "model", "id"))


def retire(account: LinkedAccount) -> None:
    """Have nothing read from it and nothing written to it any more, and mark its records as deleted there."""
    connect.pause(account, _WHY)
    with transaction.atomic(durable=True):
        for stream in Stream.objects.filter(linked_account_id=account.id).order_by("id"):
            job.forget(streams.KIND, stream.id)
        for bridge in bridges_of(account):
            if not bridge.paused_by:
                steering.pause(bridge.id)
    _withdraw_writes(account)
    for model in common_models(account.category):
        while _remove_some(account, model):
            pass


def take_over(account: LinkedAccount) -> None:
    """Have the new account read from its beginning, its records as ones of their own; within the open transaction."""
    for model in common_models(account.category):
        table = sql.Identifier(model._meta.db_table)
        values = [model_id(model), current_tenant(), account.id]
        tables.execute(sql.SQL(_STRANGERS).format(table=table), values)
        model.objects.filter(linked_account_id=account.id).update(remote_id=None)
    Throttle.objects.filter(holder_id__in=limit.holders_of(account.id)).delete()
    steer.begin_anew(account.id)


def _withdraw_writes(account: LinkedAccount) -> None:
    """One by one, as each locks the pairs of its bridge."""
    still_open = Write.objects.filter(linked_account_id=account.id).exclude(state__in=journal.FINAL)
    with transaction.atomic():
        waiting: list[uuid.UUID] = list(still_open.order_by("journalled_at").values_list("id", flat=True))
    for write_id in waiting:
        with transaction.atomic(durable=True):
            if write := still_open.filter(id=write_id).select_for_update().first():
                journal.withdraw(write, _WHY)


def _remove_some(account: LinkedAccount, model: type[CommonModel]) -> int:
    living = model.objects.filter(linked_account_id=account.id, is_shell=False, remote_was_deleted=False)
    with store.entry(account.id) as entry:
        return entry.remove(model, list(living.values_list("id", flat=True)[:AT_ONCE]), CAUSE)
