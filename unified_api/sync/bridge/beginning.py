"""Which records were there before a bridge began: left alone since the moment that `start` names.

By the provider's own times. Where it does not say when a record was changed, nobody knows what happened before it was
first read: what the first complete reading showed is old, and what differed from it later, or came later, is not.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

from unified_api.models.base import CommonModel
from unified_api.sync.models import Run, Stream

#: When a record was changed, by the provider's account; by ours where it does not say.
TIMES: Final = ("remote_updated_at", "remote_created_at")
OURS: Final = "modified_at"
#: Results of runs that read everything.
COMPLETE: Final = ("DONE", "PARTIALLY_SYNCED")


def is_old(record: CommonModel, since: dt.datetime, first_read: dt.datetime | None) -> bool:
    """Whether nobody has made or changed it since then."""
    updated, created = (getattr(record, name, None) for name in TIMES)
    if updated is not None:
        return bool(updated < since)
    if created is not None and created >= since:
        return False
    return bool(getattr(record, OURS) < max(since, first_read or since))


def first_read(account: uuid.UUID, model: str) -> dt.datetime | None:
    """When the first complete reading of a model ended; None where nobody reads, as of what is pushed."""
    streams = Stream.objects.filter(linked_account_id=account, model=model)
    runs = Run.objects.filter(stream_id__in=streams.values("id"), result__in=COMPLETE)
    ended: dt.datetime | None = runs.order_by("started").values_list("finished", flat=True).first()
    return ended
