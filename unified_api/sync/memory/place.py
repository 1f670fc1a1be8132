"""Where a time lies in the change log, whose stamps never fall: found by halving, some twenty looks into an index."""

from __future__ import annotations

import datetime as dt

from unified_api.sync.models import Change, FeedHead


def first_at(moment: dt.datetime) -> int:
    """The position such that entries below it are older than a moment, and those from it on are not."""
    low, high = 1, end() + 1
    while low < high:
        middle = (low + high) // 2
        entry = (
            Change.objects.filter(position__gte=middle).order_by("position").only("at", "position").first()
        )
        if entry is None or entry.at >= moment:
            high = middle
        else:
            low = entry.position + 1
    return low


def end() -> int:
    """The position of the newest entry, or what it was if that has been erased."""
    return FeedHead.objects.values_list("position", flat=True).first() or 0
