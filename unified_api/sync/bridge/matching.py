"""Lone records find each other by exact key; a match joins two pairs into one.

First the keys of all that are new or changed are noted, then keys are gone through, some at a time. A portion has
everybody who has one of its keys, so what becomes of a key does not depend on how the keys are portioned: it is
clear only once all keys are noted, and nothing else.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, Final

from django.db import connection
from django.db.models import Q, QuerySet

from tenants.scope import current_tenant
from unified_api.engine.match import Matching, match
from unified_api.engine.pair import State
from unified_api.engine.values import Both, Side
from unified_api.sync.bridge import newcomers, sharing, stirring, writing
from unified_api.sync.bridge.failing import Failed, has_failed
from unified_api.sync.bridge.held import (
    FREE,
    KEYED,
    NEW,
    REVIEW,
    SEARCH,
    WAITING,
    again,
    one_sided,
)
from unified_api.sync.bridge.records import Frame, record_of
from unified_api.sync.bridge.separating import is_separate
from unified_api.sync.models_bridge import Pair

#: Pairs that one transaction begins with; those who share their keys come on top.
AT_ONCE: Final = 2_000
#: In a lone pair's memory: the key with which its counterpart was searched for last.
SEARCHED: Final = "searched"
_NOTE_KEYS = """
    UPDATE sync_pair p SET key = noted.key, held = %s, dirty = true, awaits = %s AND noted.key IS NULL
    FROM unnest(%s::uuid[], %s::text[]) AS noted (id, key)
    WHERE p.tenant_id = %s AND p.id = noted.id
"""
_JOIN = """
    UPDATE sync_pair p SET record_b = joined.record, held = '', dirty = true,
        paused_by = coalesce(p.paused_by, joined.paused_by)
    FROM unnest(%s::uuid[], %s::uuid[], %s::text[]) AS joined (id, record, paused_by)
    WHERE p.tenant_id = %s AND p.id = joined.id
