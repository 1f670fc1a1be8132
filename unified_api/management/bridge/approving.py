"""`bridge approve` and `refuse`: a person's word on a plan, whatever it is for."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from tenants.scope import scope
from unified_api.management.answering import Document, take_json
from unified_api.management.bridge.standing import ENOUGH
from unified_api.management.bridge.verb import Options, Progress, Verb, meant, take_bridge
from unified_api.sync.bridge import plans
from unified_api.sync.models_bridge import Bridge
from unified_api.sync.models_plan import Plan


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
        approved = [_approve_one(found, told, about.bridges) for told in options["hash"]]
        return {"plans": [_said(plan) for plan in approved]}


def _approve_one(found: list[Plan], told: str, bridges: tuple[uuid.UUID, ...]) -> Plan:
    """Approve the plan whose hash this is; where only one waits, it says itself what is wrong with another hash."""
    plan = _fitting(found, told, bridges) if len(found) != 1 else found[0]
    if not _fits(plan, told):
        _refuse_older(told, bridges)
    whole = plan.hash if _fits(plan, told) else told
    try:
        return plans.approve(plan.id, whole)
    except plans.PlanRefused as error:
        raise CommandError(str(error)) from error


def _fits(plan: Plan, told: str) -> bool:
    return len(told) >= ENOUGH and plan.hash.startswith(told)


def _refuse_older(told: str, bridges: tuple[uuid.UUID, ...]) -> None:
    """Say what became of a plan that somebody has the hash of, and that is not open any more."""
    known = Plan.objects.filter(bridge_id__in=bridges).exclude(state=Plan.State.OPEN).order_by("-created_at")
    old = known.filter(hash__startswith=told).first() if len(told) >= ENOUGH else None
    if old is not None:
        why = f" ({old.reason.removesuffix('.')})" if old.reason else ""
        raise CommandError(
            f"The plan with the hash {told} is {old.state} by now{why}; `bridge plan {old.bridge_id}` shows what"
            " there is."
        )


def _fitting(found: list[Plan], told: str, bridges: tuple[uuid.UUID, ...]) -> Plan:
    fitting = [plan for plan in found if _fits(plan, told)]
    if len(fitting) != 1:
        _refuse_older(told, bridges)
        raise CommandError(
            f"No plan of these bridges has the hash {told}; `bridge plan` shows those there are."
            if found
            else "There is no plan to approve; `bridge plan` makes one."
        )
    return fitting[0]


def _take_refuse(parser: CommandParser) -> None:
    take_bridge(parser)
    parser.add_argument("hash", nargs="*", help="as for approve; by default the plans of what bridges owe")
    parser.add_argument("--because", default="", metavar="WHY", help="kept with the plan")
    take_json(parser)


def _refuse(options: Options, _progress: Progress) -> Document:
    about = meant(options)
    with scope(about.tenant), transaction.atomic():
        found = _refused(about.bridges, options["hash"])
        try:
            return {"plans": [_said(plans.refuse(plan.id, options["because"])) for plan in found]}
        except plans.PlanRefused as error:
            raise CommandError(str(error)) from error


def _refused(bridges: tuple[uuid.UUID, ...], hashes: list[str]) -> list[Plan]:
    """The plans that are meant: by their hashes, or what the bridges owe, or else the only one that is open."""
    found = list(Plan.objects.filter(bridge_id__in=bridges, state=Plan.State.OPEN))
    if hashes:
        return [_fitting(found, told, bridges) for told in hashes]
    owed = [plan for bridge in bridges if (plan := plans.current(bridge))]
    if not (owed or found):
        raise CommandError("There is no plan to refuse.")
    if not owed and len(found) > 1:
        raise CommandError("Several plans are open; give the hash of one, as `bridge plan` shows it.")
    return owed or found


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


APPROVE = Verb("approve", "have a plan written, just as it was shown", _take_approve, _approve, _tell_said)
REFUSE = Verb("refuse", "have nothing of a plan written", _take_refuse, _refuse, _tell_said)
