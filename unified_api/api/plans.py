"""/api/sync/v1/plans: what a bridge would write, item by item; approved by its hash, or refused."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponse
from rest_framework.request import Request

from unified_api.api import cursors, newest, reach
from unified_api.api.cursors import Key, Window
from unified_api.api.endpoint import Endpoint
from unified_api.api.errors import answer, conflict, malformed
from unified_api.models.fields import Malformed, Text
from unified_api.sync.bridge import plans
from unified_api.sync.models_plan import Plan, PlanItem

_TOLD = ("purpose", "state", "hash", "version", "counts", "cost", "reason", "made_by", "approved_by")
_TIMES = ("created_at", "approved_at", "finished_at")


class Plans(Endpoint):
    """GET plans."""

    needs_account = False

    def get(self, _request: Request) -> HttpResponse:
        """A page of plans, the newest first, of one bridge and in one state where that is asked for."""
        with transaction.atomic():
            rows = reach.plans(self.key)
            if ids := self.params.ids("bridge_id"):
                rows = rows.filter(bridge_id__in=ids)
            if state := self.params.word("state", Plan.State.values):
                rows = rows.filter(state=state)
            window = Window.asked(self.params, f"{self.key.tenant_id} plans")
            found, page = newest.page(window, rows, "created_at")
            return answer({**page, "results": [shown(plan) for plan in found]})


class OnePlan(Endpoint):
    """GET plans/{id}."""

    needs_account = False

    def get(self, _request: Request, id: str) -> HttpResponse:  # noqa: A002 - the path's word
        """The plan, with what became of its items."""
        with transaction.atomic():
            plan = self.plan(id)
            return answer({**shown(plan), "items": plans.progress(plan)})

    def plan(self, text: str) -> Plan:
        """The plan of a path; raises NotFound."""
        return reach.one(reach.plans(self.key), text)


class Items(OnePlan):
    """GET plans/{id}/items."""

    def get(self, _request: Request, id: str) -> HttpResponse:  # noqa: A002 - the path's word
        """A page of items, in their order."""
        with transaction.atomic():
            rows = PlanItem.objects.filter(plan_id=self.plan(id).id)
            if action := self.params.text("action"):
                rows = rows.filter(action=action)
            window = Window.asked(self.params, f"{id} items")
            found, page = cursors.turn(window, _fetch(rows), lambda item: (str(item.ordinal),))
            return answer({**page, "results": [_item(item) for item in found]})


class Approve(OnePlan):
    """POST plans/{id}/approve: with the `hash` of what was shown."""

    http_method_names = ("post",)

    def post(self, _request: Request, id: str) -> HttpResponse:  # noqa: A002 - the path's word
        """The approved plan; 409 where it cannot be, or not as it was seen."""
        with transaction.atomic():
            plan, told = self.plan(id), self.body().get("hash")
            if not isinstance(told, str):
                raise malformed("hash", "the hash of the plan that was looked at is expected")
            try:
                return answer(shown(plans.approve(plan.id, told)))
            except plans.PlanRefused as error:
                raise conflict(str(error)) from error


class Refuse(OnePlan):
    """POST plans/{id}/refuse: with a `reason`, if there is one."""

    http_method_names = ("post",)

    def post(self, _request: Request, id: str) -> HttpResponse:  # noqa: A002 - the path's word
        """The refused plan; 409 where it is too late."""
        with transaction.atomic():
            try:
                return answer(shown(plans.refuse(self.plan(id).id, self._reason())))
            except plans.PlanRefused as error:
                raise conflict(str(error)) from error

    def _reason(self) -> str:
        told = self.body().get("reason") or ""
        try:
            return Text().parse(told)
        except Malformed as error:
            raise malformed("reason", str(error)) from error


def shown(plan: Plan) -> dict[str, Any]:
    """A plan without its items."""
    return {
        "id": str(plan.id),
        "bridge_id": str(plan.bridge_id),
        **{name: getattr(plan, name) for name in (*_TOLD, *_TIMES)},
    }


def _fetch(rows: QuerySet[PlanItem]) -> cursors.Fetch[PlanItem]:
    def fetch(key: Key | None, backwards: bool, limit: int) -> list[PlanItem]:  # noqa: FBT001 - cursors.Fetch
        beyond = (
            rows if key is None else rows.filter(**{f"ordinal__{'lt' if backwards else 'gt'}": int(key[0])})
        )
        return list(beyond.order_by("-ordinal" if backwards else "ordinal")[:limit])

    return fetch


def _item(item: PlanItem) -> dict[str, Any]:
    ids = ("id", "pair_id", "record_a", "record_b", "write_id")
    return {
        **{name: None if getattr(item, name) is None else str(getattr(item, name)) for name in ids},
        **{name: getattr(item, name) for name in ("ordinal", "key", "action", "side", "state", "reason")},
        **(item.fields if "fields" in item.fields else {"problem": item.fields}),
    }