"""


def note_some_keys(frame: Frame) -> int:
    """Note the keys of some lone records that are new or changed; how many there were."""
    fresh = _some(frame, NEW)
    if not fresh:
        return 0
    told = _keys_now(frame, fresh)
    keys = {i: key for i, key in told.items() if not isinstance(key, Failed)}
    _set_aside(fresh, told)
    left = {pair.key for pair in fresh if pair.id in keys and pair.key != keys[pair.id]}
    _note_keys(frame, list(keys.items()))
    again(sharing.pairs(frame, left).filter(held=REVIEW))
    newcomers.look_again(frame, left)
    return len(fresh)


def match_some(frame: Frame) -> int:
    """Match some lone records whose keys are noted; how many there were."""
    some = _some(frame, KEYED)
    if not some:
        return 0
    shared = sharing.shared(frame, [pair.key for pair in some])
    keys = set(shared)
    lone = {pair.id: pair for pair in _pairs(frame).filter(one_sided(), state=State.ALONE, key__in=keys)}
    lone |= {pair.id: pair for pair in some}
    lone = _of_that_key_still(frame, lone)
    others = _pairs(frame).exclude(one_sided(), state=State.ALONE)
    creating = others.filter(Q(key__in=keys) | Q(key=None), state=State.CREATING)
    paired = set(others.filter(key__in=keys).exclude(state=State.CREATING).values_list("key", flat=True))
    pending = set(creating.values_list("key", flat=True))
    matching = match(
        Both(_keys(lone.values(), Side.A, shared), _keys(lone.values(), Side.B, shared)),
        paired={_standing_for(key, shared) for key in paired},
        pending={_standing_for(key, shared) for key in pending},
        separate={str(i) for i, pair in lone.items() if is_separate(pair)},
    )
    _carry_out(frame, matching, {str(i): pair for i, pair in lone.items()})
    return len(some)


def _pairs(frame: Frame) -> QuerySet[Pair]:
    return Pair.objects.filter(bridge_id=frame.bridge.id)


def _some(frame: Frame, held: str) -> list[Pair]:
    found = _pairs(frame).filter(one_sided(), dirty=True, state=State.ALONE, held=held)
    return list(found.order_by("id")[:AT_ONCE])


def _side(pair: Pair) -> Side:
    return Side.A if pair.record_a else Side.B


def _keys(pairs: Iterable[Pair], side: Side, shared: Mapping[str, str]) -> dict[str, str | None]:
    return {str(pair.id): _standing_for(pair.key, shared) for pair in pairs if record_of(pair, side)}


def _standing_for(key: str | None, shared: Mapping[str, str]) -> str | None:
    """The key that stands for all who share it."""
    return None if key is None else shared.get(key, key)


def _set_aside(fresh: Iterable[Pair], told: Mapping[uuid.UUID, str | Failed | None]) -> None:
    """Let those rest whose keys could not be made, until their records change: none is matched, or made, by no key."""
    for pair in fresh:
        key = told[pair.id]
        problems = [writing.shown(key.problem(pair))] if isinstance(key, Failed) else []
        if problems or has_failed(pair):
            Pair.objects.filter(id=pair.id).update(problems=problems, dirty=not problems)


def _keys_now(frame: Frame, lone: Iterable[Pair]) -> dict[uuid.UUID, str | Failed | None]:
    """The keys by the records as they are; one that is gone has none."""
    lone = list(lone)
    keys: dict[uuid.UUID, str | Failed | None] = {}
    for side in Side:
        known = {
            pair.id: record for pair in lone if (record := record_of(pair, side)) and _side(pair) is side
        }
        told = frame.keys(frame.telling().filter(id__in=known.values()), side)
        keys.update({pair: told.get(record) for pair, record in known.items()})
    return keys


def _of_that_key_still(frame: Frame, lone: Mapping[uuid.UUID, Pair]) -> dict[uuid.UUID, Pair]:
    """Those whose records have the noted key by now; the others are to be noted anew."""
    keys = _keys_now(frame, lone.values())
    moved = [i for i, pair in lone.items() if pair.key != keys[i]]
    again(_pairs(frame).filter(id__in=moved))
    return {i: pair for i, pair in lone.items() if pair.key == keys[i]}


def _note_keys(frame: Frame, noted: Sequence[tuple[uuid.UUID, str | None]]) -> None:
    with connection.cursor() as cursor:
        told: list[Any] = [KEYED, frame.refers_in_key, *_columns(noted), current_tenant()]
        cursor.execute(_NOTE_KEYS, told)
    sharing.note(frame, {pair: [key] for pair, key in noted})


def _carry_out(frame: Frame, matching: Matching, pairs: Mapping[str, Pair]) -> None:
    matched = [(pairs[a], pairs[b]) for a, b in matching.pairs]
    stirring.awaken_parts_of(frame.bridge, chain.from_iterable(matched))
    _join(frame, matched)
    _hold(pairs, [i for one in matching.review for i in (*one.a, *one.b)], REVIEW)
    _hold(pairs, [*matching.waiting.a, *matching.waiting.b], WAITING)
    alone = [*matching.alone.a, *matching.alone.b]
    searched = [i for i in alone if not _to_be_searched(frame, pairs[i])]
    _hold(pairs, searched, FREE)
    _hold(pairs, set(alone) - set(searched), SEARCH)


def is_lost_unsearched(pair: Pair) -> bool:
    """Whether nobody has looked at the provider yet for what a pair of two has lost, before that is made again."""
    return bool(pair.record_a and pair.record_b and pair.key) and pair.memory.get(SEARCHED) != pair.key


def _to_be_searched(frame: Frame, pair: Pair) -> bool:
    """Whether a counterpart may be created, and nobody has looked at the provider for this key yet."""
    creates = _side(pair).other in frame.policy.creates
    return creates and pair.key is not None and pair.memory.get(SEARCHED) != pair.key


def _join(frame: Frame, matched: Sequence[tuple[Pair, Pair]]) -> None:
    """Make one pair of two, keeping that of side a; who paused either has paused it."""
    if not matched:
        return
    joined = Pair.objects.filter(id__in=[b.id for _, b in matched])
    paused_by = dict(joined.order_by("id").select_for_update().values_list("id", "paused_by"))
    joined.delete()
    sharing.note(frame, {b.id: [] for _, b in matched} | {a.id: [a.key, b.key] for a, b in matched})
    with connection.cursor() as cursor:
        columns = _columns([(a.id, b.record_b, paused_by[b.id]) for a, b in matched])
        cursor.execute(_JOIN, [*columns, current_tenant()])


def _columns(rows: Iterable[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)] or [[], []]


def _hold(pairs: Mapping[str, Pair], ids: Iterable[str], held: str) -> None:
    """Set why lone pairs are held back."""
    changed = [pairs[i].id for i in ids if pairs[i].held != held]
    if changed:
        Pair.objects.filter(id__in=changed).update(held=held, dirty=True)
