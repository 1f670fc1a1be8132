"""What people do to bridges, each on record in the audit trail."""

from __future__ import annotations

import uuid

from tenants import audit
from tenants.audit import current_actor
from unified_api.sync import job
from unified_api.sync.bridge.setup import KIND
from unified_api.sync.models_bridge import Bridge


def pause(bridge_id: uuid.UUID) -> None:
    """Write nothing more until it is resumed; writes that left are seen through. Changes go on being noted later."""
    job.forget(KIND, bridge_id)
    actor = current_actor()
    _set(bridge_id, f"{actor.kind} {actor.name}", Bridge.Status.PAUSED)
    audit.record("bridge.paused", subject=str(bridge_id))


def resume(bridge_id: uuid.UUID) -> None:
    """Go on where it stopped."""
    job.ask(KIND, bridge_id)  # the job before the bridge, as the work itself takes them
    _set(bridge_id, None, Bridge.Status.WORKING)
    audit.record("bridge.resumed", subject=str(bridge_id))


def _set(bridge_id: uuid.UUID, paused_by: str | None, status: str) -> None:
    bridge = Bridge.objects.select_for_update().get(id=bridge_id)
    bridge.paused_by, bridge.status, bridge.reason = paused_by, status, ""
    bridge.save(update_fields=["paused_by", "status", "reason"])
