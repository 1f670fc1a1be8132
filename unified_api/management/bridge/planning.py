"""`bridge plan`, `restore`, `approve` and `refuse`: what bridges would write, seen before it is written."""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import Any, Final

from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from tenants.scope import scope
from unified_api.engine.values import Side
from unified_api.management.answering import Document, counted, quoted, take_json
from unified_api.management.bridge import running
from unified_api.management.bridge.standing import pair_of
from unified_api.management.bridge.verb import Meant, Options, Progress, Verb, meant, take_bridge
from unified_api.sync import withheld
from unified_api.sync.bridge import plans, restoring, showing, steering
from unified_api.sync.bridge.attachment_choice import shown
from unified_api.sync.models_bridge import Bridge, Pair
from unified_api.sync.models_plan import Plan, PlanItem

#: Items that are shown without being asked for more; all of them in JSON.
MOST: Final = 50
#: Characters of a hash that are enough to say which is meant.
ENOUGH: Final = 12


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
        if bridge.mode == Bridge.Mode.LIVE and not new and len(about.bridges) > 1:
            return {**_document(bridge, None, most), "failed": None}
        if bridge.mode == Bridge.Mode.LIVE and not new:
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
        return {**_document(bridge, plans.current(bridge.id), most), "failed": failed}


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
        return about.each(lambda bridge: _document(bridge, restoring.make(bridge, side), most))
    with scope(about.tenant), transaction.atomic():
        pair = pair_of(options["pair"], about.bridges)
        bridge = Bridge.objects.get(id=Pair.objects.values("bridge_id").get(id=pair)["bridge_id"])
        try:
            return _document(bridge, restoring.make(bridge, side, pair), most)
        except restoring.NotLost as error:
            raise CommandError(str(error)) from error


