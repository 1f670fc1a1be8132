"""What belongs to a record that takes no part takes none either: comments of tickets that a bridge leaves out.

Whether a record takes part, the bridge over its model says: by its filter, by where it began, and by the sides on which
it makes records. One that does, and has no counterpart all the same, is missed: a problem of what belongs to it.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django.db.models import Q

from unified_api.engine.events import Look
from unified_api.engine.pair import State
from unified_api.engine.values import Side
from unified_api.sync.bridge import references
from unified_api.sync.bridge.configuration import Counterparts
from unified_api.sync.bridge.held import REVIEW
from unified_api.sync.models_bridge import Pair

if TYPE_CHECKING:
    from unified_api.sync.bridge.records import Frame


def astray(frame: Frame, pairs: Iterable[Pair], looks: Mapping[uuid.UUID, Look]) -> frozenset[uuid.UUID]:
    """The lone pairs of these whose records belong to one that takes no part.

    What names several, as a ticket names its collections, belongs to none of them.
    """
    told = {pair.id: _values(looks[pair.id]) for pair in pairs if pair.state == State.ALONE}
    found: set[uuid.UUID] = set()
    for name in frame.parents:
        if references.names_one(frame.model, name) and _is_by_pairs(frame, name):
            named = {values[name] for values in told.values() if values.get(name)}
            outside = _outside(frame, references.target(frame.model, name), named)
            found |= {pair for pair, values in told.items() if values.get(name) in outside}
    return frozenset(found)


def _is_by_pairs(frame: Frame, name: str) -> bool:
    return frame.configuration.references[name] is Counterparts.PAIRS


def _values(look: Look) -> Mapping[str, Any]:
    """What a lone record says; nothing where there are two, or where it takes no part anyhow."""
    there = [one for one in (look.a, look.b) if one is not None]
    return there[0].values if len(there) == 1 and not (there[0].gone or there[0].outside) else {}


def _outside(frame: Frame, model: str, named: Collection[str]) -> set[str]:
    """Which of these records of a model their own bridge leaves out."""
    found: set[str] = set()
    if not named:
        return found
    for bridge in references.over(frame.bridge, model):
        either = Q(record_a__in=named) | Q(record_b__in=named)
        rows = Pair.objects.filter(either, bridge_id=bridge.id).exclude(state__in=references.TOGETHER)
        pairs = list(rows)
        whole = type(frame).of(bridge)
        looks = whole.seen(pairs).looks if pairs else {}
        for pair in pairs:
            if _is_left_out(looks[pair.id]) or _stays(whole, pair):
                found |= {str(record) for record in (pair.record_a, pair.record_b) if record}
    return found


def _is_left_out(look: Look) -> bool:
    return any(one is not None and one.outside and not one.gone for one in (look.a, look.b))


def _stays(frame: Frame, pair: Pair) -> bool:
    """Whether it is a lone record that has no namesake, and that the bridge does not make on the other side."""
    to = Side.B if pair.record_a else Side.A
    lone = pair.state == State.ALONE and not (pair.record_a and pair.record_b)
    return lone and pair.held != REVIEW and to not in frame.policy.creates
