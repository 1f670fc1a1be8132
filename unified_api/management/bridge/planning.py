"""`bridge plan` and `restore`: what bridges would write, seen before it is written."""

from __future__ import annotations

import uuid
from collections.abc import Container, Iterator
from typing import Final

from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from tenants.scope import scope
from unified_api.engine.values import Side
from unified_api.management.answering import Document, take_json
from unified_api.management.bridge import items, running
from unified_api.management.bridge.pairs import pair_of
from unified_api.management.bridge.verb import Meant, Options, Progress, Verb, meant, take_bridge
from unified_api.sync import withheld
from unified_api.sync.bridge import plans, restoring, showing, standing_plans, steering
from unified_api.sync.models_bridge import Bridge, Pair
from unified_api.sync.models_plan import Plan, PlanItem

#: Items that are shown without being asked for more; all of them in JSON.
MOST: Final = 50


def _take_plan(parser: CommandParser) -> None:
    take_bridge(parser)
    parser.add_argument(
        "--new", action="store_true", help="make it anew; a bridge that writes by itself stops and plans"
    )
    parser.add_argument("--items", type=int, default=MOST, metavar="N", help=f"show so many ({MOST})")
    take_json(parser)


def _plan(options: Options, progress: Progress) -> Document:
    about = meant(options)
    most = None if options["json"] else options["items"]
    documents = [_plan_of(about, n, options["new"], most, progress) for n in range(len(about.bridges))]
    return running.together(documents) if about.named else documents[0]


def _plan_of(about: Meant, number: int, new: bool, most: int | None, progress: Progress) -> Document:  # noqa: FBT001 - as it is called for
    """The plan as it is then; `failed` says why a side's news may be missing from it."""
    with scope(about.tenant), transaction.atomic():
        bridge = Bridge.objects.get(id=about.bridges[number])
        if bridge.mode == Bridge.Mode.LIVE and not new:
            found = _with_others(bridge, None, most)
            if found["others"] or len(about.bridges) > 1:
                return {**found, "failed": None}
            raise CommandError(
                f"{bridge.model} writes by itself. `bridge run --dry-run` shows what a round would write; `bridge plan"
                " --new` has it plan from now on."
            )
    failed = None
    if new:
        _anew(about, number)  # from now on it writes nothing
        # What a quick worker has planned by the time that both sides are read lacks what was read.
        failed = running.run(about, number, progress, lambda: _anew(about, number))["failed"]
    elif _current(about, number) is None:
        failed = running.run(about, number, progress)["failed"]
    with scope(about.tenant), transaction.atomic():
        bridge = Bridge.objects.get(id=about.bridges[number])
        return {**_with_others(bridge, plans.current(bridge.id), most), "failed": failed}


def _with_others(bridge: Bridge, plan: Plan | None, most: int | None) -> Document:
    """The plan of what a bridge owes, and beside it those that a person asked for: of undo, restore and replay."""
    others = standing_plans.of_bridge(bridge.id).exclude(purpose=Plan.Purpose.ROUND)
    return {
        **_document(bridge, plan, most),
        "others": [_document(bridge, other, most) for other in others],
    }


def _anew(about: Meant, number: int) -> None:
    try:
        with scope(about.tenant), transaction.atomic():
            steering.plan_anew(about.bridges[number])
    except plans.PlanRefused as error:
        raise CommandError(str(error)) from error


def _current(about: Meant, number: int) -> Plan | None:
    with scope(about.tenant), transaction.atomic():
        plan = plans.current(about.bridges[number])
    return plan if plan and plan.state != Plan.State.MAKING else None


def _take_restore(parser: CommandParser) -> None:
    take_bridge(parser)
    parser.add_argument("--to", choices=["a", "b"], required=True, help="the side that lost records")
    parser.add_argument("--pair", metavar="ID", help="only the record of this pair")
    parser.add_argument("--items", type=int, default=MOST, metavar="N", help=f"show so many ({MOST})")
    take_json(parser)


def _restore(options: Options, _progress: Progress) -> Document:
    most = None if options["json"] else options["items"]
    about, side = meant(options), Side(options["to"])
    if options["pair"] is None:
        return about.each(lambda bridge: _restored(bridge, side, None, most))
    with scope(about.tenant), transaction.atomic():
        pair = pair_of(options["pair"], about.bridges)
        bridge = Bridge.objects.get(id=Pair.objects.values("bridge_id").get(id=pair)["bridge_id"])
        try:
            return _restored(bridge, side, pair, most)
        except restoring.NotLost as error:
            raise CommandError(str(error)) from error


def _restored(bridge: Bridge, side: Side, pair: uuid.UUID | None, most: int | None) -> Document:
    """The plan, or that there is nothing to make again: then none is left."""
    with transaction.atomic():
        plan = restoring.make(bridge, side, pair)
        if PlanItem.objects.filter(plan_id=plan.id).exists():
            return _document(bridge, plan, most)
        transaction.set_rollback(True)
    return {"bridge_id": str(bridge.id), "model": bridge.model, "plan_id": None, "side": side.value}


def _document(bridge: Bridge, plan: Plan | None, most: int | None) -> Document:
    about = {"bridge_id": str(bridge.id), "model": bridge.model, "mode": bridge.mode, "reason": bridge.reason}
    if plan is None:
        return {**about, "plan_id": None}
    rows, secret = PlanItem.objects.filter(plan_id=plan.id).order_by("ordinal"), withheld.of_bridge(bridge)
    shown = [_item(bridge, one, secret) for one in (rows if most is None else rows[:most])]
    return {
        **about,
        "plan_id": str(plan.id),
        "purpose": plan.purpose,
        "state": plan.state,
        "hash": plan.hash,
        "version": plan.version,
        "created_at": plan.created_at.isoformat(),
        "made_because": plan.reason,
        "counts": plan.counts,
        "progress": standing_plans.progress(plan),
        "cost": plan.cost,
        "items": shown,
        "names": showing.called(bridge, _named(bridge, shown)),
    }


def _named(bridge: Bridge, shown: list[Document]) -> set[str]:
    """The ids of the records that the values of some items name."""
    fields = [item["fields"].get("fields", {}) for item in shown]
    told = (one[name] for one in fields for name in bridge.configuration.get("references", {}) if name in one)
    return {v for one in told for v in (one["was"], one["value"]) if isinstance(v, str)}


def _item(bridge: Bridge, one: PlanItem, secret: Container[str]) -> Document:
    names = ("ordinal", "action", "side", "state", "reason")
    records: Document = {
        name: str(value) if (value := getattr(one, name)) else None for name in ("record_a", "record_b")
    }
    return {
        "pair_id": str(one.pair_id),
        **records,
        **{name: getattr(one, name) for name in names},
        "key": showing.key(bridge, one.key, secret),
        "fields": showing.said(one.fields, secret),
    }


def _tell_plans(document: Document) -> Iterator[str]:
    for one in document.get("bridges", [document]):
        yield from items.tell(one)
        for other in one.get("others", ()):
            yield from items.tell(other)


def _tell_restored(document: Document) -> Iterator[str]:
    for one in document.get("bridges", [document]):
        if one["plan_id"] is None:
            yield f"{one['model']}: nothing to restore; side {one['side']} lost no record that can be made again."
        else:
            yield from items.tell(one)


PLAN = Verb("plan", "what bridges would write, and what that costs", _take_plan, _plan, _tell_plans)
RESTORE = Verb(
    "restore",
    "a plan that makes again what a side lost",
    _take_restore,
    _restore,
    _tell_restored,
)
