"""`bridge plan` and `restore`: what bridges would write, seen before it is written."""

from __future__ import annotations

import uuid
from collections.abc import Container, Iterator
from dataclasses import dataclass, replace
from typing import Final

from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from tenants.scope import scope
from unified_api.engine.values import Side
from unified_api.management.answering import Document, take_json
from unified_api.management.bridge import items, running
from unified_api.management.bridge.pairs import TAKES, pair_of
from unified_api.management.bridge.verb import Meant, Options, Progress, Verb, meant, take_bridge
from unified_api.sync import withheld
from unified_api.sync.bridge import naming, plans, restoring, showing, standing_plans, steering
from unified_api.sync.models_bridge import Bridge, Pair
from unified_api.sync.models_plan import Plan, PlanItem

#: Items that are shown without being asked for more; all of them in JSON and with `--all`.
MOST: Final = 50


def _take_plan(parser: CommandParser) -> None:
    take_bridge(parser)
    parser.add_argument(
        "--new", action="store_true", help="make it anew; a bridge that writes by itself stops and plans"
    )
    parser.add_argument("--pair", metavar="ID", help=f"show only what is about one pair, wholly: {TAKES}")
    _take_shown(parser)
    take_json(parser)


def _take_shown(parser: CommandParser) -> None:
    parser.add_argument("--items", type=int, default=MOST, metavar="N", help=f"show so many ({MOST})")
    parser.add_argument(
        "--all", action="store_true", help="show all items, each with all of its values, as JSON does"
    )


@dataclass(frozen=True)
class Shown:
    """What of a plan is shown: so many items (None: all), those of one pair only, their values wholly or in short."""

    most: int | None
    is_whole: bool
    pair: uuid.UUID | None = None

    @classmethod
    def asked(cls, options: Options, pair: uuid.UUID | None = None) -> Shown:
        """What the options say."""
        is_whole = options["json"] or options["all"] or pair is not None
        return cls(None if is_whole else options["items"], is_whole, pair)


def _plan(options: Options, progress: Progress) -> Document:
    about = meant(options)
    shown = Shown.asked(options)
    if options["pair"]:
        with scope(about.tenant), transaction.atomic():
            pair = pair_of(options["pair"], about.bridges)
            of = Pair.objects.values_list("bridge_id", flat=True).get(id=pair)
        about, shown = replace(about, bridges=(of,), named=False), Shown.asked(options, pair)
    documents = [_plan_of(about, n, options["new"], shown, progress) for n in range(len(about.bridges))]
    return running.together(documents) if about.named else documents[0]


def _plan_of(about: Meant, number: int, new: bool, shown: Shown, progress: Progress) -> Document:  # noqa: FBT001 - as it is called for
    """The plan as it is then; `failed` says why a side's news may be missing from it."""
    with scope(about.tenant), transaction.atomic():
        bridge = Bridge.objects.get(id=about.bridges[number])
        if bridge.mode == Bridge.Mode.LIVE and not new:
            found = _with_others(bridge, None, shown)
            if found["others"] or len(about.bridges) > 1:
                return {**found, "failed": None}
            raise CommandError(
                f"{bridge.model} writes by itself. `bridge run --dry-run` shows what a round would write; `bridge plan"
                " --new` has it plan from now on."
            )
    failed = None
    if new:
        running.refuse_paused(about, number)  # before the plan that waits gives way to none
        _anew(about, number)  # from now on it writes nothing
        # What a quick worker has planned by the time that both sides are read lacks what was read.
        failed = running.run(about, number, progress, lambda: _anew(about, number))["failed"]
    elif _current(about, number) is None:
        failed = running.run(about, number, progress)["failed"]
    with scope(about.tenant), transaction.atomic():
        bridge = Bridge.objects.get(id=about.bridges[number])
        return {**_with_others(bridge, plans.current(bridge.id), shown), "failed": failed}


def _with_others(bridge: Bridge, plan: Plan | None, shown: Shown) -> Document:
    """The plan of what a bridge owes, and beside it those that a person asked for: of undo, restore and replay."""
    others = standing_plans.of_bridge(bridge.id).exclude(purpose=Plan.Purpose.ROUND)
    return {
        **_document(bridge, plan, shown),
        "others": [_document(bridge, other, shown) for other in others],
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
    parser.add_argument("--pair", metavar="ID", help=f"only the record of one pair: {TAKES}")
    _take_shown(parser)
    take_json(parser)


def _restore(options: Options, _progress: Progress) -> Document:
    about, side, shown = meant(options), Side(options["to"]), Shown.asked(options)
    if options["pair"] is None:
        return about.each(lambda bridge: _restored(bridge, side, None, shown))
    with scope(about.tenant), transaction.atomic():
        pair = pair_of(options["pair"], about.bridges)
        bridge = Bridge.objects.get(id=Pair.objects.values("bridge_id").get(id=pair)["bridge_id"])
        try:
            return _restored(bridge, side, pair, shown)
        except restoring.NotLost as error:
            raise CommandError(str(error)) from error


def _restored(bridge: Bridge, side: Side, pair: uuid.UUID | None, shown: Shown) -> Document:
    return {**_document(bridge, restoring.make(bridge, side, pair), shown), "side": side.value}


def _document(bridge: Bridge, plan: Plan | None, shown: Shown) -> Document:
    about = {"bridge_id": str(bridge.id), "model": bridge.model, "mode": bridge.mode, "reason": bridge.reason}
    if plan is None:
        return {**about, "plan_id": None}
    rows, secret = PlanItem.objects.filter(plan_id=plan.id).order_by("ordinal"), withheld.of_bridge(bridge)
    rows = rows.filter(pair_id=shown.pair) if shown.pair else rows
    items = [_item(bridge, one, secret) for one in (rows if shown.most is None else rows[: shown.most])]
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
        "items": items,
        "left_out": rows.count() - len(items),
        "is_whole": shown.is_whole,
        "names": naming.called(bridge, (item["fields"].get("fields", {}) for item in items)),
    }


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
        if one["state"] == Plan.State.DONE:
            yield f"{one['model']}: nothing to restore; side {one['side']} lost no record that can be made again."
        if one["items"]:
            yield from items.tell(one)


PLAN = Verb("plan", "what bridges would write, and what that costs", _take_plan, _plan, _tell_plans)
RESTORE = Verb(
    "restore",
    "a plan that makes again what a side lost",
    _take_restore,
    _restore,
    _tell_restored,
)
