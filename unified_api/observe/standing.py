"""How it stands with tenants: their accounts, streams, open writes and jobs.

To be asked inside `as_operator`, in a handful of queries whatever the number of tenants.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any, Final

from django.db.models import Count
from django.utils import timezone

from tenants.models import LinkedAccount, Tenant
from unified_api.sync.models import Job, Stream, Write, WriteState

#: Uncertain writes that are named.
MOST: Final = 100
OPEN: Final = (WriteState.JOURNALLED, WriteState.SENT, WriteState.UNCERTAIN)
#: A job that has been due for so long, and is in nobody's hands, is overdue.
PATIENCE: Final = dt.timedelta(seconds=60)
#: From a tenant's id to numbers by name.
Counts = Mapping[uuid.UUID, Mapping[str, int]]

_STREAM = ("model", "status", "last_result", "error", "held_removals", "frequency", "paused_by")
_TIMES = ("last_finished", "next_due")


def tenants(only: uuid.UUID | None = None) -> list[dict[str, Any]]:
    """Each tenant with its figures, by name; or `only` the one."""
    accounts = {a.id: a for a in _of(LinkedAccount.objects.filter(deleted_at=None), only)}
    linked, writes, jobs_ = _statuses(accounts), _open_writes(only), _jobs(only)
    streams, uncertain = _streams(accounts, only), _uncertain(only)
    chosen = Tenant.objects.order_by("name")
    return [
        {
            "tenant_id": str(tenant.id),
            "name": tenant.name,
            "linked_accounts": dict(linked.get(tenant.id, {})),
            "open_writes": dict(writes.get(tenant.id, {})),
            "uncertain_writes": uncertain[tenant.id],
            "jobs": dict(jobs_.get(tenant.id, {})),
            "streams_by_status": dict(Counter(s["status"] for s in streams[tenant.id])),
            "streams": streams[tenant.id],
        }
        for tenant in (chosen.filter(id=only) if only else chosen)
    ]


def jobs(only: uuid.UUID | None = None) -> dict[str, int]:
    """How many jobs wait for their time, are due, overdue and under way, of all tenants or of one."""
    total: Counter[str] = Counter(dict.fromkeys(("waiting", "due", "overdue", "under way"), 0))
    for counts in _jobs(only).values():
        total.update(counts)
    return dict(total)


def _of(rows: Any, only: uuid.UUID | None) -> Any:
    return rows if only is None else rows.filter(tenant_id=only)


def _statuses(accounts: Mapping[uuid.UUID, LinkedAccount]) -> Counts:
    found: defaultdict[uuid.UUID, Counter[str]] = defaultdict(Counter)
    for account in accounts.values():
        found[account.tenant_id][account.status] += 1
    return found


def _open_writes(only: uuid.UUID | None) -> Counts:
    rows = _of(Write.objects.filter(state__in=OPEN), only)
    found: defaultdict[uuid.UUID, dict[str, int]] = defaultdict(dict)
    for tenant, state, number in rows.values_list("tenant_id", "state").annotate(Count("id")):
        found[tenant][str(state)] = number
    return found


def _uncertain(only: uuid.UUID | None) -> defaultdict[uuid.UUID, list[dict[str, Any]]]:
    """The oldest writes of which nobody knows whether they were carried out, by tenant."""
    rows = _of(Write.objects.filter(state=WriteState.UNCERTAIN), only).order_by("journalled_at")
    found: defaultdict[uuid.UUID, list[dict[str, Any]]] = defaultdict(list)
    for write in rows[:MOST]:
        told = {name: getattr(write, name) for name in ("operation", "model", "error")}
        found[write.tenant_id].append({"write_id": str(write.id), **told})
    return found


def _jobs(only: uuid.UUID | None) -> Counts:
    now = timezone.now()
    found: defaultdict[uuid.UUID, Counter[str]] = defaultdict(Counter)
    for tenant, due_at, leased_until in _of(Job.objects, only).values_list(
        "tenant_id", "due_at", "leased_until"
    ):
        found[tenant][_state(now, due_at, leased_until)] += 1
    return found


def _state(now: dt.datetime, due_at: dt.datetime, leased_until: dt.datetime | None) -> str:
    if leased_until is not None and leased_until > now:
        return "under way"
    if due_at > now:
        return "waiting"
    return "overdue" if now - due_at > PATIENCE else "due"


def _streams(
    accounts: Mapping[uuid.UUID, LinkedAccount], only: uuid.UUID | None
) -> defaultdict[uuid.UUID, list[dict[str, Any]]]:
    found: defaultdict[uuid.UUID, list[dict[str, Any]]] = defaultdict(list)
    for stream in _of(Stream.objects.order_by("linked_account_id", "model"), only):
        account = accounts.get(stream.linked_account_id)
        if account is not None:
            found[stream.tenant_id].append(_stream(stream, account))
    return found


def _stream(stream: Stream, account: LinkedAccount) -> dict[str, Any]:
    times = {name: getattr(stream, name) for name in _TIMES}
    return {
        "linked_account_id": str(account.id),
        "account": str(account),
        "integration": account.integration,
        "end_user_origin_id": account.end_user_origin_id,
        **{name: getattr(stream, name) for name in _STREAM},
        **{name: moment.isoformat() if moment else None for name, moment in times.items()},
    }
