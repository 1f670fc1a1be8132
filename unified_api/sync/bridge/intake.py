"""From the change log to dirty pairs; and records without a counterpart find each other.

A change only marks its pair dirty: values are read when the pair is looked at. A record that no pair knows
gets a pair of its own, alone. Lone records are then matched by exact key; a match joins two pairs into one.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from django.db import models
from django.db.models import Q

from unified_api.engine.match import Matching, match
from unified_api.engine.pair import State
from unified_api.engine.values import Both, Side
from unified_api.sync.bridge.records import Frame, record_of
from unified_api.sync.models import Change, FeedHead
from unified_api.sync.models_bridge import Bridge, Pair

#: Changes that one transaction takes in.
AT_ONCE: Final = 2_000
#: Why a pair is held back: a lone record that is not matched yet, whose key others have, that may be what an
#: unsettled create made, whose counterpart is to be searched for. Free pairs are looked at.
NEW, REVIEW, WAITING, SEARCH, FREE = "new", "review", "waiting", "search", ""
#: A create whose outcome nobody knows: a person has to tell.
UNSETTLED: Final = "unsettled"
#: In a lone pair's memory: the key with which its counterpart was searched for last.
SEARCHED: Final = "searched"
#: What the bridge goes on with by itself, at once.
UNDER_WAY: Final = (NEW, SEARCH, FREE)
_COLUMN: Final = {Side.A: "record_a", Side.B: "record_b"}


def take_in(frame: Frame) -> bool:
    """Mark what changed since the cursor, which moves; True when there may be more."""
    bridge = frame.bridge
    head = FeedHead.objects.values_list("position", flat=True).first() or 0
    if bridge.cursor is None:
        for side in Side:
            _add_all(frame, side)
        _move(bridge, head)
        return False
    accounts = {bridge.account_a: Side.A, bridge.account_b: Side.B}
    entries = Change.objects.filter(
        position__gt=bridge.cursor, linked_account_id__in=accounts, model=bridge.model
    ).order_by("position")
    found = list(entries.values_list("position", "linked_account_id", "record_id")[:AT_ONCE])
    for side in Side:
        _mark(frame, side, {record for _, account, record in found if accounts[account] is side})
    more = len(found) == AT_ONCE
    _move(bridge, found[-1][0] if more else max(head, *(position for position, _, _ in found), 0))
    return more


def _move(bridge: Bridge, cursor: int) -> None:
    if cursor != bridge.cursor:
        bridge.cursor = cursor
        bridge.save(update_fields=["cursor"])


def _mark(frame: Frame, side: Side, records: Collection[uuid.UUID]) -> None:
    if not records:
        return
    pairs = Pair.objects.filter(Q(**{f"{_COLUMN[side]}__in": records}), bridge_id=frame.bridge.id)
    known = set(pairs.values_list(_COLUMN[side], flat=True))
    pairs.update(dirty=True)
    pairs.filter(one_sided(), state=State.ALONE).update(held=NEW)
    _add(frame, side, set(records) - known)


def _add_all(frame: Frame, side: Side) -> None:
    records = frame.model.objects.filter(linked_account_id=frame.account_id(side))
    _add(frame, side, records.values_list("id", flat=True))


def _add(frame: Frame, side: Side, records: Iterable[uuid.UUID]) -> None:
    """A lone pair for each living record of these that is no shell."""
    living = frame.model.objects.filter(id__in=list(records), is_shell=False, remote_was_deleted=False)
    Pair.objects.bulk_create(
        [
            Pair(bridge_id=frame.bridge.id, state=State.ALONE, held=NEW, **{_COLUMN[side]: record})
            for record in living.values_list("id", flat=True)
        ],
        batch_size=1_000,
    )


def match_up(frame: Frame) -> int:
    """Match the lone records that are new or changed, all at once: a key is clear only when all are known."""
    pairs = Pair.objects.filter(bridge_id=frame.bridge.id)
    fresh = list(pairs.filter(one_sided(), dirty=True, state=State.ALONE, held=NEW))
    if not fresh:
        return 0
    keys = {pair.key for pair in fresh}
    _note_keys(frame, fresh)
    keys = (keys | {pair.key for pair in fresh}) - {None}
    lone = {str(pair.id): pair for pair in pairs.filter(one_sided(), state=State.ALONE, key__in=keys)}
    lone |= {str(pair.id): pair for pair in fresh}
    others = pairs.filter(key__in=keys).exclude(id__in=list(lone))
    matching = match(
        Both(_keys(lone, Side.A), _keys(lone, Side.B)),
        paired=set(others.exclude(state=State.CREATING).values_list("key", flat=True)),
        pending=set(others.filter(state=State.CREATING).values_list("key", flat=True)),
    )
    _carry_out(matching, lone)
    return len(fresh)


def again(pairs: models.QuerySet[Pair]) -> None:
    """Have lone records of these matched anew."""
    pairs.filter(one_sided(), state=State.ALONE).update(held=NEW, dirty=True)


def one_sided() -> Q:
    """Pairs that have one record only."""
    return Q(record_a=None) | Q(record_b=None)


def _keys(pairs: Mapping[str, Pair], side: Side) -> dict[str, str | None]:
    return {i: pair.key for i, pair in pairs.items() if record_of(pair, side)}


def _note_keys(frame: Frame, lone: list[Pair]) -> None:
    """Compute the keys anew from the records; one that is gone has none."""
    records = frame.model.objects.in_bulk([pair.record_a or pair.record_b for pair in lone])
    changed = []
    for pair in lone:
        side = Side.A if pair.record_a else Side.B
        key = frame.key(frame.told(records.get(pair.record_a or pair.record_b)), side)
        if key != pair.key:
            pair.key = key
            changed.append(pair)
    Pair.objects.bulk_update(changed, ["key"], batch_size=1_000)


def _carry_out(matching: Matching, pairs: Mapping[str, Pair]) -> None:
    _join([(pairs[a], pairs[b]) for a, b in matching.pairs])
    _hold(pairs, [i for one in matching.review for i in (*one.a, *one.b)], REVIEW)
    _hold(pairs, [*matching.waiting.a, *matching.waiting.b], WAITING)
    alone = [*matching.alone.a, *matching.alone.b]
    searched = [i for i in alone if pairs[i].key is None or pairs[i].memory.get(SEARCHED) == pairs[i].key]
    _hold(pairs, searched, FREE)
    _hold(pairs, set(alone) - set(searched), SEARCH)


def _join(matched: Sequence[tuple[Pair, Pair]]) -> None:
    """Make one pair of two, keeping that of side a."""
    for start in range(0, len(matched), 1_000):
        some = matched[start : start + 1_000]
        Pair.objects.filter(id__in=[b.id for _, b in some]).delete()
        for a, b in some:
            a.record_b, a.held, a.dirty = b.record_b, FREE, True
        Pair.objects.bulk_update([a for a, _ in some], ["record_b"])
        Pair.objects.filter(id__in=[a.id for a, _ in some]).update(held=FREE, dirty=True)


def _hold(pairs: Mapping[str, Pair], ids: Iterable[str], held: str) -> None:
    """Set why lone pairs are held back."""
    changed = [pairs[i].id for i in ids if pairs[i].held != held]
    Pair.objects.filter(id__in=changed).update(held=held, dirty=True)
