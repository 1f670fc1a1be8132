"""The entries of one record, newest first, a portion at a time: who stops early has read little."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from typing import Any, Final

from django.db.models import Q, QuerySet

from unified_api.models.base import CommonModel, wire_fields
from unified_api.models.fields import Instant
from unified_api.sync.models import Change

#: Entries that one statement fetches.
PORTION: Final = 200
#: Kinds of entries that concern all fields of a record, also those that they do not name.
WHOLE: Final = ("created", "deleted", "restored")


def newest_first(
    record_id: uuid.UUID, *, field: str | None = None, below: int | None = None
) -> Iterator[Change]:
    """Entries of a record below a position; with `field`, those that changed it or concern the whole record."""
    while True:
        portion = list(entries(record_id, field=field, below=below).order_by("-position")[:PORTION])
        yield from portion
        if len(portion) < PORTION:
            return
        below = portion[-1].position


def entries(
    record_id: uuid.UUID, *, field: str | None = None, below: int | None = None, above: int | None = None
) -> QuerySet[Change]:
    """The same, unordered, between two positions, neither of them included."""
    wanted = Change.objects.filter(record_id=record_id)
    if field is not None:
        wanted = wanted.filter(Q(fields__has_key=field) | Q(kind__in=WHOLE))
    if below is not None:
        wanted = wanted.filter(position__lt=below)
    return wanted if above is None else wanted.filter(position__gt=above)


def same(model: type[CommonModel], field: str, one: Any, other: Any) -> bool:
    """Whether two values of a field, as the log has them, are one; a point in time may be spelled with any offset."""
    if isinstance(wire_fields(model)[field], Instant) and one is not None and other is not None:
        return dt.datetime.fromisoformat(one) == dt.datetime.fromisoformat(other)
    return bool(one == other)
