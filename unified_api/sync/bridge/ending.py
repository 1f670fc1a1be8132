"""Ending a bridge: nothing more is written, and what it knew goes; the records of both sides and the log stay."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any, Final

from tenants import audit, door
from unified_api.sync import erase, job
from unified_api.sync.bridge import drift, stirring
from unified_api.sync.bridge.work import in_flight
from unified_api.sync.models_bridge import Bridge, BridgeVersion

#: What to think of first.
WARNING: Final = (
    "Nothing more is written, and pairs, plans, conflicts and versions are erased: it cannot be undone. The records of"
    " both sides stay. Bridged again, they meet as if for the first time."
)


class NotEnded(ValueError):
    """A bridge that cannot end as things stand; the sentence says what to do first."""


def end(bridge_id: uuid.UUID) -> None:
    """End a bridge within the transaction that is open; raises NotEnded.

    Its pairs, with what was agreed, its plans, conflicts, versions and issues are erased by a worker; the audit trail
    keeps the versions. Both accounts can be joined anew at once: their records meet then as if for the first time.
    """
    stirring.overtake([bridge_id])
    job.forget(drift.KIND, bridge_id)
    bridge = Bridge.objects.select_for_update().get(id=bridge_id)
    _refuse_too_early(bridge)
    audit.record(
        "bridge.ended",
        subject=str(bridge_id),
        name=bridge.name,
        model=bridge.model,
        accounts=[str(bridge.account_a), str(bridge.account_b)],
        versions=list(_versions(bridge_id)),
    )
    door.close_doors(bridge_id)
    bridge.delete()
    erase.begin_bridge(bridge_id)


def _versions(bridge_id: uuid.UUID) -> Iterator[dict[str, Any]]:
    """All that it was ever told, whole: the log of its records goes on naming the bridge, and the rules of that day."""
    for one in BridgeVersion.objects.filter(bridge_id=bridge_id).order_by("version"):
        yield {
            "version": one.version,
            "at": one.at.isoformat(),
            "by": one.actor,
            "configuration": one.configuration,
        }


def _refuse_too_early(bridge: Bridge) -> None:
    """A write that left is told to its pair, and what follows a bridge finds its counterparts by that one's pairs."""
    if following := [
        str(one) for one in Bridge.objects.filter(follows=bridge.id).values_list("id", flat=True)
    ]:
        raise NotEnded(f"{', '.join(following)} follows this bridge, and has to end first.")
    if under_way := in_flight(bridge.id).count():
        raise NotEnded(
            f"{under_way} writes are under way. Pause the bridge, and end it when they have ended."
        )
