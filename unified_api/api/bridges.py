"""/api/sync/v1/bridges: what is kept equal, how it stands, and what a person does to it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any, Final

from django.db import transaction
from django.http import HttpResponse
from rest_framework.request import Request

from unified_api.api import newest, reach
from unified_api.api.cursors import Window
from unified_api.api.endpoint import Endpoint
from unified_api.api.errors import answer, conflict, malformed
from unified_api.api.plans import shown as plan_shown
from unified_api.engine.policy import PolicyError
from unified_api.engine.values import Side
from unified_api.models.fields import Malformed, parse_instant
from unified_api.sync import clock, job
from unified_api.sync.bridge import plans, restoring, showing, steering
from unified_api.sync.bridge.stirring import KIND
from unified_api.sync.memory import replaying
from unified_api.sync.memory.otherwise import otherwise
from unified_api.sync.memory.past import Span
from unified_api.sync.models_bridge import Bridge

Answer = tuple[dict[str, Any], int]


class Bridges(Endpoint):
    """GET bridges."""

    needs_account = False

    def get(self, _request: Request) -> HttpResponse:
        """A page of bridges, the newest first, by name where one is asked for."""
        with transaction.atomic():
            rows = reach.bridges(self.key)
            if name := self.params.text("name"):
                rows = rows.filter(name=name)
            window = Window.asked(self.params, f"{self.key.tenant_id} bridges")
            found, page = newest.page(window, rows, "created_at")
            return answer({**page, "results": [showing.about(bridge) for bridge in found]})


class OneBridge(Endpoint):
    """GET bridges/{id}."""

    needs_account = False

    def get(self, _request: Request, id: str) -> HttpResponse:  # noqa: A002 - the path's word
        """How it stands: pairs by state, what keeps fields from being equal, what waits for a person."""
        with transaction.atomic():
            return answer(showing.standing(self.bridge(id)))

    def bridge(self, text: str) -> Bridge:
        """The bridge of a path; raises NotFound."""
        return reach.one(reach.bridges(self.key), text)

    def side(self) -> Side:
        """The side that the body names; raises a 400."""
        try:
            return Side(str(self.body().get("side")))
        except ValueError as error:
            raise malformed("side", "one of a, b is expected") from error


class Verb(OneBridge):
    """POST bridges/{id}/{verb}: each answers with how the bridge stands then, or with the plan that it makes."""

    http_method_names = ("post",)
    verb: str = ""

    def post(self, _request: Request, id: str) -> HttpResponse:  # noqa: A002 - the path's word
        """Do what the verb says, on record in the audit trail."""
        with transaction.atomic():
            bridge = self.bridge(id)
            told, status = VERBS[self.verb](self, bridge)
            return answer(told or showing.standing(Bridge.objects.get(id=bridge.id)), status)


def _pause(_endpoint: OneBridge, bridge: Bridge) -> Answer:
    steering.pause(bridge.id)
    return {}, 200


def _resume(_endpoint: OneBridge, bridge: Bridge) -> Answer:
    steering.resume(bridge.id)
    return {}, 200


def _close(endpoint: OneBridge, bridge: Bridge) -> Answer:
    steering.close(bridge.id, endpoint.side())
    return {}, 200


def _reopen(endpoint: OneBridge, bridge: Bridge) -> Answer:
    steering.reopen(bridge.id, endpoint.side())
    return {}, 200


def _run(_endpoint: OneBridge, bridge: Bridge) -> Answer:
    if not bridge.paused_by:
        job.ask(KIND, bridge.id)
    return {}, 202


def _plan(_endpoint: OneBridge, bridge: Bridge) -> Answer:
    try:
        return plan_shown(steering.plan_anew(bridge.id)), 202
    except plans.PlanRefused as error:
        raise conflict(str(error)) from error


def _restore(endpoint: OneBridge, bridge: Bridge) -> Answer:
    return plan_shown(restoring.make(bridge, endpoint.side())), 201


def _replay(endpoint: OneBridge, bridge: Bridge) -> Answer:
    body = endpoint.body()
    policy = body.get("policy")
    if not isinstance(policy, dict):
        raise malformed("policy", 'an object such as {"winner": "b"} is expected')
    span = Span(_instant(body, "from"), _instant(body, "to") if body.get("to") else clock.now())
    try:
        plan = replaying.make(bridge, span, otherwise(bridge, policy), json.dumps(policy))
    except PolicyError as error:
        raise malformed("policy", str(error)) from error
    except replaying.TooMuch as error:
        raise malformed("from", str(error)) from error
    return plan_shown(plan), 201


def _instant(body: dict[str, Any], name: str) -> dt.datetime:
    try:
        return parse_instant(str(body.get(name)))
    except Malformed as error:
        raise malformed(name, str(error)) from error


#: What a person does to a bridge, by the path's last word.
VERBS: Final[dict[str, Callable[[OneBridge, Bridge], Answer]]] = {
    "pause": _pause,
    "resume": _resume,
    "close": _close,
    "reopen": _reopen,
    "run": _run,
    "plan": _plan,
    "restore": _restore,
    "replay": _replay,
}
