"""Pairs that share a key: of records with several keys, each of which is enough, as people have several addresses.

Where a bridge matches by such a field, the keys of each pair stand in a table of their own, one row each, so that those
who share one are found by it. All others share a key when their keys are equal, and have no rows there.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet

from unified_api.engine.match import alternatives, linked
from unified_api.sync.models_bridge import Pair, PairKey

if TYPE_CHECKING:
    from unified_api.sync.bridge.records import Frame


def note(frame: Frame, keys: Mapping[uuid.UUID, Collection[str | None]]) -> None:
    """Keep the keys of some pairs' records, by pair, within the open transaction; none of a pair that is no more."""
    if not frame.has_alternatives or not keys:
        return
    PairKey.objects.filter(pair_id__in=keys).delete()
    told = {pair: {one for key in several for one in alternatives(key)} for pair, several in keys.items()}
    PairKey.objects.bulk_create(
        PairKey(bridge_id=frame.bridge.id, pair_id=pair, key=one)
        for pair, ones in told.items()
        for one in ones
    )


def pairs(frame: Frame, keys: Iterable[str | None]) -> QuerySet[Pair]:
    """The pairs of a bridge that share one of these keys."""
    mine, known = Pair.objects.filter(bridge_id=frame.bridge.id), {key for key in keys if key is not None}
    if not frame.has_alternatives:
        return mine.filter(key__in=known)
    return mine.filter(id__in=_sharing(frame, {one for key in known for one in alternatives(key)}))


def shared(frame: Frame, keys: Iterable[str | None]) -> dict[str, str]:
    """By key of a pair the one that stands for all who share one: of these keys, and of all that they are linked to."""
    told = {key for key in keys if key is not None}
    if not frame.has_alternatives:
        return {key: key for key in told}
    groups = [set(alternatives(key)) for key in told] + list(_linked(frame, told).values())
    reached = Pair.objects.filter(id__in=_sharing(frame, set().union(*groups))).exclude(key=None)
    whole = told | set(reached.values_list("key", flat=True))
    standing = linked([*groups, *(alternatives(key) for key in whole)])
    return {key: standing[alternatives(key)[0]] for key in whole}


def _linked(frame: Frame, keys: Collection[str]) -> dict[uuid.UUID, set[str]]:
    """All keys of the pairs that share one of these, or one with a pair that does, by pair."""
    known: set[str] = set()
    fresh = {one for key in keys for one in alternatives(key)}
    found: dict[uuid.UUID, set[str]] = {}
    while fresh:
        rows = PairKey.objects.filter(pair_id__in=_sharing(frame, fresh)).values_list("pair_id", "key")
        for pair, key in rows:
            found.setdefault(pair, set()).add(key)
        known |= fresh
        fresh = {one for several in found.values() for one in several} - known
    return found


def _sharing(frame: Frame, alone: Collection[str]) -> QuerySet[PairKey, Any]:
    rows = PairKey.objects.filter(bridge_id=frame.bridge.id, key__in=list(alone))
    return rows.values("pair_id")
