"""How long a sandbox is kept: while somebody uses it, and what was removed in it for a while.

One job a sandbox looks once a day; it is asked for when the use of the sandbox is noted, which is once a day, too.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from django.db import transaction
from django.utils import timezone

from integrations.sandbox.models import Sandbox, SandboxRecord
from integrations.sandbox.service import announcing, granting
from tenants import audit, door
from unified_api.sync import job

KIND: Final = "sandbox"
#: A sandbox that nobody called for so long is ended; a linked one is called by what reads it.
UNUSED: Final = dt.timedelta(days=90)
#: What was removed in one is erased.
REMOVED: Final = dt.timedelta(days=30)
_DAY: Final = dt.timedelta(days=1)


def note_use(sandbox: Sandbox, now: dt.datetime) -> None:
    """Somebody calls it; within the open transaction."""
    if sandbox.used_on is not None and now - sandbox.used_on < _DAY:
        return
    Sandbox.objects.filter(id=sandbox.id).update(used_on=now)
    job.ask(KIND, sandbox.id, priority=9, delay=_DAY.total_seconds())


def erase(sandbox: Sandbox) -> None:
    """End a sandbox and all that it holds."""
    SandboxRecord.objects.filter(sandbox_id=sandbox.id).delete()
    announcing.forget_all(sandbox)
    granting.end_all(sandbox)
    door.close_doors(sandbox.id)
    job.forget(KIND, sandbox.id)
    sandbox.delete()


def work(lease: job.Lease, ends: float) -> None:  # noqa: ARG001 - one look is one slice
    """Look after the sandbox that the job names."""
    now = timezone.now()
    with transaction.atomic(durable=True):
        # In the order in which whoever calls the sandbox takes them: first its row, then its job.
        sandbox = Sandbox.objects.select_for_update().filter(id=lease.reference).first()
        job.hold(lease)
        if sandbox is not None and now - (sandbox.used_on or sandbox.created_at) >= UNUSED:
            erase(sandbox)
            audit.record("sandbox.unused", subject=str(lease.reference), category=sandbox.category)
            return
        if sandbox is None:
            job.finish(lease)
            return
        SandboxRecord.objects.filter(sandbox_id=sandbox.id, removed_on__lt=now - REMOVED).delete()
        granting.forget_unused(sandbox, now)
    job.again(lease, _DAY.total_seconds(), usual=9)
