"""Plans: what a bridge would write, stored item by item, shown, approved by its hash, and executed exactly.

    making ──▶ open ──▶ approved ──▶ done ──▶ (what moved meanwhile: the next plan; else the bridge is live)
                │  └──▶ refused
                └─────▶ stale (another one was made)

A bridge in mode plan writes nothing else. Making reads the mirrored records only: counterparts are searched for at the
provider when a create is executed. An item is executed if a look at its pair, at that moment, asks for the very same
write; what no longer holds is left alone and planned anew, never forced. Items of one pair follow each other. What is
owed to a side that is closed, or by a pair that is paused, is shown as held: it is written when that is opened again.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final

from django.db.models import Exists, OuterRef, Q, QuerySet

from tenants import audit
from tenants.audit import current_actor
from unified_api.engine.events import Contest, Delete, Problem, Push
from unified_api.engine.forecast import forecast
from unified_api.engine.values import Side
from unified_api.engine.weigh import Terms
from unified_api.sync import clock, job
from unified_api.sync.bridge import costing, failing, writing
from unified_api.sync.bridge.attachment_choice import Files
from unified_api.sync.bridge.held import CLOSED, FREE, SEARCH
from unified_api.sync.bridge.records import Frame, remembered
from unified_api.sync.bridge.rounds import Turn, is_unmatched, turns_of
from unified_api.sync.bridge.stirring import KIND
from unified_api.sync.models import Write, WriteState
from unified_api.sync.models_bridge import Bridge, Pair
from unified_api.sync.models_plan import Plan, PlanItem

#: Pairs that one transaction plans for.
AT_ONCE: Final = 500
#: Items of one plan whose writes are under way, from which on the others wait: what is paused is not all on its way.
ENOUGH: Final = 100
#: The actions of items that are written.
WRITES: Final = frozenset({"create", "update", "delete"})
#: The action of an item that is owed, and held for now.
HELD: Final = "held"
#: How a bridge stands whose plan was approved.
CARRIED_OUT: Final = "Its approved plan is being carried out."
_STANDING: Final = (Plan.State.MAKING, Plan.State.OPEN, Plan.State.APPROVED)


class PlanRefused(ValueError):
    """What was asked of a plan cannot be done; the sentence says why, and what would do."""


# --- making ---------------------------------------------------------------------------------------------


def current(bridge_id: uuid.UUID, *, locked: bool = False) -> Plan | None:
    """The plan of what the bridge owes that is being made, waits or is executed; None where there is none.

    locked: nobody refuses or approves it until the transaction that is open has ended.
    """
    rows = Plan.objects.filter(bridge_id=bridge_id, purpose=Plan.Purpose.ROUND, state__in=_STANDING)
    return (rows.select_for_update() if locked else rows).first()


def make_some(frame: Frame, plan: Plan) -> bool:
    """Add what some more pairs owe; False when the plan is complete, and open."""
    room = _room(frame, plan)
    pairs = [] if room == 0 else list(left(frame, plan)[:AT_ONCE])
    if not pairs:
        complete(frame, plan)
        return False
    made: list[PlanItem] = []
    written = 0
    for turn in turns_of(frame, pairs):
        owed = of_pair(turn.pair, items_of(turn))
        made += owed
        written += any(item.action in WRITES for item in owed)
        plan.after = turn.pair.id
        if written == room:
            break
    first = plan.counts.get("items", 0)
    add(frame, plan, made, first)
    plan.counts = {"items": first + len(made), "pairs": plan.counts.get("pairs", 0) + written}
    plan.save(update_fields=["counts", "cost", "after"])
    return True


def of_pair(pair: Pair, items: Iterable[PlanItem]) -> list[PlanItem]:
    """The items of one pair, which are made while they are gone through; where that fails, one that says so."""
    made: list[PlanItem] | failing.Failed = failing.alone(partial(list, items), pair=str(pair.id))
    if isinstance(made, failing.Failed):
        problem = made.problem(pair)
        return [item_of(pair, "problem", problem.side.value, writing.shown(problem), PlanItem.State.SHOWN)]
    return made


def add(frame: Frame, plan: Plan, items: Sequence[PlanItem], first: int = 0) -> None:
    """Store items as a plan's, in their order, behind those that it has; their cost is stored with the plan."""
    for ordinal, item in enumerate(items, first):
        item.plan_id, item.ordinal = plan.id, ordinal
        item.digest = digest(item)
    PlanItem.objects.bulk_create(items, batch_size=AT_ONCE)
    costing.add(frame, plan, (item for item in items if item.action in WRITES))


