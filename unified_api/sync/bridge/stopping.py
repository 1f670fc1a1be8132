"""Writes of a bridge that have not left, and are not to leave any more. They end as not applied: all is owed still.

A person stopped the bridge, the way to a side or the pair: each ends when it would leave, and what is owed then is
seen by the look that follows when that goes on; so does a value of a person's own, given where a conflict waits, which
is to be given again. A person told the bridge something else: the rules by which it was
journalled are not those of now, by which the look that follows goes. The bridge plans since, as a person asked or its
budget wants: what no approved plan shows ends, and the plan that is made then shows it. Or they carry what the scopes
of the accounts do not let the bridge carry any more: these end when the scopes change, and the next look writes what
else they say.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet, Subquery

from tenants.scope import current_tenant
from unified_api.engine.values import Side
from unified_api.sync import job, journal
from unified_api.sync.bridge.scopes import Scopes
from unified_api.sync.models import Job, Write, WriteState
from unified_api.sync.models_bridge import Bridge, Conflict, Pair
from unified_api.sync.models_plan import Plan, PlanItem


def why(write: Write) -> str:
    """What keeps a write from leaving, as a sentence; empty where nothing does. Within the transaction that is open.

    Asked once more with each write that leaves: one statement.
    """
    pair = Pair.objects.filter(id=write.pair_id).values("paused_by")
    asked = Exists(_asked(PlanItem.objects.filter(write_id=write.id)))
    bridges = Bridge.objects.annotate(pair_paused_by=Subquery(pair), is_asked=asked)
    bridge = bridges.filter(id=write.bridge_id).first()
    if bridge is None:
        return ""
    side = Side.A if write.linked_account_id == bridge.account_a else Side.B
    if stopped := by_whom(bridge, side, bridge.pair_paused_by):
        return f"Not sent: {stopped}."
    # Of no version, it was journalled before these were noted.
    is_of_before = write.bridge_version is not None and write.bridge_version != bridge.version
    if is_of_before:
        return "Not sent: the bridge has been told something else since."
    is_unasked = bridge.mode == Bridge.Mode.PLAN and not bridge.is_asked
    return "Not sent: the bridge plans now, and no approved plan shows this." if is_unasked else ""


def why_given(write: Write) -> str:
    """The same of a value that a person gave where a conflict waits: only a person keeps it from leaving."""
    conflict = Conflict.objects.filter(id=write.conflict_id).first()
    if conflict is None:
        return "Not sent: the bridge of its conflict was ended."
    bridge = Bridge.objects.get(id=conflict.bridge_id)
    side = Side.A if write.linked_account_id == bridge.account_a else Side.B
    pairs = Pair.objects.filter(id=conflict.pair_id)
    stopped = by_whom(bridge, side, pairs.values_list("paused_by", flat=True).first())
    return f"Not sent: {stopped}. Give the value again when that goes on." if stopped else ""


def by_whom(bridge: Bridge, to: Side, pair_paused_by: str | None) -> str:
    """Which person stopped what goes to a side of a pair; empty where none did."""
    if bridge.paused_by:
        return f"the bridge was paused by {bridge.paused_by}"
    if to in bridge.closed:
        return f"side {to} was closed by {bridge.closed[to]}"
    return f"the pair was paused by {pair_paused_by}" if pair_paused_by else ""


def _asked(items: QuerySet[PlanItem]) -> QuerySet[PlanItem]:
    """Those of a plan that is being carried out."""
    approved = Plan.objects.filter(id=OuterRef("plan_id"), state=Plan.State.APPROVED)
    return items.filter(Exists(approved))


def are_ending(bridge: Bridge) -> bool:
    """Whether a bridge that plans has writes that no plan asked for, and that have not ended yet as not applied."""
    waiting = Write.objects.filter(bridge_id=bridge.id, state=WriteState.JOURNALLED)
    return waiting.exclude(Exists(_asked(PlanItem.objects.filter(write_id=OuterRef("id"))))).exists()


def hasten(bridge_id: uuid.UUID) -> None:
    """Have what has not left taken up now: what is stopped ends by that, however long its provider is to be left alone.

    Within the transaction that is open, before the bridge's turn and its row: who sends a write has its job first.
    """
    journal.hasten(Write.objects.filter(bridge_id=bridge_id, state=WriteState.JOURNALLED))


def hasten_later(bridge_id: uuid.UUID) -> None:
    """The same, once what is open now is committed, in a transaction of its own. One that is lost delays only."""

    def now() -> None:
        with transaction.atomic():
            hasten(bridge_id)

    transaction.on_commit(now)


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
