"""From the change log to dirty pairs; and records without a counterpart find each other.

A change only marks its pair dirty: values are read when the pair is looked at. A record that no pair knows
gets a pair of its own, alone. Lone records are then matched by exact key; a match joins two pairs into one.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from typing import Final

from django.db.models import Q

from unified_api.engine.match import Matching, match
from unified_api.engine.pair import State
from unified_api.engine.values import Both, Side
from unified_api.sync.bridge.records import Frame, record_of
from unified_api.sync.models import Change, FeedHead
from unified_api.sync.models_bridge import Bridge, Pair

#: Changes that one transaction takes in.
AT_ONCE: Final = 2_000
REVIEW, WAITING, SEARCH, FREE = "review", "waiting", "search", ""
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
    _add(frame, side, set(records) - known)


def _add_all(frame: Frame, side: Side) -> None:
    records = frame.model.objects.filter(linked_account_id=frame.account_id(side))
    _add(frame, side, records.values_list("id", flat=True))


def _add(frame: Frame, side: Side, records: Iterable[uuid.UUID]) -> None:
    """A lone pair for each living record of these that is no shell."""
    living = frame.model.objects.filter(id__in=list(records), is_shell=False, remote_was_deleted=False)
    Pair.objects.bulk_create(
        [
            Pair(bridge_id=frame.bridge.id, state=State.ALONE, **{_COLUMN[side]: record})
            for record in living.values_list("id", flat=True)
        ],
        batch_size=1_000,
    )


def match_up(frame: Frame) -> None:
    """Match the lone records that are new or changed; join pairs, and hold back what is not clear."""
    bridge_pairs = Pair.objects.filter(bridge_id=frame.bridge.id)
    lone = list(bridge_pairs.filter(state=State.ALONE, dirty=True).filter(_one_sided()))
    if not lone:
        return
    before = {pair.key for pair in lone} - {None}
    _note_keys(frame, lone)
    keys = {pair.key for pair in lone if pair.key} | before
    peers = {pair.id: pair for pair in bridge_pairs.filter(_one_sided(), state=State.ALONE, key__in=keys)}
    peers |= {pair.id: pair for pair in lone}
    others = bridge_pairs.filter(key__in=keys).exclude(id__in=list(peers))
    creating = set(others.filter(state=State.CREATING).values_list("key", flat=True))
    paired = set(others.exclude(state=State.CREATING).values_list("key", flat=True))
    free = Both[dict[str, str | None]](
        *({str(pair.id): pair.key for pair in peers.values() if record_of(pair, side)} for side in Side)
    )
    _carry_out(match(Both(free.a, free.b), paired=paired - {None}, pending=creating - {None}), peers)


def _one_sided() -> Q:
    return Q(record_a=None) | Q(record_b=None)


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


def _carry_out(matching: Matching, pairs: dict[str, Pair] | dict[uuid.UUID, Pair]) -> None:
    known = {str(pair.id): pair for pair in pairs.values()}
    for a, b in matching.pairs:
        joined, record = known[a], known[b].record_b
        known[b].delete()
        joined.record_b, joined.held, joined.dirty = record, FREE, True
        joined.save(update_fields=["record_b", "held", "dirty"])
    reviewed = [i for one in matching.review for i in (*one.a, *one.b)]
    _hold(known, reviewed, REVIEW, dirty=False)
    _hold(known, [*matching.waiting.a, *matching.waiting.b], WAITING, dirty=True)
    alone = [*matching.alone.a, *matching.alone.b]
    searched = {i for i in alone if known[i].key is None or known[i].memory.get("searched") == known[i].key}
    _hold(known, [i for i in alone if i not in searched], SEARCH, dirty=True)
    _hold(known, searched, FREE, dirty=True)


def _hold(pairs: dict[str, Pair], ids: Iterable[str], held: str, *, dirty: bool) -> None:
    """Set why lone pairs are held back; those that were let go are looked at."""
    changed = [pairs[i].id for i in ids if pairs[i].held != held or (held == REVIEW and pairs[i].dirty)]
    Pair.objects.filter(id__in=changed).update(held=held, dirty=dirty)
