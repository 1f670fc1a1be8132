"""Records that belong to nobody where a pair has lost its own, and that have its key: what was lost is there again.

A desk was rebuilt from its backup under new ids, or somebody made by hand what was deleted. Such a newcomer waits for
review, as its key is that of a pair. Nothing is made beside it: a person joins it with the pair, or calls it one of its
own.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from unified_api.engine.events import Look
from unified_api.engine.pair import State
from unified_api.engine.values import Side
from unified_api.sync.bridge import sharing
from unified_api.sync.bridge.held import COLUMN
from unified_api.sync.models_bridge import Pair

if TYPE_CHECKING:
    from unified_api.sync.bridge.records import Frame

#: In a pair's memory: the key under which a person has called its lone record one of its own.
SEPARATE: Final = "separate"


def noted(frame: Frame, pairs: Iterable[Pair], looks: Mapping[uuid.UUID, Look]) -> dict[uuid.UUID, Look]:
    """The looks at some pairs, in which it is said of those that lost a record whether it may be there again."""
    lost = {pair.id: (pair.key, side) for pair in pairs if pair.key and (side := lost_of(looks[pair.id]))}
    if not lost:
        return {**looks}
    shared = sharing.shared(frame, [key for key, _ in lost.values()])
    there = {(shared[str(one.key)], side) for side in Side for one in _lone(frame, side, shared)}
    again = {pair: (shared[key], side) in there for pair, (key, side) in lost.items()}
    return {pair: replace(look, again=again.get(pair, False)) for pair, look in looks.items()}


def lost_of(look: Look) -> Side | None:
    """The side of two at which the record is gone, while the other one is there."""
    gone = [side for side in Side if (one := look.of(side)) is not None and one.gone]
    return gone[0] if len(gone) == 1 and look.of(gone[0].other) is not None else None


def look_again(frame: Frame, keys: Iterable[str | None]) -> None:
    """Have pairs with these keys that lost a record looked at: a newcomer has another key, or was called its own."""
    sharing.pairs(frame, keys).filter(state=State.GONE).update(dirty=True)


def _lone(frame: Frame, side: Side, keys: Iterable[str]) -> Iterable[Pair]:
    alone = Pair.objects.filter(bridge_id=frame.bridge.id, state=State.ALONE, key__in=list(keys))
    here = {COLUMN[side.other]: None, f"{COLUMN[side]}__isnull": False}
    return [one for one in alone.filter(**here) if one.memory.get(SEPARATE) != one.key]
