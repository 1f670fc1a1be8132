"""Erasing what was mirrored from a linked account that has been deleted, in bounded slices."""

from __future__ import annotations

import time
import uuid
from typing import Any, Final

from django.db import transaction

from unified_api.models.base import common_models
from unified_api.sync import job
from unified_api.sync.models import (
    Change,
    Identity,
    RemoteData,
    Run,
    SetAside,
    Sighting,
    Stream,
    Throttle,
    Write,
)

KIND: Final = "erase"
_AT_ONCE: Final = 5_000


def begin(linked_account_id: uuid.UUID) -> None:
    """Stop everything that works for the account and have its data erased; within the transaction that deletes it."""
    for stream in Stream.objects.filter(linked_account_id=linked_account_id):
        job.forget("pull", stream.id)
    for write in Write.objects.filter(linked_account_id=linked_account_id, finished_at=None):
        job.forget("write", write.id)
    job.ask(KIND, linked_account_id)


def work(lease: job.Lease, ends: float) -> None:
    """One slice of the erasure; what follows from the streams goes before them."""
    for rows in _tables(lease.reference):
        while _erase_some(lease, rows):
            if time.monotonic() > ends:
                job.again(lease, 0.0)
                return
    job.finish(lease)


def _erase_some(lease: job.Lease, rows: Any) -> bool:
    with transaction.atomic(durable=True):
        job.hold(lease)
        some = list(rows().values_list("pk", flat=True)[:_AT_ONCE])
        rows().filter(pk__in=some).delete()
    return len(some) == _AT_ONCE


def _tables(account: uuid.UUID) -> list[Any]:
    def streams() -> Any:
        return Stream.objects.filter(linked_account_id=account)

    def swept() -> Any:
        ids = [s["id"] for s in streams().exclude(sweep=None).values_list("sweep", flat=True)]
        return Sighting.objects.filter(sweep_id__in=ids)

    owned: list[Any] = [*common_models(), Change, Identity, RemoteData, Write, Throttle]
    return [
        lambda: SetAside.objects.filter(stream_id__in=streams().values("id")),
        lambda: Run.objects.filter(stream_id__in=streams().values("id")),
        swept,
        *(lambda m=m: m.objects.filter(linked_account_id=account) for m in owned),
        streams,
    ]
