"""What a plan showed as kept from being written, looked at again before its bridge goes live.

A problem that ended, or a side that was opened, while the plan waited: what is owed by now, no plan has shown.
"""

from __future__ import annotations

from typing import Final

from unified_api.sync.bridge import plans
from unified_api.sync.bridge.records import Frame
from unified_api.sync.bridge.rounds import turns_of
from unified_api.sync.models_plan import Plan, PlanItem

#: Why it is planned anew.
FREED: Final = "What kept it from being written is no more; no plan has shown what is owed now."


def look_again(frame: Frame, plan: Plan) -> int:
    """Look at some more pairs of which a plan showed such items; how many there were.

    An item of a pair that owes a write by now counts as moved, so that the next plan shows that. Within the transaction
    that is open, of a plan of which nothing waits or is under way.
    """
    if plan.purpose != Plan.Purpose.ROUND:
        return 0
    kept = PlanItem.objects.filter(plan_id=plan.id, state=PlanItem.State.SHOWN)
    pairs = list(plans.left(frame, plan).filter(id__in=kept.values("pair_id"))[: plans.AT_ONCE])
    for turn in turns_of(frame, pairs):
        if any(item.action in plans.WRITES for item in plans.items_of(turn)):
            kept.filter(pair_id=turn.pair.id).update(state=PlanItem.State.MOVED, reason=FREED)
    if pairs:
        plan.after = pairs[-1].id
        plan.save(update_fields=["after"])
    return len(pairs)