def begin(bridge: Bridge, reason: str, made_by: str) -> Plan:
    """A new plan of what the bridge owes, or is held for now; one that waited is stale."""
    Pair.objects.filter(bridge_id=bridge.id, held=CLOSED).update(dirty=True)
    for old in Plan.objects.filter(
        bridge_id=bridge.id, purpose=Plan.Purpose.ROUND, state__in=[Plan.State.MAKING, Plan.State.OPEN]
    ):
        _end(old, Plan.State.STALE, "Another plan took its place.")
    plan: Plan = Plan.objects.create(
        bridge_id=bridge.id, version=bridge.version, reason=reason, made_by=made_by, created_at=clock.now()
    )
    return plan


def _room(frame: Frame, plan: Plan) -> int | None:
    """How many more pairs that are written to a plan may show: of a canary a few; None where there is no bound."""
    canary = frame.configuration.canary
    if canary is None or not is_first(frame.bridge.id):
        return None
    return max(canary - int(plan.counts.get("pairs", 0)), 0)


def left(frame: Frame, plan: Plan) -> QuerySet[Pair]:
    """The pairs that may owe something, behind the one up to which a plan has come."""
    rows = Pair.objects.filter(
        bridge_id=frame.bridge.id, dirty=True, write_id=None, held__in=(FREE, SEARCH, CLOSED)
    ).order_by("id")
    return rows.filter(id__gt=plan.after) if plan.after else rows


def is_first(bridge_id: uuid.UUID) -> bool:
    """Whether no plan of what the bridge owes has been executed yet."""
    rounds = Plan.objects.filter(bridge_id=bridge_id, purpose=Plan.Purpose.ROUND)
    return not rounds.filter(state=Plan.State.DONE).exists()


def items_of(turn: Turn) -> Iterator[PlanItem]:
    """What is owed either side, in the order in which it would be written, and what keeps the rest from it.

    Nothing of a pair that is to be matched anew.
    """
    frame, pair = turn.frame, turn.pair
    if is_unmatched(turn):
        return
    if pair.paused_by:
        yield from _held(turn, dict.fromkeys(Side, f"The pair was paused by {pair.paused_by}."))
        return
    foreseen = forecast(remembered(pair), turn.look, Terms(turn.policy, frame.access, frame.closed))
    for place, one in enumerate(foreseen.writes):
        item = item_of(pair, **writing.told(one.write))
        item.fields = {"fields": item.fields, **carried(frame, item.action)}
        item.fields |= {"follows": place} if place else {}
        yield item
    for left in foreseen.remains:
        if isinstance(left, Problem):
            yield item_of(pair, "problem", left.side.value, writing.shown(left), PlanItem.State.SHOWN)
        elif isinstance(left, Contest):
            told = {"field": left.field, "a": left.now.a, "b": left.now.b}
            yield item_of(pair, "conflict", None, told, PlanItem.State.SHOWN)
        else:
            by = frame.bridge.closed.get(left.to, "the scopes of its account")
            yield from _held(turn, {left.to: f"Side {left.to} was closed by {by}."})


def carried(frame: Frame, action: str) -> dict[str, Any]:
    """What becomes of the file of a record that is made, as its item shows it; nothing of what is no file."""
    content = frame.configuration.content
    if action != "create" or content is None:
        return {}
    capped = {"cap": content.cap} if content.files is Files.COPY else {}
    return {"content": {"files": content.files.value, **capped}}


def _held(turn: Turn, reasons: Mapping[Side, str]) -> Iterator[PlanItem]:
    """What would be written to these sides if nothing kept it from them."""
    for one in forecast(remembered(turn.pair), turn.look, Terms(turn.policy, turn.frame.access)).writes:
        if one.write.to in reasons:
            told = writing.told(one.write)
            fields = {"held": told["action"], "fields": told["fields"], "reason": reasons[one.write.to]}
            yield item_of(turn.pair, HELD, told["side"], fields, PlanItem.State.SHOWN)


def item_of(
    pair: Pair, action: str, side: str | None, fields: Any, state: str = PlanItem.State.WAITING
) -> PlanItem:
    """An item about a pair, without its plan and place."""
    return PlanItem(
        pair_id=pair.id,
        record_a=pair.record_a,
        record_b=pair.record_b,
        key=pair.key,
        action=action,
        side=side,
        fields=fields,
        state=state,
    )


