"""What people do to bridges, each on record in the audit trail.

Stopping is at three grains: the whole bridge, the way to one side, one pair. What a person stopped stays so until a
person goes on with it, whatever is linked again meanwhile.
"""

from __future__ import annotations

import uuid

from tenants import audit
from tenants.audit import current_actor
from unified_api.engine.values import Side
from unified_api.sync import job
from unified_api.sync.bridge import failing, plans, stopping
from unified_api.sync.bridge.held import CLOSED, FREE
from unified_api.sync.bridge.stirring import KIND
from unified_api.sync.models_bridge import Bridge, Pair
from unified_api.sync.models_plan import Plan


def pause(bridge_id: uuid.UUID) -> None:
    """Write nothing more until it is resumed. Changes go on being noted later.

    Writes that left are seen through, and those that have not left end now, see `unified_api.sync.bridge.stopping`.
    """
    job.forget(KIND, bridge_id)
    stopping.hasten(bridge_id)
    _set(bridge_id, _who(), Bridge.Status.PAUSED)
    audit.record("bridge.paused", subject=str(bridge_id))


def resume(bridge_id: uuid.UUID) -> None:
    """Go on where it stopped."""
    job.ask(KIND, bridge_id)  # the job before the bridge, as the work itself takes them
    _set(bridge_id, None, Bridge.Status.WORKING)
    audit.record("bridge.resumed", subject=str(bridge_id))


def look_now(bridge_id: uuid.UUID) -> None:
    """Have the bridge look at once, also at what failed before. One that is paused stays so."""
    if Bridge.objects.filter(id=bridge_id, paused_by=None).exists():
        job.ask(KIND, bridge_id)
        failing.try_again(bridge_id)


def close(bridge_id: uuid.UUID, to: Side) -> None:
    """Write nothing more to one side; what it is owed is kept, and the other side goes on."""
    job.forget(KIND, bridge_id)
    stopping.hasten(bridge_id)
    bridge = Bridge.objects.select_for_update().get(id=bridge_id)
    bridge.closed = {**bridge.closed, to.value: _who()}
    bridge.save(update_fields=["closed"])
    audit.record("bridge.closed", subject=str(bridge_id), side=to.value)
    if not bridge.paused_by:
        job.ask(KIND, bridge_id)


def reopen(bridge_id: uuid.UUID, to: Side) -> None:
    """Write to a side again, first what it is owed."""
    job.ask(KIND, bridge_id)
    bridge = Bridge.objects.select_for_update().get(id=bridge_id)
    bridge.closed = {side: who for side, who in bridge.closed.items() if side != to.value}
    bridge.save(update_fields=["closed"])
    Pair.objects.filter(bridge_id=bridge_id, held=CLOSED).update(held=FREE, dirty=True)
    audit.record("bridge.reopened", subject=str(bridge_id), side=to.value)


def pause_pair(pair_id: uuid.UUID) -> None:
    """Leave two records alone; a write that left is seen through, and one that has not left ends now."""
    stopping.hasten_of_pair(pair_id)
    pair = Pair.objects.select_for_update().get(id=pair_id)
    pair.paused_by = _who()
    pair.save(update_fields=["paused_by"])
    audit.record("pair.paused", subject=str(pair_id))


def resume_pair(pair_id: uuid.UUID) -> None:
    """Keep two records equal again, by what they say now and what was agreed then."""
    job.ask(KIND, Pair.objects.values_list("bridge_id", flat=True).get(id=pair_id))  # before any pair
    pair = Pair.objects.select_for_update().get(id=pair_id)
    pair.paused_by, pair.dirty = None, True
    pair.save(update_fields=["paused_by", "dirty"])
    audit.record("pair.resumed", subject=str(pair_id))


def go_live(bridge: Bridge) -> None:
    """Write what is owed from now on without being asked; what was held for its budget is settled."""
    from unified_api.sync import issues

    bridge.mode, bridge.status, bridge.reason, bridge.run = Bridge.Mode.LIVE, Bridge.Status.WORKING, "", {}
    bridge.save(update_fields=["mode", "status", "reason", "run"])
    issues.resolve("budget", bridge.id)
    audit.record("bridge.live", subject=str(bridge.id))


def plan_anew(bridge_id: uuid.UUID) -> Plan:
    """Have a plan made of what the bridge owes; until it has been executed, nothing else is written.

    What is journalled and has not left ends now, and the plan shows it. Raises PlanRefused while a plan is being
    executed.
    """
    job.forget(KIND, bridge_id)
    stopping.hasten(bridge_id)
    bridge = Bridge.objects.select_for_update().get(id=bridge_id)
    standing = plans.current(bridge_id, locked=True)
    if standing is not None and standing.state == Plan.State.APPROVED:
        job.ask(KIND, bridge_id)
        raise plans.PlanRefused(
            f"Plan {standing.id} is being executed. Wait for its end, or pause the bridge to stop it."
        )
    bridge.mode = Bridge.Mode.PLAN
    bridge.save(update_fields=["mode"])
    plan = plans.begin(bridge, "", made_by=_who())
    audit.record("plan.asked", subject=str(plan.id), bridge=str(bridge_id))
    job.ask(KIND, bridge_id)
    return plan


def _who() -> str:
    actor = current_actor()
    return f"{actor.kind} {actor.name}"


def _set(bridge_id: uuid.UUID, paused_by: str | None, status: str) -> None:
    bridge = Bridge.objects.select_for_update().get(id=bridge_id)
    bridge.paused_by, bridge.status, bridge.reason = paused_by, status, ""
    bridge.save(update_fields=["paused_by", "status", "reason"])
