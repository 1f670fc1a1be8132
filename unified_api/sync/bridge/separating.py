"""Records that a person has called one of their own, although others have their key: they are created all the same.

Several of one key are created one at a time, so that what is read meanwhile can only be what the one create made.
"""

from __future__ import annotations

from collections.abc import Sequence

from unified_api.engine.pair import State
from unified_api.sync.bridge import sharing
from unified_api.sync.bridge.held import FREE, WAITING
from unified_api.sync.bridge.newcomers import SEPARATE
from unified_api.sync.bridge.records import Frame
from unified_api.sync.models_bridge import Pair


def is_separate(pair: Pair) -> bool:
    """Whether that was said of the record under the key that it has."""
    return pair.key is not None and pair.memory.get(SEPARATE) == pair.key


def in_turn(frame: Frame, pairs: Sequence[Pair]) -> list[Pair]:
    """These pairs, but of separate records with one key only the first, and none while one of that key is created.

    Who meets such a create waits for its end; who comes behind another one of these is left for the next look.
    """
    separate = [pair for pair in pairs if pair.state == State.ALONE and is_separate(pair)]
    if not separate:
        return list(pairs)
    keys = [pair.key for pair in separate]
    shared = sharing.shared(frame, keys)
    creating = sharing.pairs(frame, keys).filter(state=State.CREATING).values_list("key", flat=True)
    created, seen = {shared.get(str(key)) for key in creating}, set()
    waiting, behind = [], []
    for pair in separate:
        key = shared[str(pair.key)]
        if key in created or pair.held == WAITING:
            waiting.append(pair.id)
        elif key in seen:
            behind.append(pair.id)
        seen.add(key)
    Pair.objects.filter(id__in=waiting, held=FREE).update(held=WAITING, dirty=True)
    return [pair for pair in pairs if pair.id not in {*waiting, *behind}]
