"""Which plans of a bridge stand, and how far they are."""

from __future__ import annotations

import uuid

from django.db.models import Count, QuerySet

from unified_api.sync.models_plan import Plan, PlanItem


def of_bridge(bridge_id: uuid.UUID) -> QuerySet[Plan]:
    """The plans that wait for approval or are executed, whatever they are for, oldest first."""
    rows = Plan.objects.filter(bridge_id=bridge_id, state__in=[Plan.State.OPEN, Plan.State.APPROVED])
    return rows.order_by("created_at", "id")


def progress(plan: Plan) -> dict[str, int]:
    """Items by what became of them."""
    rows = PlanItem.objects.filter(plan_id=plan.id).order_by()
    return dict(rows.values_list("state").annotate(number=Count("id")))


def is_over(plan: Plan) -> bool:
    """Whether nothing of it waits or is under way."""
    still = (PlanItem.State.WAITING, PlanItem.State.SENT)
    return not PlanItem.objects.filter(plan_id=plan.id, state__in=still).exists()
