"""The review list: lone records that share a key with others, so that only a person can say who belongs together.

Two of them belong together, or one of them is one of its own: then its counterpart is created.
"""

from __future__ import annotations

import uuid
from typing import Final

from django.db import transaction

from tenants import audit
from unified_api.engine.pair import State
from unified_api.sync.bridge import sharing, stirring, turns
from unified_api.sync.bridge.held import FREE, KEYED, NEW, REVIEW, again
from unified_api.sync.bridge.records import SEPARATE, Frame
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
    audit.record("pair.separated", subject=str(pair.id), record=str(pair.record_a or pair.record_b))
    transaction.on_commit(lambda: stirring.ask(bridge))
    return pair


def join(one_id: uuid.UUID, other_id: uuid.UUID) -> Pair:
    """Say that two lone records of a bridge, one of either side, belong together; raises NotTwoHalves.

    Within the transaction that is open. What they disagree about follows the policy of first contact.
    """
    bridge = Pair.objects.values_list("bridge_id", flat=True).get(id=one_id)
    turns.take(bridge)
    halves = list(Pair.objects.select_for_update().filter(id__in=[one_id, other_id], bridge_id=bridge))
    a: Pair | None = next((pair for pair in halves if pair.record_a and not pair.record_b), None)
    b = next((pair for pair in halves if pair.record_b and not pair.record_a), None)
    if a is None or b is None or {a.state, b.state} != {State.ALONE}:
        raise NotTwoHalves(
            "A pair is made of a lone record of side a and one of side b, of the same bridge, neither of which has a"
            " counterpart made just now."
        )
    record, lone, keys = b.record_b, b.id, [a.key, b.key]
    b.delete()
    a.record_b, a.held, a.dirty, a.paused_by = record, FREE, True, a.paused_by or b.paused_by
    frame = Frame.of(Bridge.objects.get(id=bridge))
    sharing.note(frame, {lone: [], a.id: keys})
    a.save(update_fields=["record_b", "held", "dirty", "paused_by"])
    again(sharing.pairs(frame, keys).filter(held=REVIEW))
    audit.record("pair.joined", subject=str(a.id), record_a=str(a.record_a), record_b=str(a.record_b))
    stirring.awaken_paired(frame.bridge, [a])
    transaction.on_commit(lambda: stirring.ask(bridge))
    return a