def _document(bridge: Bridge, plan: Plan | None, most: int | None) -> Document:
    about = {"bridge_id": str(bridge.id), "model": bridge.model, "mode": bridge.mode, "reason": bridge.reason}
    if plan is None:
        return {**about, "plan_id": None}
    items, secret = PlanItem.objects.filter(plan_id=plan.id).order_by("ordinal"), withheld.of_bridge(bridge)
    return {
        **about,
        "plan_id": str(plan.id),
        "state": plan.state,
        "hash": plan.hash,
        "version": plan.version,
        "created_at": plan.created_at.isoformat(),
        "made_because": plan.reason,
        "counts": plan.counts,
        "cost": plan.cost,
        "items": [_item(bridge, one, secret) for one in (items if most is None else items[:most])],
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
        yield from _tell_plan(one)


def _tell_plan(document: Document) -> Iterator[str]:
    if document["plan_id"] is None:
        why = "it writes by itself" if document["mode"] == Bridge.Mode.LIVE else "there is no plan"
        yield f"{document['model']}: {why}. {document['reason']}".rstrip()
        return
    made = f"plan {document['plan_id']}, made {document['created_at'][:19]} UTC"
    yield f"{document['model']}, {made}: {document['state']} {document['made_because']}".rstrip()
    if document["state"] == Plan.State.MAKING:
        yield f"  {document['reason']}".rstrip()
    for item in document["items"]:
        yield f"  {item['action']}{_where(item)}: {_what(item)}{_became(item)}"
    hidden = sum(document["counts"].values()) - len(document["items"])
    if hidden > 0:
        yield f"  … and {hidden} more: --items {hidden + len(document['items'])} shows all."
    yield f"  {counted(document['counts'])}"
    yield from (f"  {_cost(side, cost)}" for side, cost in document["cost"].items())
    if document["state"] == Plan.State.OPEN:
        yield f"  hash: {document['hash']}"
        yield f"  `bridge approve {document['bridge_id']} {document['hash'][:ENOUGH]}` has just this written."


def _where(item: Document) -> str:
    return f" at side {item['side']}" if item["side"] else ""


def _what(item: Document) -> str:
    key, told = item["key"] or "without a key", item["fields"]
    if item["action"] in plans.WRITES:
        return f"{key}: {running.changes(told['fields'])}{_content(told.get('content'))}"
    if item["action"] == plans.HELD:
        return f"{key}: {told['held']} of {running.changes(told['fields'])}. {told['reason']}"
    if item["action"] == "conflict":
        return f"{key}: {told['field']} is {quoted(told, 'a')} at side a and {quoted(told, 'b')} at side b"
    return f"{key}: {told['kind']} {told['field']} {told['reason']}".rstrip()


def _content(content: Document | None) -> str:
    if content is None:
        return ""
    cap = f", up to {shown(content['cap'])}" if "cap" in content else ""
    return f"; its file: {content['files']}{cap}"


def _became(item: Document) -> str:
    if item["state"] in {PlanItem.State.WAITING, PlanItem.State.SHOWN}:
        return ""
    return f" [{item['state']}{': ' if item['reason'] else ''}{item['reason']}]"


def _cost(side: str, cost: Document) -> str:
    told = {name: value for name, value in cost.items() if name != "calls" and value is not None}
    quota = "; ".join(f"{name} {value}" for name, value in told.items())
    return f"side {side}: {cost['calls']} calls{f' ({quota})' if quota else ''}"


def _take_approve(parser: CommandParser) -> None:
    take_bridge(parser)
    parser.add_argument(
        "hash", nargs="+", help=f"of what was shown, or its first {ENOUGH} characters or more"
    )
    take_json(parser)


def _approve(options: Options, _progress: Progress) -> Document:
    about = meant(options)
    with scope(about.tenant), transaction.atomic():
        found = list(Plan.objects.filter(bridge_id__in=about.bridges, state=Plan.State.OPEN))
        approved = [_approve_one(found, told) for told in options["hash"]]
        return {"plans": [_said(plan) for plan in approved]}


def _approve_one(found: list[Plan], told: str) -> Plan:
    """Approve the plan whose hash this is; where only one waits, it says itself what is wrong with another hash."""
    fitting = [plan for plan in found if len(told) >= ENOUGH and plan.hash.startswith(told)] or found
    if len(fitting) != 1:
        raise CommandError(
            f"No plan of these bridges has the hash {told}; `bridge plan` shows those there are."
            if found
            else "There is no plan to approve; `bridge plan` makes one."
        )
    plan = fitting[0]
    whole = plan.hash if len(told) >= ENOUGH and plan.hash.startswith(told) else told
    try:
        return plans.approve(plan.id, whole)
    except plans.PlanRefused as error:
        raise CommandError(str(error)) from error


def _take_refuse(parser: CommandParser) -> None:
    take_bridge(parser)
    parser.add_argument("--because", default="", metavar="WHY", help="kept with the plan")
    take_json(parser)


def _refuse(options: Options, _progress: Progress) -> Document:
    about = meant(options)
    with scope(about.tenant), transaction.atomic():
        found = [plan for bridge in about.bridges if (plan := plans.current(bridge))]
        if not found:
            raise CommandError("There is no plan to refuse.")
        try:
            return {"plans": [_said(plans.refuse(plan.id, options["because"])) for plan in found]}
        except plans.PlanRefused as error:
            raise CommandError(str(error)) from error


def _said(plan: Plan) -> dict[str, Any]:
    return {
        "plan_id": str(plan.id),
        "bridge_id": str(plan.bridge_id),
        "state": plan.state,
        "hash": plan.hash,
        "reason": plan.reason,
        "paused_by": Bridge.objects.values_list("paused_by", flat=True).get(id=plan.bridge_id),
    }


def _tell_said(document: Document) -> Iterator[str]:
    for one in document["plans"]:
        yield f"plan {one['plan_id']}: {one['state']} {one['reason']}".rstrip()
        if one["state"] == Plan.State.APPROVED and one["paused_by"]:
            yield f"  Paused by {one['paused_by']}: written when it is resumed, `bridge resume {one['bridge_id']}`."
        elif one["state"] == Plan.State.APPROVED:
            yield f"  Workers write it now; `bridge run {one['bridge_id']}` waits for it, or does it here."


PLAN = Verb("plan", "what bridges would write, and what that costs", _take_plan, _plan, _tell_plans)
RESTORE = Verb(
    "restore",
    "a plan that makes again what a side lost",
    _take_restore,
    _restore,
    _tell_plans,
)
APPROVE = Verb("approve", "have a plan written, just as it was shown", _take_approve, _approve, _tell_said)
REFUSE = Verb("refuse", "have nothing of a plan written", _take_refuse, _refuse, _tell_said)
