"""Writes of a bridge that have not left, and carry what the scopes of its accounts do not let it carry any more.

They end as not applied when the scopes change: what else they say is owed still, and the next look writes that alone.
"""

from __future__ import annotations

from collections.abc import Iterable

from tenants.scope import current_tenant
from unified_api.sync import job, journal
from unified_api.sync.bridge.scopes import Scopes
from unified_api.sync.models import Job, Write, WriteState
from unified_api.sync.models_bridge import Bridge


def stop(bridge: Bridge) -> list[Write]:
    """Have nobody send them from now on; those. Within the transaction that is open, before the bridge's turn."""
    scopes = Scopes.of(bridge)
    if not (scopes.apart or scopes.unread):
        return []
    waiting = Write.objects.filter(bridge_id=bridge.id, state=WriteState.JOURNALLED).order_by("id")
    carrying = [write for write in waiting if any(name in scopes.secret for name in write.values)]
    return [write for write in carrying if _is_stopped(write)]


def withdraw(bridge: Bridge, writes: Iterable[Write]) -> None:
    """End them with what the scopes say, within the same transaction, in the bridge's turn."""
    told = " ".join(Scopes.of(bridge).sentences())
    for write in writes:
        journal.withdraw(write, f"Not sent, as the scopes of its bridge's accounts have changed. {told}")


def _is_stopped(write: Write) -> bool:
    """Whether it had not left; then nobody has its job any more."""
    mine = Job.objects.filter(tenant_id=current_tenant(), kind=journal.KIND, reference=write.id)
    list(mine.select_for_update())  # who sends it notes that under this lock
    write.refresh_from_db()
    if write.state != WriteState.JOURNALLED:
        return False
    job.forget(journal.KIND, write.id)
    return True
