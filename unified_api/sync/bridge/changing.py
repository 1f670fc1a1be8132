"""Telling a bridge something else while it runs: what differs, whether it carries more by it, and what follows.

Fields keep their bases, so what was agreed stays agreed; only where a value means something else from now on (another
map, normalizer or shape) the base is given up, and the field meets as if for the first time. Every pair is looked at
again, and what was journalled by the rules of before, and has not left, ends, see `unified_api.sync.bridge.stopping`. A
bridge that comes to carry more goes back to making plans, unless somebody says that it is to go on by itself.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection
from django.db.models import Q

from tenants import audit
from tenants.scope import current_tenant
from unified_api.engine.policy import DeleteRule, Field
from unified_api.engine.values import Both, Side
from unified_api.sync import clock, job
from unified_api.sync.bridge import plans, setup, steering, stirring, stopping, turns
from unified_api.sync.bridge.configuration import Configuration, Leaving
from unified_api.sync.bridge.stirring import KIND
from unified_api.sync.bridge.wish import BridgeRefused, Wish
from unified_api.sync.models_bridge import Bridge, Pair
from unified_api.sync.models_plan import Plan

#: What else a bridge is told, beside its configuration.
ABOUT: Final = ("name", "goal", "owner", "frequency", "priority", "follows")
#: Options that say what a value means; where one of them changes, what was agreed says nothing any more.
_MEANINGS: Final = ("words", "normalizer", "shape", "reference")
_DEEDS: Final = frozenset({DeleteRule.PROPAGATE, DeleteRule.RESTORE})
_STIR = """
    UPDATE sync_pair SET
        dirty = true,
        held = CASE
            WHEN state = 'alone' AND (record_a IS NULL OR record_b IS NULL) THEN 'new' WHEN held = 'closed' THEN ''
            ELSE held
        END,
        base_a = base_a - %(forgotten)s::text[],
        base_b = base_b - %(forgotten)s::text[],
        memory = CASE WHEN memory ? 'refused' THEN jsonb_set(memory, '{refused}', '[]') ELSE memory END
    WHERE tenant_id = %(tenant)s AND bridge_id = %(bridge)s
"""


@dataclass(frozen=True)
class Difference:
    """One thing that a bridge is told otherwise; None: nothing."""

    place: str
    was: Any
    now: Any

    def __str__(self) -> str:
        return f"{self.place}: {self.was!r} -> {self.now!r}"

    def as_data(self) -> dict[str, Any]:
        """The same for people and programs."""
        return {"place": self.place, "was": self.was, "now": self.now}


@dataclass(frozen=True)
class Changed:
    """What became of a bridge. differences: empty when it was told so already. wider: why it makes plans again."""

    bridge: Bridge
    differences: tuple[Difference, ...]
    wider: tuple[str, ...]


def change(bridge: Bridge, wish: Wish, *, live: bool = False) -> Changed:
    """Tell a bridge what it is to do from now on, within the transaction that is open; raises BridgeRefused.

    live: it is to write by itself whatever changed. The mode that is wished for is that of new bridges.
    """
    stirring.overtake([bridge.id])
    bridge = Bridge.objects.select_for_update().get(id=bridge.id)
    before, known = Configuration.parse(bridge.configuration), setup.told(bridge)
    after = setup.checked(wish, before)
    _take_over(bridge, wish, after)
    differences = tuple(differing(known, setup.told(bridge)))
    wider = tuple(widened(before, after)) if differences else ()
    if wider:
        setup.allow_wider(wish, bridge)
    if differences:
        _keep(bridge, before, after, differences)
        _end_plans(bridge, [Plan.State.APPROVED])
        stopping.hasten_later(bridge.id)
    differences += tuple(_change_mode(bridge, live=live, plans_anew=bool(wider), changed=bool(differences)))
    if not bridge.paused_by:
        job.ask(KIND, bridge.id, priority=bridge.priority)
    return Changed(bridge, differences, wider)


def differing(before: Any, after: Any, place: str = "") -> Iterator[Difference]:
    """What differs between two things told, place by place."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in sorted({*before, *after}):
            inner = f"{place}.{name}" if place else name
            yield from differing(before.get(name), after.get(name), inner.removeprefix("policy."))
    elif before != after:
        yield Difference(place, before, after)


def widened(before: Configuration, after: Configuration) -> Iterator[str]:
    """Why a bridge would write what nobody has agreed to yet, in words."""
    for name, one in after.policy.fields.items():
        known = before.policy.fields.get(name)
        if known is None:
            yield f"{name} is new"
            continue
        if any(one.direction.reaches(side) and not known.direction.reaches(side) for side in Side):
            yield f"{name} travels further"
        if known.fills and not one.fills:
            yield f"{name} replaces what is filled"
        if one.blanks and not known.blanks:
            yield f"{name} empties what is filled"
        if _means_otherwise(known, one):
            yield f"{name} means something else"
    if after.content != before.content:
        yield "something else becomes of files"
    yield from _wider_rules(before, after)


