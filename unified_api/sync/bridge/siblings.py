"""What belongs to one record is made in turn: each create waits until the one before it has ended.

So the comments of a ticket stand over there in the order in which they were made here, however many workers send, and
however long one of them takes. It is for records that are known within what they belong to: the field that names that
is part of their key, and of the bridge that theirs follows. Pairs come in the order of their ids, see
`unified_api.sync.bridge.intake`. An edit waits for nobody, and nobody waits for a create that a person has to tell of.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Exists, OuterRef, Q

from unified_api.engine.pair import State
from unified_api.models.base import CommonModel
from unified_api.sync.bridge.held import COLUMN, FREE
from unified_api.sync.bridge.records import Frame
from unified_api.sync.models_bridge import Pair

if TYPE_CHECKING:
    from unified_api.sync.bridge.rounds import Turn

#: States of pairs for which a record may have to be made.
_TO_BE_MADE: Final = (State.ALONE, State.GONE)


def behind(frame: Frame) -> Q:
    """The pairs that wait, as something is being made that belongs to the same record as theirs."""
    name = frame.within
    if name is None:
        return Q(pk__in=())
    making = Pair.objects.filter(bridge_id=frame.bridge.id, state=State.CREATING, held=FREE)
    wholes = set(_wholes(frame.model, name, making.exclude(write_id=None)).values())
    if not wholes:
        return Q(pk__in=())
    parts = frame.model.objects.filter(**{f"{name}__in": wholes})
    a, b = (Exists(parts.filter(id=OuterRef(column))) for column in COLUMN.values())
    return Q(a | b, state__in=_TO_BE_MADE)


def in_turn(turns: Iterable[Turn]) -> Iterator[Turn]:
    """These turns, each considered before the next is asked for, without those behind what that has to make."""
    making: set[Any] = set()
    for turn in turns:
        name = turn.frame.within
        both = (turn.look.a, turn.look.b)
        wholes = {one.values.get(name) for one in both if one} - {None} if name else set()
        if turn.pair.state in _TO_BE_MADE and wholes & making:
            continue
        yield turn
        if turn.pair.state == State.CREATING:
            making |= wholes


def first_of_each(frame: Frame, pairs: Sequence[Pair]) -> list[Pair]:
    """Of these lone pairs, in their order, only the first of what belongs to one record."""
    if frame.within is None:
        return list(pairs)
    wholes = _wholes(frame.model, frame.within, pairs)
    first: dict[uuid.UUID, Pair] = {}
    for pair in pairs:
        first.setdefault(wholes.get(pair.record_a or pair.record_b, pair.id), pair)
    return list(first.values())


def _wholes(model: type[CommonModel], name: str, pairs: Iterable[Pair]) -> dict[uuid.UUID | None, uuid.UUID]:
    """What the records of some pairs belong to by that field, by record; nothing of one that does not say."""
    named = {record for pair in pairs for record in (pair.record_a, pair.record_b) if record}
    told = model.objects.filter(id__in=named, **{f"{name}__isnull": False})
    return dict(told.values_list("id", name))
