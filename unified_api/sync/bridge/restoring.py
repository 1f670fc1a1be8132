"""Restore from the counterpart: a side that lost records is made whole again, out of what the other side has.

For single records that somebody deleted, and for an account that came back empty. A plan like any other: each create
is shown and approved, and goes into the place of the record that was lost, so its Isthmus id outlives its remote id and
the next reading finds it where it is. While the plan waits, nothing that the rule for deletes would do is in its way:
what is executed is compared with what the records say then.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Final

from django.db.models import QuerySet

from unified_api.engine.values import Side
from unified_api.sync.bridge import asked, bringing_back, plans
from unified_api.sync.bridge.held import COLUMN, MERGED
from unified_api.sync.bridge.records import Frame
from unified_api.sync.bridge.rounds import Turn, turns_of
from unified_api.sync.models_bridge import Bridge, Pair
from unified_api.sync.models_plan import Plan, PlanItem

#: Pairs that are looked at together.
AT_ONCE: Final = 500


class NotLost(ValueError):
    """A single record is to be made again that is not lost there; the sentence says what would do."""


def make(bridge: Bridge, to: Side, pair: uuid.UUID | None = None) -> Plan:
    """A plan that makes again what side `to` lost, by the records as they are mirrored; within the open transaction.

    It is open; or done, where nothing can be made again. pair: that of this pair alone; raises NotLost where it has
    none that can be made again.
    """
    frame = Frame.of(bridge)
    lost = _lost(frame, to)
    if pair is not None and not (lost := lost.filter(id=pair)).exists():
        raise NotLost(
            f"The bridge has no pair {pair} that lost its record at side {to}; `bridge status` and `pairs/{{id}}` show"
            " what pairs have, and one with a write under way waits for that."
        )
    plan = asked.begin(bridge, Plan.Purpose.RESTORE, f"What side {to} lost, from its counterparts.")
    made = 0
    for portion in _portions(lost):
        turns = turns_of(frame, portion)
        items = [item for turn in turns for item in plans.of_pair(turn.pair, _items(turn, to))]
        plans.add(frame, plan, items, made)
        made += len(items)
    return asked.complete(frame, plan, side=to.value, pair=str(pair) if pair else None)


def _lost(frame: Frame, to: Side) -> QuerySet[Pair]:
    """Pairs whose record of a side was deleted there; what was merged into another one is not lost."""
    gone = frame.model.objects.filter(linked_account_id=frame.account_id(to), remote_was_deleted=True)
    lost = Pair.objects.filter(
        bridge_id=frame.bridge.id, write_id=None, **{f"{COLUMN[to]}__in": gone.values("id")}
    )
    return lost.exclude(held=MERGED).order_by("id")


def _portions(rows: QuerySet[Pair]) -> Iterator[list[Pair]]:
    portion = list(rows[:AT_ONCE])
    while portion:
        yield portion
        portion = list(rows.filter(id__gt=portion[-1].id)[:AT_ONCE])


def _items(turn: Turn, to: Side) -> Iterator[PlanItem]:
    left = turn.look.of(to.other)
    if left is not None and not left.gone:
        yield from bringing_back.items(turn, to)
