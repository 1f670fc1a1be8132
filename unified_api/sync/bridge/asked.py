"""Plans that a person asked for: undo, restore, replay. Each waits for approval, or is over at once.

One that would write nothing is over as soon as it is made: nobody has to approve or to refuse it, and it goes on to
tell why, item by item, what it leaves alone.
"""

from __future__ import annotations

from typing import Any, Final

from tenants import audit
from tenants.audit import current_actor
from unified_api.sync import clock
from unified_api.sync.bridge import plans
from unified_api.sync.bridge.records import Frame
from unified_api.sync.models_bridge import Bridge
from unified_api.sync.models_plan import Plan, PlanItem

#: What is said of a plan that would write nothing.
NOTHING: Final = "Nothing is to be written."


def begin(bridge: Bridge, purpose: str, reason: str) -> Plan:
    """A plan of what the one who acts asked for, still without items, within the transaction that is open."""
    actor = current_actor()
    plan: Plan = Plan.objects.create(
        bridge_id=bridge.id,
        purpose=purpose,
        version=bridge.version,
        reason=reason,
        made_by=f"{actor.kind} {actor.name}".rstrip(),
        created_at=clock.now(),
    )
    return plan


def complete(frame: Frame, plan: Plan, **about: Any) -> Plan:
    """All items are there: the plan waits for approval, or is done. about: what the audit trail says of it."""
    plans.complete(frame, plan)
    if not PlanItem.objects.filter(plan_id=plan.id, state=PlanItem.State.WAITING).exists():
        plan.state, plan.finished_at = Plan.State.DONE, clock.now()
        plan.reason = f"{plan.reason.removesuffix('.')}. {NOTHING}"
        plan.save(update_fields=["state", "finished_at", "reason"])
    audit.record(
        "plan.made", subject=str(plan.id), bridge=str(frame.bridge.id), purpose=plan.purpose, **about
    )
    return plan
