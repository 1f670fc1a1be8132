"""Pages of plans: what a bridge would write, item by item, and what that costs; approved by its hash, or refused."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import Any, Final

from django.core.paginator import Paginator
from django.http import HttpRequest

from unified_api.admin import naming
from unified_api.admin.deeds import DecidingPage, Deed
from unified_api.sync import withheld
from unified_api.sync.bridge import plans, standing_plans
from unified_api.sync.bridge.records import Frame
from unified_api.sync.models_bridge import Bridge
from unified_api.sync.models_plan import Plan, PlanItem

#: Items of a page.
AT_ONCE: Final = 50


def _approve(plan: Plan, form: Mapping[str, str]) -> None:
    plans.approve(plan.id, form["hash"])


def _refuse(plan: Plan, form: Mapping[str, str]) -> None:
    plans.refuse(plan.id, form["reason"])


class PlanPage(DecidingPage):
    """Plans, the newest first."""

    change_form_template = "console/plan.html"
    listed = (
        "created_at",
        "bridge_id",
        "purpose",
        "state",
        "counts",
        "made_by",
        "approved_by",
        "finished_at",
    )
    ids = ("id", "bridge_id")
    texts = ("hash",)
    list_filter = ("state", "purpose")
    ordering = ("-created_at",)
    refusals = (plans.PlanRefused,)
    deeds = (
        Deed(
            "approve",
            "Approve this plan",
            "Workers write what the plan shows, item by item, into the customers' systems. An item whose records have"
            " moved since is left alone. It can be stopped by pausing the bridge, and taken back by an undo only.",
            _approve,
            carries=("hash",),
            when=lambda plan: plan.state == Plan.State.OPEN,
        ),
        Deed(
            "refuse",
            "Refuse this plan",
            "Nothing of the plan is written. The bridge makes no other one by itself: somebody has to ask for it.",
            _refuse,
            carries=("reason",),
            when=lambda plan: plan.state in {Plan.State.MAKING, Plan.State.OPEN},
        ),
    )

    def told(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """Totals, cost, and a page of items; nothing of a plan whose bridge is gone."""
        bridge = Bridge.objects.filter(id=row.bridge_id).first()
        if bridge is None:
            return {}
        frame = Frame.of(bridge)
        names = naming.sides(frame)
        action = request.GET.get("action", "")
        rows = PlanItem.objects.filter(plan_id=row.id).order_by("ordinal")
        pages = Paginator(rows.filter(action=action) if action else rows, AT_ONCE)
        page = pages.get_page(request.GET.get("p"))
        return {
            "bridge": bridge,
            "names": names,
            "progress": standing_plans.progress(row),
            "costs": [(names[side], cost) for side, cost in row.cost.items()],
            "action": action,
            "page": page,
            "items": _items(frame, names, list(page), withheld.of_bridge(bridge)),
        }


def _items(
    frame: Frame, names: Mapping[str, str], items: Iterable[PlanItem], secret: Container[str]
) -> list[dict[str, Any]]:
    both = (one for item in items for one in (item.record_a, item.record_b))
    known = naming.records(frame, both, secret)
    return [
        {
            "item": item,
            "side": names.get(item.side or "", ""),
            "records": [(side, known.get(one) if one else None) for side, one in _records(item)],
            "changes": _changes(item, secret),
            "problem": None if item.action in plans.WRITES else _problem(item, secret),
        }
        for item in items
    ]


def _records(item: PlanItem) -> Iterable[tuple[str, Any]]:
    return (("a", item.record_a), ("b", item.record_b))


def _changes(item: PlanItem, secret: Container[str]) -> list[dict[str, Any]]:
    """By field what is there, what comes, and why; nothing of an item that writes nothing."""
    fields = item.fields["fields"] if item.action in plans.WRITES else {}
    return [
        {
            "field": name,
            "was": naming.value(name, told["was"], secret),
            "value": naming.value(name, told["value"], secret),
            "rule": told["rule"],
            "overrules": told["overrules"],
        }
        for name, told in fields.items()
    ]


def _problem(item: PlanItem, secret: Container[str]) -> dict[str, Any]:
    """What keeps a field from being equal: a problem of one side, or a conflict of both."""
    told, field = item.fields, item.fields.get("field", "")
    spelled = {name: naming.value(field, told[name], secret) for name in ("value", "a", "b") if name in told}
    return {
        "kind": told.get("kind", item.action),
        "field": field,
        "reason": told.get("reason", ""),
        **spelled,
    }