def digest(item: PlanItem) -> str:
    """What an item says of which records, as one word; what stands after an earlier item is the provider's to say."""
    said = dict(item.fields)
    if item.action in WRITES and said.get("follows"):
        said["fields"] = {name: {**told, "was": None} for name, told in said["fields"].items()}
    told = [item.pair_id, item.record_a, item.record_b, item.action, item.side, said]
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()


def hash_of(plan: Plan) -> str:
    """What a person approves: every item in its order, and the configuration that it was made by."""
    whole = hashlib.sha256(f"{plan.bridge_id} {plan.purpose} {plan.version}".encode())
    for one in (
        PlanItem.objects.filter(plan_id=plan.id)
        .order_by("ordinal")
        .values_list("digest", flat=True)
        .iterator()
    ):
        whole.update(one.encode())
    return whole.hexdigest()


def complete(frame: Frame, plan: Plan) -> None:
    """All items are there: from now on the plan can be approved."""
    items = PlanItem.objects.filter(plan_id=plan.id)
    plan.counts = dict(Counter(items.values_list("action", flat=True).iterator()))
    costing.add(frame, plan, ())
    plan.state, plan.hash, plan.after = Plan.State.OPEN, hash_of(plan), None
    plan.save()


def is_to_be_made(bridge: Bridge, plan: Plan | None) -> bool:
    """Whether the bridge has a plan to make, given the one that stands.

    Without being asked for, the first; one that was refused stays the last word.
    """
    if plan is not None:
        return plan.state == Plan.State.MAKING
    rounds = Plan.objects.filter(bridge_id=bridge.id, purpose=Plan.Purpose.ROUND)
    last = rounds.order_by("-created_at").first()
    return last is None or last.state == Plan.State.STALE


def is_idle(plan: Plan) -> bool:
    """Whether a plan that follows another one has nothing to write: then nobody has to look at it."""
    items = PlanItem.objects.filter(plan_id=plan.id)
    return (
        plan.made_by.startswith("plan ")
        and not items.filter(Q(state=PlanItem.State.WAITING) | Q(action=HELD)).exists()
    )


def was_canary(frame: Frame, plan: Plan) -> bool:
    """Whether a plan was the first, for a few records only."""
    if frame.configuration.canary is None:
        return False
    done = Plan.objects.filter(bridge_id=plan.bridge_id, purpose=Plan.Purpose.ROUND, state=Plan.State.DONE)
    return not done.exclude(id=plan.id).exists()


# --- saying -----------------------------------------------------------------------------------------------


def approve(plan_id: uuid.UUID, told_hash: str) -> Plan:
    """Have a plan executed, within the transaction that is open; raises PlanRefused, Plan.DoesNotExist."""
    bridge_id = Plan.objects.values_list("bridge_id", flat=True).get(id=plan_id)
    # Its job before any row of the bridge, and the bridge before its plans, as who changes it has them.
    job.ask(KIND, bridge_id)
    bridge = Bridge.objects.select_for_update().get(id=bridge_id)
    plan: Plan = Plan.objects.select_for_update().get(id=plan_id)
    if plan.state != Plan.State.OPEN:
        raise PlanRefused(
            f"This plan is {plan.state}: only an open one can be approved. {plan.reason}".strip()
        )
    if told_hash != plan.hash:
        raise PlanRefused(
            f"What was approved is not this plan: its hash is {plan.hash}. Look at the plan again, and approve that."
        )
    if hash_of(plan) != plan.hash:
        raise PlanRefused("The items of this plan are not those that were shown. Have another one made.")
    if plan.version != bridge.version:
        raise PlanRefused(
            f"The bridge has been changed since: the plan is of version {plan.version}, the bridge of {bridge.version}."
            " Have another one made."
        )
    actor = current_actor()
    plan.state, plan.approved_by, plan.approved_at = (
        Plan.State.APPROVED,
        f"{actor.kind} {actor.name}",
        clock.now(),
    )
    plan.save()
    if not bridge.paused_by:
        bridge.status, bridge.reason = Bridge.Status.WORKING, CARRIED_OUT
        bridge.save(update_fields=["status", "reason"])
    audit.record("plan.approved", subject=str(plan.id), hash=plan.hash, bridge=str(plan.bridge_id))
    return plan


