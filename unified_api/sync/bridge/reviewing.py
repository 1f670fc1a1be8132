"""The review list: lone records that share a key with others, so that only a person can say who belongs together.

Two of them belong together, or one of them is one of its own: then its counterpart is created.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Final

from django.db import transaction

from tenants import audit
from unified_api.engine.pair import State
from unified_api.engine.values import Side
from unified_api.sync.bridge import newcomers, sharing, stirring, turns
from unified_api.sync.bridge.held import CLOSED, FREE, KEYED, NEW, REVIEW, SEARCH, again
from unified_api.sync.bridge.newcomers import SEPARATE, lost_of
from unified_api.sync.bridge.records import Frame, record_of, set_record
from unified_api.sync.models_bridge import Bridge, Pair

#: Lone records that wait for a person, or are about to be matched anew, as after what was said of another one.
_UNDECIDED: Final = (NEW, KEYED, REVIEW)


class NotTwoHalves(ValueError):
    """These two cannot be made a pair; the sentence says why."""


class NotInReview(ValueError):
    """Nobody has to say of this record whether it is one of its own; the sentence says why."""


def separate(pair_id: uuid.UUID) -> Pair:
    """Say that a lone record is one of its own, although others have its key; raises NotInReview.

    Within the transaction that is open. It holds for the key that the record has now.
    """
    bridge = Pair.objects.values_list("bridge_id", flat=True).get(id=pair_id)
    turns.take(bridge)
    pair: Pair = Pair.objects.select_for_update().get(id=pair_id)
    if pair.key is None or pair.held not in _UNDECIDED:
        raise NotInReview(
            "Only a record that waits for review, as others have its key, can be one of its own."
        )
    pair.memory = {**pair.memory, SEPARATE: pair.key}
    pair.save(update_fields=["memory"])
    again(Pair.objects.filter(id=pair.id))
    newcomers.look_again(Frame.of(Bridge.objects.get(id=bridge)), [pair.key])
    audit.record("pair.separated", subject=str(pair.id), record=str(pair.record_a or pair.record_b))
    transaction.on_commit(lambda: stirring.ask(bridge))
    return pair


def join(one_id: uuid.UUID, other_id: uuid.UUID) -> Pair:
    """Say that a lone record belongs to another one of the other side; raises NotTwoHalves.

    That is lone too, or has lost its counterpart, in whose place the record comes. Within the transaction that is open.
    What they disagree about follows the policy of first contact.
    """
    bridge = Pair.objects.values_list("bridge_id", flat=True).get(id=one_id)
    turns.take(bridge)
    frame = Frame.of(Bridge.objects.get(id=bridge))
    halves = Pair.objects.select_for_update().filter(id__in=[one_id, other_id], bridge_id=bridge)
    kept, lone = _halves(frame, list(halves.order_by("id")))
    side, keys = Side.A if lone.record_a else Side.B, [kept.key, lone.key]
    sharing.note(frame, {lone.id: [], kept.id: keys})
    lone.delete()
    if kept.state == State.GONE:
        kept.state, kept.base_a, kept.base_b, kept.memory, kept.problems = State.ALONE, {}, {}, {}, []
    set_record(kept, side, record_of(lone, side))
    kept.held, kept.dirty, kept.paused_by = FREE, True, kept.paused_by or lone.paused_by
    kept.save()
    again(sharing.pairs(frame, keys).filter(held=REVIEW))
    audit.record(
        "pair.joined", subject=str(kept.id), record_a=str(kept.record_a), record_b=str(kept.record_b)
    )
    stirring.awaken_parts_of(frame.bridge, [kept])
    transaction.on_commit(lambda: stirring.ask(bridge))
    return kept


def _halves(frame: Frame, pairs: Sequence[Pair]) -> tuple[Pair, Pair]:
    """The pair that goes on, and the lone one that goes into it."""
    lone = {Side.A if pair.record_a else Side.B: pair for pair in pairs if _is_lone(pair)}
    if len(lone) == len(Side):
        return lone[Side.A], lone[Side.B]
    for side, newcomer in lone.items():
        for pair in pairs:
            if pair.id != newcomer.id and _has_lost(frame, pair, side):
                return pair, newcomer
    raise NotTwoHalves(
        "A pair is made of a lone record and of one of the other side, of the same bridge, that is lone too or whose"
        " counterpart was deleted; neither has a counterpart made just now."
    )


def _is_lone(pair: Pair) -> bool:
    return pair.state == State.ALONE and not (pair.record_a and pair.record_b)


def _has_lost(frame: Frame, pair: Pair, side: Side) -> bool:
    """Whether a pair at rest has lost its record of that side, and that one only."""
    is_at_rest = pair.state == State.GONE and pair.write_id is None and pair.held in {FREE, SEARCH, CLOSED}
    return is_at_rest and lost_of(frame.seen([pair]).looks[pair.id]) is side
