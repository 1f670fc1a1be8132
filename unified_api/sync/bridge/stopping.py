"""Writes of a bridge that have not left, and are not to leave any more. They end as not applied: all is owed still.

A person stopped the bridge, the way to a side or the pair: each ends when it would leave, and what is owed then is
seen by the look that follows when that goes on; so does a value of a person's own, given where a conflict waits, which
is to be given again. A person told the bridge something else: the rules by which it was
journalled are not those of now, by which the look that follows goes. The bridge plans since, as a person asked or its
budget wants: what no approved plan shows ends, and the plan that is made then shows it. Or they carry what the scopes
of the accounts do not let the bridge carry any more: these end when the scopes change, and the next look writes what
else they say.

Others have lost their ground while they waited: the record whose loss a delete answers is back, or the one of which a
create is made takes no part any more. And what a person has looked at once more, which nobody knew the end of, finds
that its pair has gone on without it, or that its bridge has ended.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Final

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from tenants.scope import current_tenant
from unified_api.engine.values import Side
from unified_api.sync import job, journal
from unified_api.sync.bridge.records import Frame, remembered
from unified_api.sync.bridge.scopes import Scopes
from unified_api.sync.models import Job, Write, WriteState
from unified_api.sync.models_bridge import Bridge, Conflict, Pair
from unified_api.sync.models_plan import Plan, PlanItem

_ENDED: Final = "Not sent: its bridge has ended."


def why(write: Write, *, leaves: bool = False) -> str:
    """What keeps a write from leaving, as a sentence; empty where nothing does. Within the transaction that is open.

    Asked once more with each write that leaves: one statement, and four more if a record is to be made or deleted;
    without `leaves` the ground for that is not looked at.
    """
    pair = Pair.objects.filter(id=write.pair_id)
    asked = Exists(_asked(PlanItem.objects.filter(write_id=write.id)))
    bridges = Bridge.objects.annotate(
        pair_paused_by=Subquery(pair.values("paused_by")),
        is_awaited=Exists(pair.filter(write_id=write.id)),
        is_asked=asked,
    )
    bridge = bridges.filter(id=write.bridge_id).first()
    if bridge is None:
        return _ENDED
    if not bridge.is_awaited:
        return "Not sent: its pair has gone on without it."
    side = Side.A if write.linked_account_id == bridge.account_a else Side.B
    if stopped := by_whom(bridge, side, bridge.pair_paused_by):
        return f"Not sent: {stopped}."
    # Of no version, it was journalled before these were noted.
    is_of_before = write.bridge_version is not None and write.bridge_version != bridge.version
    if is_of_before:
        return "Not sent: the bridge has been told something else since."
    if leaves and write.operation != "update" and (lost := _lost_ground(bridge, side, write)):
        return f"Not sent: {lost}."
    is_unasked = bridge.mode == Bridge.Mode.PLAN and not bridge.is_asked
    return "Not sent: the bridge plans now, and no approved plan shows this." if is_unasked else ""


def why_given(write: Write) -> str:
    """The same of a value that a person gave where a conflict waits: only a person keeps it from leaving."""
    conflict = Conflict.objects.filter(id=write.conflict_id).first()
    if conflict is None:
        return _ENDED
    bridge = Bridge.objects.filter(id=conflict.bridge_id).first()
    if bridge is None:
        return _ENDED
    side = Side.A if write.linked_account_id == bridge.account_a else Side.B
    pairs = Pair.objects.filter(id=conflict.pair_id)
    stopped = by_whom(bridge, side, pairs.values_list("paused_by", flat=True).first())
    return f"Not sent: {stopped}. Give the value again when that goes on." if stopped else ""


def _lost_ground(bridge: Bridge, to: Side, write: Write) -> str:
    """What has become of the records since their pair asked for one to be made or deleted; empty if nothing."""
    pair = Pair.objects.get(id=write.pair_id)
    look = Frame.of(bridge).look(pair)
    mine, other = look.of(to), look.of(to.other)
    if write.operation == "create" and write.record_id and mine is not None and not mine.gone:
        return "the record that it makes again is there"
    if remembered(pair).parted:
        return ""  # a person wants it, whatever becomes of the other one
    is_there = other is not None and not other.gone
    if write.operation == "delete":
        return "the record whose loss it answers is there" if is_there else ""
    if not is_there:
        return "the record of which it is made is not there any more"
    is_outside = other is not None and other.outside and not _is_put_back(write)
    return "the record of which it is made takes no part in the bridge any more" if is_outside else ""


def _is_put_back(write: Write) -> bool:
    """Whether a person asked for this very record, by an undo or a restore: the filter is not asked then."""
    plans = Plan.objects.filter(id=OuterRef("plan_id")).exclude(purpose=Plan.Purpose.ROUND)
    return PlanItem.objects.filter(Exists(plans), write_id=write.id).exists()


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
    given = Q(conflict_id__in=Conflict.objects.filter(bridge_id=bridge_id).values("id"))
    journal.hasten(Write.objects.filter(given | Q(bridge_id=bridge_id), state=WriteState.JOURNALLED))


def hasten_of_pair(pair_id: uuid.UUID) -> None:
    """The same of what one pair waits for, before the row of that is locked."""
    awaited = Q(id__in=Pair.objects.filter(id=pair_id).values("write_id"))
    given = Q(conflict_id__in=Conflict.objects.filter(pair_id=pair_id).values("id"))
    journal.hasten(Write.objects.filter(given | awaited, state=WriteState.JOURNALLED))


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
    # A delete carries no value, and answers what may not be read.
    barred = [one for one in waiting if scopes.unread or any(name in scopes.secret for name in one.values)]
    return [write for write in barred if _is_stopped(write)]


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
