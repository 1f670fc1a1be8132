"""/api/sync/v1/bridges: what is kept equal, how it stands, and what a person does to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.db import transaction
from django.http import HttpResponse
from rest_framework.request import Request

from unified_api.api import bodies, newest, parameters, reach
from unified_api.api.cursors import PAGING, Window
from unified_api.api.endpoint import Endpoint
from unified_api.api.errors import answer, conflict
from unified_api.api.openapi import bridges as told_as
from unified_api.api.openapi.operation import Operation, answers
from unified_api.api.openapi.refusals import REFUSAL
from unified_api.api.openapi.schema import Named
from unified_api.api.openapi.schema import page as page_of
from unified_api.api.plans import shown as plan_shown
from unified_api.engine.values import Side
from unified_api.sync import job
from unified_api.sync.bridge import plans, restoring, showing, steering
from unified_api.sync.bridge.stirring import KIND
from unified_api.sync.models_bridge import Bridge

_NAME: Final = parameters.text("name", "With this name, exactly.")
_SIDE: Final = bodies.word("side", [*Side], "The side that is meant.")


class Bridges(Endpoint):
    """GET bridges."""

    needs_account = False
    tag = "bridges"
    operations = {"get": Operation({200: page_of(told_as.BRIDGE)}, query=(*PAGING, _NAME))}

    def get(self, _request: Request) -> HttpResponse:
        """A page of bridges, the newest first, by name where one is asked for."""
        with transaction.atomic():
            rows = reach.bridges(self.key)
            if name := self.asked(_NAME):
                rows = rows.filter(name=name)
            window = Window.asked(self.params, f"{self.key.tenant_id} bridges")
            found, page = newest.page(window, rows, "created_at")
            return answer({**page, "results": [showing.about(bridge) for bridge in found]})


class OneBridge(Endpoint):
    """GET bridges/{id}."""

    needs_account = False
    tag = "bridges"
    operations = {"get": answers(told_as.STANDING)}

    def get(self, _request: Request, id: str) -> HttpResponse:  # noqa: A002 - the path's word
        """How it stands: pairs by state, what keeps fields from being equal, what waits for a person."""
        with transaction.atomic():
            return answer(showing.standing(self.bridge(id)))

    def bridge(self, text: str) -> Bridge:
        """The bridge of a path; raises NotFound."""
        return reach.one(reach.bridges(self.key), text)

    def side(self) -> Side:
        """The side that the body names; raises a 400."""
        return Side(_SIDE.of(self.body()))


class Verb(OneBridge):
    """POST bridges/{id}/{verb}: each answers with how the bridge stands then; `plan` and `restore` with a plan."""

    http_method_names = ("post",)
    verb: str = ""
    operations = {"post": lambda endpoint: VERBS[endpoint.verb].told()}

    def post(self, _request: Request, id: str) -> HttpResponse:  # noqa: A002 - the path's word
        """Do what the verb says, on record in the audit trail."""
        deed = VERBS[self.verb]
        with transaction.atomic():
            bridge = self.bridge(id)
            told = deed.do(self, bridge)
            return answer(told or showing.standing(Bridge.objects.get(id=bridge.id)), deed.status)


def _pause(_endpoint: OneBridge, bridge: Bridge) -> None:
    """Write nothing more until it is resumed; writes that left are seen through."""
    steering.pause(bridge.id)


def _resume(_endpoint: OneBridge, bridge: Bridge) -> None:
    """Go on where it stopped."""
    steering.resume(bridge.id)


def _close(endpoint: OneBridge, bridge: Bridge) -> None:
    """Write nothing more to one side; what it is owed is kept, and the other side goes on."""
    steering.close(bridge.id, endpoint.side())


def _reopen(endpoint: OneBridge, bridge: Bridge) -> None:
    """Write to a side again, first what it is owed."""
    steering.reopen(bridge.id, endpoint.side())


def _run(_endpoint: OneBridge, bridge: Bridge) -> None:
    """Look now. A bridge that is paused stays so."""
    if not bridge.paused_by:
        job.ask(KIND, bridge.id)


def _plan(_endpoint: OneBridge, bridge: Bridge) -> dict[str, Any]:
    """Have a plan made of what is owed; until it has been executed, nothing else is written."""
    try:
        return plan_shown(steering.plan_anew(bridge.id))
    except plans.PlanRefused as error:
        raise conflict(str(error)) from error


def _restore(endpoint: OneBridge, bridge: Bridge) -> dict[str, Any]:
    """Make a plan that makes again, from the counterparts, what a side lost."""
    return plan_shown(restoring.make(bridge, endpoint.side()))


@dataclass(frozen=True)
class Deed:
    """What a person does to a bridge. do: gives what is shown, or None: then it is how the bridge stands."""

    do: Callable[[OneBridge, Bridge], dict[str, Any] | None]
    status: int = 200
    answer: Named = told_as.STANDING
    names_side: bool = False

    def told(self) -> Operation:
        """What it takes and answers."""
        found = {self.status: self.answer} | ({409: REFUSAL} if self.do is _plan else {})
        return Operation(
            found, body=bodies.body(_SIDE) if self.names_side else None, sentence=self.do.__doc__ or ""
        )


#: By the path's last word.
VERBS: Final[dict[str, Deed]] = {
    "pause": Deed(_pause),
    "resume": Deed(_resume),
    "close": Deed(_close, names_side=True),
    "reopen": Deed(_reopen, names_side=True),
    "run": Deed(_run, 202),
    "plan": Deed(_plan, 202, told_as.PLAN),
    "restore": Deed(_restore, 201, told_as.PLAN, names_side=True),
}
