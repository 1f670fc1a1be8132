"""/api/sync/v1/plans: what a bridge would write, item by item; approved by its hash, or refused."""

from __future__ import annotations

from collections.abc import Container
from typing import Any, Final

from django.db import transaction
from django.http import HttpResponse
from rest_framework.request import Request

from unified_api.api import bodies, cursors, newest, parameters, reach
from unified_api.api.cursors import PAGING, Window
from unified_api.api.endpoint import Endpoint
from unified_api.api.errors import answer, deciding
from unified_api.api.openapi import bridges as told_as
from unified_api.api.openapi.operation import Operation, answers
from unified_api.api.openapi.refusals import REFUSAL
from unified_api.api.openapi.schema import page as page_of
from unified_api.sync import withheld
from unified_api.sync.bridge import plans, showing, standing_plans
from unified_api.sync.models_bridge import Bridge
from unified_api.sync.models_plan import Plan, PlanItem

_OF_BRIDGES: Final = parameters.ids("bridge_id", "Of one of these bridges.")
_STATE: Final = parameters.word("state", Plan.State.values, "In this state.")
_ACTION: Final = parameters.text("action", "Items with this action.")
_HASH: Final = bodies.text("hash", "The hash of the plan that was looked at.")
_REASON: Final = bodies.maybe_text("reason", "Why, for those who read it later.")


class Plans(Endpoint):
    """GET plans."""

    needs_account = False
    tag = "plans"
    operations = {"get": Operation({200: page_of(told_as.PLAN)}, query=(*PAGING, _OF_BRIDGES, _STATE))}

    def get(self, _request: Request) -> HttpResponse:
        """A page of plans, the newest first, of one bridge and in one state where that is asked for."""
        with transaction.atomic():
            rows = reach.plans(self.key)
            if ids := self.asked(_OF_BRIDGES):
                rows = rows.filter(bridge_id__in=ids)
            if state := self.asked(_STATE):
                rows = rows.filter(state=state)
            window = Window.asked(self.params, f"{self.key.tenant_id} plans")
            found, page = newest.page(window, rows, "created_at")
            return answer({**page, "results": [shown(plan) for plan in found]})


class OnePlan(Endpoint):
    """GET plans/{id}."""

    needs_account = False
    tag = "plans"
    operations = {"get": answers(told_as.PLAN_WITH_ITEMS)}

    def get(self, _request: Request, id: str) -> HttpResponse:  # noqa: A002 - the path's word
        """The plan, with what became of its items."""
        with transaction.atomic():
            plan = self.plan(id)
            return answer({**shown(plan), "items": standing_plans.progress(plan)})

    def plan(self, text: str) -> Plan:
        """The plan of a path; raises NotFound."""
        return reach.one(reach.plans(self.key), text)


class Items(OnePlan):
    """GET plans/{id}/items."""

    operations = {"get": Operation({200: page_of(told_as.ITEM)}, query=(*PAGING, _ACTION))}

    def get(self, _request: Request, id: str) -> HttpResponse:  # noqa: A002 - the path's word
        """A page of items, in their order."""
        with transaction.atomic():
            plan = self.plan(id)
            bridge = Bridge.objects.get(id=plan.bridge_id)
            rows = PlanItem.objects.filter(plan_id=plan.id)
            if action := self.asked(_ACTION):
                rows = rows.filter(action=action)
            window = Window.asked(self.params, f"{id} items")
            found, page = cursors.ordered(window, rows, "ordinal")
            secret = withheld.of_bridge(bridge)
            return answer({**page, "results": [_item(bridge, item, secret) for item in found]})


class Approve(OnePlan):
    """POST plans/{id}/approve: with the `hash` of what was shown."""

    http_method_names = ("post",)
    operations = {"post": Operation({200: told_as.PLAN, 409: REFUSAL}, body=bodies.body(_HASH))}

    def post(self, _request: Request, id: str) -> HttpResponse:  # noqa: A002 - the path's word
        """The approved plan; 409 where it cannot be, or not as it was seen."""
        with deciding(plans.PlanRefused):
            return answer(shown(plans.approve(self.plan(id).id, _HASH.of(self.body()))))


class Refuse(OnePlan):
    """POST plans/{id}/refuse: with a `reason`, if there is one."""

    http_method_names = ("post",)
    operations = {"post": Operation({200: told_as.PLAN, 409: REFUSAL}, body=bodies.body(_REASON))}

    def post(self, _request: Request, id: str) -> HttpResponse:  # noqa: A002 - the path's word
        """The refused plan; 409 where it is too late."""
        with deciding(plans.PlanRefused):
            return answer(shown(plans.refuse(self.plan(id).id, _REASON.of(self.body()) or "")))


def shown(plan: Plan) -> dict[str, Any]:
    """A plan without its items."""
    return {name: getattr(plan, name) for name in told_as.PLAN_COLUMNS}


def _item(bridge: Bridge, item: PlanItem, secret: Container[str]) -> dict[str, Any]:
    said = showing.said(item.fields, secret)
    return {
        **{name: getattr(item, name) for name in told_as.ITEM_COLUMNS},
        "key": showing.key(bridge, item.key, secret),
        **(said if "fields" in said else {"problem": said}),
    }