def refuse(plan_id: uuid.UUID, why: str = "") -> Plan:
    """Have nothing of a plan executed; raises PlanRefused where it is too late for that."""
    plan: Plan = Plan.objects.select_for_update().get(id=plan_id)
    if plan.state not in {Plan.State.MAKING, Plan.State.OPEN}:
        raise PlanRefused(f"This plan is {plan.state}; pause its bridge to stop what is being written.")
    _end(plan, Plan.State.REFUSED, why or "Refused by a person.")
    audit.record("plan.refused", subject=str(plan.id), bridge=str(plan.bridge_id))
    return plan


def _end(plan: Plan, state: str, reason: str) -> None:
    plan.state, plan.reason, plan.finished_at = state, reason, clock.now()
    plan.save()


# --- executing --------------------------------------------------------------------------------------------


def approved(bridge_id: uuid.UUID) -> Plan | None:
    """The approved plan that is executed next, whatever it is for."""
    return Plan.objects.filter(bridge_id=bridge_id, state=Plan.State.APPROVED).order_by("approved_at").first()


def waiting(plan: Plan, behind: Q) -> Sequence[PlanItem]:
    """Some items whose turn it is: the first that waits of each pair which has none under way, and is not behind.

    None while enough are under way.
    """
    rows = PlanItem.objects.filter(plan_id=plan.id)
    busy = set(rows.filter(state=PlanItem.State.SENT).values_list("pair_id", flat=True)[:ENOUGH])
    if len(busy) >= ENOUGH:
        return []
    ready = rows.exclude(Exists(Pair.objects.filter(behind, id=OuterRef("pair_id"))))
    found: dict[uuid.UUID, PlanItem] = {}
    for item in ready.filter(state=PlanItem.State.WAITING).order_by("ordinal")[:AT_ONCE]:
        if item.pair_id not in busy:
            found.setdefault(item.pair_id, item)
    return list(found.values())


def creating(plan: Plan) -> QuerySet[PlanItem, Any]:
    """The pairs of creates that wait for their turn."""
    waiting = PlanItem.objects.filter(plan_id=plan.id, state=PlanItem.State.WAITING, action="create")
    return waiting.values("pair_id")


def same(item: PlanItem, write: Push | Delete) -> bool:
    """Whether a write is the very one that an item shows."""
    told = writing.told(write)
    said = {"fields": told["fields"]}
    said |= {name: item.fields[name] for name in ("follows", "content") if item.fields.get(name)}
    return digest(_item_like(item, told["action"], told["side"], said)) == item.digest


def _item_like(item: PlanItem, action: str, side: str, fields: Any) -> PlanItem:
    pair = Pair(id=item.pair_id, record_a=item.record_a, record_b=item.record_b)
    return item_of(pair, action, side, fields)


def mark(items: Iterable[PlanItem]) -> None:
    """Store what became of items."""
    PlanItem.objects.bulk_update(items, ["state", "reason", "write_id"], batch_size=AT_ONCE)


def note(write: Write, bridge: Bridge) -> PlanItem | None:
    """A write ended, or is left to a person: so is the item that asked for it, if one did; that item.

    Within the transaction that says so. What was to follow it at its pair is left alone, unless it was done. What was
    not applied while its bridge is paused has its turn again when that is resumed.
    """
    item: PlanItem | None = PlanItem.objects.filter(write_id=write.id).first()
    if item is None:
        return None
    if write.state == WriteState.NOT_APPLIED and bridge.paused_by:
        item.state, item.write_id = PlanItem.State.WAITING, None
        item.save(update_fields=["state", "write_id"])
        return item
    ends = {WriteState.DONE: PlanItem.State.DONE, WriteState.REJECTED: PlanItem.State.REFUSED}
    item.state, item.reason = ends.get(WriteState(write.state), PlanItem.State.MOVED), write.error or ""
    item.save(update_fields=["state", "reason"])
    if item.state != PlanItem.State.DONE:
        following = PlanItem.objects.filter(plan_id=item.plan_id, pair_id=item.pair_id)
        following.filter(state=PlanItem.State.WAITING).update(state=PlanItem.State.MOVED, reason=item.reason)
    return item


def conclude(plan: Plan) -> bool:
    """End a plan of which nothing waits or is under way; whether everything was as it showed."""
    rows = PlanItem.objects.filter(plan_id=plan.id)
    _end(plan, Plan.State.DONE, "")
    return not rows.filter(state=PlanItem.State.MOVED).exists()
