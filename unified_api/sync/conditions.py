"""Setting which records of an account are taken in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tenants import audit
from tenants.models import LinkedAccount
from unified_api.sync import connect, job, streams
from unified_api.sync.models import Stream
from unified_api.sync.models_account import SyncCondition


def set_for(account: LinkedAccount, wanted: Sequence[SyncCondition]) -> None:
    """Have these conditions hold for an account, and no others, within the transaction that is open.

    What they say of a model anew has that model read again from the start.
    """
    known = SyncCondition.objects.filter(linked_account_id=account.id)
    before, after = _by_model(known), _by_model(wanted)
    known.delete()
    SyncCondition.objects.bulk_create(wanted)
    audit.record("sync_conditions.changed", subject=str(account.id), models=sorted({*before, *after}))
    for stream in Stream.objects.filter(linked_account_id=account.id).order_by("model"):
        if before.get(stream.model) != after.get(stream.model) and _is_read(account, stream):
            job.forget(streams.KIND, stream.id)
            streams.resync(Stream.objects.select_for_update().get(id=stream.id))


def _is_read(account: LinkedAccount, stream: Stream) -> bool:
    return stream.paused_by is None and stream.status != "DISABLED" and not connect.is_hosted(account)


def _by_model(conditions: Iterable[SyncCondition]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for one in conditions:
        found.setdefault(one.model, []).append([one.field, one.operator, one.value])
    return {model: sorted(said, key=str) for model, said in found.items()}