def _wider_rules(before: Configuration, after: Configuration) -> Iterator[str]:
    for side in Side:
        if side in after.policy.creates - before.policy.creates:
            yield f"records are created at side {side}"
        if after.policy.deletes[side] in _DEEDS and after.policy.deletes[side] != before.policy.deletes[side]:
            yield f"deletes at side {side} are answered by {after.policy.deletes[side]}"
        if not _narrows(before, after, side):
            yield f"other records of side {side} take part"
    if after.match != before.match:
        yield "records are matched by other fields"
    if before.since and (after.since is None or after.since < before.since):
        yield "it starts earlier"
    if before.canary and (after.canary is None or after.canary > before.canary):
        yield "more pairs are written to before a person says go on"
    if after.leaving is Leaving.STAY and before.leaving is not Leaving.STAY:
        yield "records that stop matching stay"
    if _looser(before, after):
        yield "the budget is larger"


def _narrows(before: Configuration, after: Configuration, side: Side) -> bool:
    """Whether all conditions of before are still asked, and perhaps more."""
    known, now = before.filter[side], after.filter[side]
    return set(map(repr, known.conditions)) <= set(map(repr, now.conditions)) and (
        not known.alternatives or known.alternatives == now.alternatives
    )


def _looser(before: Configuration, after: Configuration) -> bool:
    limits = Both(
        (before.budget.creates, after.budget.creates), (before.budget.deletes, after.budget.deletes)
    )
    return any(now.share > was.share or now.least > was.least for was, now in (limits.a, limits.b))


def _means_otherwise(one: Field, other: Field) -> bool:
    return any(getattr(one, name) != getattr(other, name) for name in _MEANINGS)


def _take_over(bridge: Bridge, wish: Wish, after: Configuration) -> None:
    bridge.configuration = after.as_data()
    bridge.follows = setup.followed(wish, after, bridge.id)
    for name in ABOUT:
        if name != "follows":
            setattr(bridge, name, getattr(wish, name))


def _change_mode(bridge: Bridge, *, live: bool, plans_anew: bool, changed: bool) -> Iterator[Difference]:
    """Have it write by itself, or plan; a plan that waits shows what it was told before, so it is made anew."""
    before = bridge.mode
    if live and bridge.mode != Bridge.Mode.LIVE:
        if plans.is_first(bridge.id):
            setup.refuse_unseen_canary(Configuration.parse(bridge.configuration))
        _end_plans(
            bridge, [Plan.State.MAKING, Plan.State.OPEN, Plan.State.APPROVED], purpose=Plan.Purpose.ROUND
        )
        steering.go_live(bridge)
    elif not live and (plans_anew or (changed and bridge.mode == Bridge.Mode.PLAN)):
        bridge.mode = Bridge.Mode.PLAN
        bridge.save(update_fields=["mode"])
        plans.begin(bridge, "", made_by=setup.who())
    if bridge.mode != before:
        yield Difference("mode", before, bridge.mode)


def _end_plans(bridge: Bridge, states: Sequence[str], **which: str) -> None:
    """What is left of a plan, whatever it is for, is not what the bridge is told now; what left is seen through.

    What is journalled and has not left ends, as it is of the version by which it was planned.
    An open one of before cannot be approved any more, see `unified_api.sync.bridge.plans.approve`.
    """
    Plan.objects.filter(bridge_id=bridge.id, state__in=states, **which).update(
        state=Plan.State.STALE, reason="The bridge was told something else.", finished_at=clock.now()
    )


def _keep(
    bridge: Bridge, before: Configuration, after: Configuration, differences: tuple[Difference, ...]
) -> None:
    bridge.version += 1
    bridge.save(update_fields=["configuration", "version", *ABOUT])
    setup.keep_version(bridge)
    told = [str(one) for one in differences]
    audit.record("bridge.changed", subject=str(bridge.id), version=bridge.version, differences=told)
    if before.audit != after.audit:
        setup.audit_in(bridge, after.audit)
    if before != after:
        _stir(bridge, [n for n, one in after.policy.fields.items() if _is_other(before, one)])
        stirring.awaken_followers(bridge)


def _is_other(before: Configuration, one: Field) -> bool:
    known = before.policy.fields.get(one.name)
    return known is None or _means_otherwise(known, one)


def look_again(linked_account_id: uuid.UUID) -> None:
    """Have every pair of an account's bridges looked at again, as its scopes allow something else now.

    Within the transaction that is open. What was agreed stays agreed; what waits to leave and may not any more ends.
    """
    either = Q(account_a=linked_account_id) | Q(account_b=linked_account_id)
    bridges = list(Bridge.objects.filter(either).order_by("id"))
    for bridge in bridges:
        job.forget(KIND, bridge.id)
    stopped = [(bridge, stopping.stop(bridge)) for bridge in bridges]
    turns.take_all(bridge.id for bridge in bridges)
    for bridge, waiting in stopped:
        _stir(bridge, [])
        stopping.withdraw(bridge, waiting)
        if not bridge.paused_by:
            job.ask(KIND, bridge.id, priority=bridge.priority)


def _stir(bridge: Bridge, forgotten: list[str]) -> None:
    """Have every pair looked at again, in one statement; what was refused before is tried again."""
    under_way = Pair.objects.filter(bridge_id=bridge.id).exclude(write_id=None).count() if forgotten else 0
    if under_way:
        raise BridgeRefused(
            f"{under_way} writes are under way, and {', '.join(forgotten)} would mean something else after them. Pause"
            " the bridge, and apply this again when they have ended."
        )
    values: dict[str, Any] = {"forgotten": forgotten, "tenant": current_tenant(), "bridge": bridge.id}
    with connection.cursor() as cursor:
        cursor.execute(_STIR, values)
