"""What a plan kept from being written, looked at again before its bridge goes live.

A problem that ended, or a side that was opened, while the plan waited: what is owed by now, no plan has shown. The same
of what belongs to a record that took no part then, and does now.
"""

from __future__ import annotations

from typing import Final

from django.db.models import Exists, OuterRef, Q

from unified_api.engine.pair import State
from unified_api.sync.bridge import plans
from unified_api.sync.bridge.held import one_sided
from unified_api.sync.bridge.records import Frame
from unified_api.sync.bridge.rounds import Turn, turns_of
from unified_api.sync.models_plan import Plan, PlanItem

#: Why it is planned anew.
FREED: Final = "What kept it from being written is no more; no plan has shown what is owed now."


def look_again(frame: Frame, plan: Plan) -> int:
    """Look at some more of the pairs that a plan kept, or left out; how many there were.

    An item of a pair that owes a write by now counts as moved, so that the next plan shows that. Within the transaction
    that is open, of a plan of which nothing waits or is under way.
    """
    if plan.purpose != Plan.Purpose.ROUND:
        return 0
    kept = PlanItem.objects.filter(plan_id=plan.id, state=PlanItem.State.SHOWN)
    which = Q(id__in=kept.values("pair_id")) | _left_out(frame, plan)
    pairs = list(plans.left(frame, plan).filter(which)[: plans.AT_ONCE])
    for turn in turns_of(frame, pairs):
        owed = [
            item for item in plans.of_pair(turn.pair, plans.items_of(turn)) if item.action in plans.WRITES
        ]
        if owed and not kept.filter(pair_id=turn.pair.id).update(state=PlanItem.State.MOVED, reason=FREED):
            _add(turn, plan, owed[0])
    if pairs:
        plan.after = pairs[-1].id
        plan.save(update_fields=["after"])
    return len(pairs)


def _left_out(frame: Frame, plan: Plan) -> Q:
    """The lone pairs of records that were there when the plan was made, and may have belonged to what took no part."""
    if not frame.parents:
        return Q(pk__in=())
    there = frame.model.objects.filter(created_at__lte=plan.created_at)
    a, b = (Exists(there.filter(id=OuterRef(column))) for column in ("record_a", "record_b"))
    return Q(a | b) & Q(one_sided(), state=State.ALONE)


def _add(turn: Turn, plan: Plan, owed: PlanItem) -> None:
    """Say at the plan that it did not show this."""
    fields = {"held": owed.action, "fields": owed.fields["fields"], "reason": FREED}
    item = plans.item_of(turn.pair, plans.HELD, owed.side, fields, PlanItem.State.MOVED)
    item.reason = FREED
    plans.add(turn.frame, plan, [item], PlanItem.objects.filter(plan_id=plan.id).count())
