"""/api/sync/v1/bridges: what is kept equal, how it stands, and what a person does to it, from its file to its end."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from django.db import transaction
from django.http import HttpResponse
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from tenants.models import ApiKey
from unified_api.api import bodies, newest, parameters, reach
from unified_api.api.cursors import PAGING, Window
from unified_api.api.drift import AUDIT
from unified_api.api.endpoint import Endpoint
from unified_api.api.errors import answer, conflict, malformed
from unified_api.api.openapi import bridge_files
from unified_api.api.openapi import bridges as told_as
from unified_api.api.openapi.operation import Operation, answers
from unified_api.api.openapi.refusals import REFUSAL
from unified_api.api.openapi.schema import Named
from unified_api.api.openapi.schema import page as page_of
from unified_api.api.plans import shown as plan_shown
from unified_api.engine.policy import PolicyError
from unified_api.engine.values import Side
from unified_api.sync import clock
from unified_api.sync.bridge import applying, drift, ending, file, plans, restoring, showing, steering
from unified_api.sync.memory import replaying
from unified_api.sync.memory.otherwise import otherwise
from unified_api.sync.memory.past import Span
from unified_api.sync.models_bridge import Bridge
from unified_api.sync.models_watch import DriftAudit

_NAME: Final = parameters.text("name", "With this name, exactly.")
_LIVE: Final = parameters.flag("live", "The bridges write by themselves at once, whatever is new.")
_DRY_RUN: Final = parameters.flag("dry_run", "Only say what would be made or changed.")
_SIDE: Final = bodies.word("side", [*Side], "The side that is meant.")
_PAIR: Final = bodies.maybe_id(
    "pair_id", "The pair whose record is meant; all that were lost, if it is not given."
)
_FROM: Final = bodies.instant("from", "When the span begins.")
_TO: Final = bodies.maybe_instant("to", "When it ends; now, if it is not given.")
_POLICY: Final = replace(
    bodies.mapping("policy", 'What the bridge had been told otherwise, such as `{"winner": "b"}`.'),
    schema=told_as.POLICY,
)

_DEPTH: Final = bodies.maybe_whole(
    "depth", "How many records of each side to read anew.", default=drift.DEPTH, least=0, most=1_000
)
_AUDIT: Final = bodies.one_id("audit_id", "The audit that found them, which has to be over.")


class Bridges(Endpoint):
    """bridges."""

    needs_account = False
    tag = "bridges"
    operations = {
        "get": Operation({200: page_of(told_as.BRIDGE)}, query=(*PAGING, _NAME)),
        "put": Operation({200: bridge_files.APPLIED}, query=(_LIVE, _DRY_RUN), body=bridge_files.FILE),
    }

    def get(self, _request: Request) -> HttpResponse:
        """A page of bridges, the newest first, by name where one is asked for."""
        with transaction.atomic():
            rows = reach.bridges(self.key)
            if name := self.asked(_NAME):
                rows = rows.filter(name=name)
            window = Window.asked(self.params, f"{self.key.tenant_id} bridges")
            found, page = newest.page(window, rows, "created_at")
            return answer({**page, "results": [showing.about(bridge) for bridge in found]})

    def put(self, _request: Request) -> HttpResponse:
        """Have the bridges of a bridge file: made, or told what has changed; what is so already stays as it is.

        Mistakes are named by their places. Both accounts belong to one end user.
        """
        body, dry_run = self.body(), self.asked(_DRY_RUN)
        is_test = self.key.kind != ApiKey.Kind.PRODUCTION
        how = applying.How(live=self.asked(_LIVE), test_only=is_test)
        if "tenant" in body:
            raise malformed("tenant", "the API key says whose bridges these are; leave it out")
        try:
            read = file.of_data(body, "the body")
            applied = applying.apply(read, how, dry_run=dry_run)
        except file.FileRefused as error:
            raise _refused(error) from error
        with transaction.atomic():
            left_out = [bridge.model for bridge in applying.left_out(read)]
        told = [one.as_data() for one in applied]
        return answer({"name": body["name"], "dry_run": dry_run, "bridges": told, "left_out": left_out})


def _refused(error: file.FileRefused) -> ValidationError:
    """All that is wrong with a file, by its place."""
    mistakes: dict[str, list[str]] = {}
    for fault in error.faults:
        mistakes.setdefault(file.dotted(fault.path) or "body", []).append(fault.sentence)
    return ValidationError(mistakes)


class OneBridge(Endpoint):
    """bridges/{id}."""

    needs_account = False
    tag = "bridges"
    operations = {
        "get": answers(told_as.STANDING),
        "delete": Operation({200: told_as.STANDING, 409: REFUSAL}),
    }

    def get(self, _request: Request, id: str) -> HttpResponse:  # noqa: A002 - the path's word
        """How it stands: pairs by state, what keeps fields from being equal, what waits for a person."""
        with transaction.atomic():
            return answer(showing.standing(self.bridge(id)))

    def delete(self, _request: Request, id: str) -> HttpResponse:  # noqa: A002 - the path's word
        """End it: nothing more is written, and what was agreed is forgotten; the records stay. How it stood then."""
        with transaction.atomic():
            bridge = self.bridge(id)
            stood = showing.standing(bridge)
            try:
                ending.end(bridge.id)
            except ending.NotEnded as error:
                raise conflict(str(error)) from error
            return answer(stood)

    def bridge(self, text: str) -> Bridge:
        """The bridge of a path; raises NotFound."""
        return reach.one(reach.bridges(self.key), text)

    def side(self) -> Side:
        """The side that the body names; raises a 400."""
        return Side(_SIDE.of(self.body()))


class Verb(OneBridge):
    """POST bridges/{id}/{verb}: each answers with how the bridge stands then, or with the plan that it makes."""

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
    steering.look_now(bridge.id)


def _plan(_endpoint: OneBridge, bridge: Bridge) -> dict[str, Any]:
    """Have a plan made of what is owed; until it has been executed, nothing else is written."""
    try:
        return plan_shown(steering.plan_anew(bridge.id))
    except plans.PlanRefused as error:
        raise conflict(str(error)) from error


def _restore(endpoint: OneBridge, bridge: Bridge) -> dict[str, Any]:
    """Make a plan that makes again, from the counterparts, what a side lost, or the one record of a pair."""
    pair = _PAIR.of(endpoint.body())
    try:
        return plan_shown(restoring.make(bridge, endpoint.side(), pair))
    except restoring.NotLost as error:
        raise malformed(_PAIR.name, str(error)) from error


def _replay(endpoint: OneBridge, bridge: Bridge) -> dict[str, Any]:
    """Make a plan of what would be different today had the bridge been told otherwise in a span of the past."""
    body = endpoint.body()
    policy = _POLICY.of(body)
    span = Span(_FROM.of(body), _TO.of(body) or clock.now())
    try:
        plan = replaying.make(bridge, span, otherwise(bridge, policy), json.dumps(policy))
    except PolicyError as error:
        raise malformed(_POLICY.name, str(error)) from error
    except replaying.SpanRefused as error:
        raise malformed(_FROM.name, str(error)) from error
    return plan_shown(plan)


def _audit(endpoint: OneBridge, bridge: Bridge) -> dict[str, Any]:
    """Compare both sides now, without writing, in place of an audit under way; GET drift tells what it found."""
    if bridge.cursor is None:
        raise conflict("The bridge has not begun yet, so nothing can have drifted apart.")
    return drift.shown(drift.begin(bridge.id, depth=_DEPTH.of(endpoint.body())))


def _mend(endpoint: OneBridge, bridge: Bridge) -> None:
    """Look at the pairs that an audit found: what they owe each other is written then."""
    audit_id = _AUDIT.of(endpoint.body())
    audit = DriftAudit.objects.filter(id=audit_id, bridge_id=bridge.id).exclude(finished=None).first()
    if audit is None:
        raise malformed(_AUDIT.name, "an audit of this bridge that is over is expected; see GET drift")
    drift.mend(audit)


@dataclass(frozen=True)
class Handler:
    """What a person does to a bridge. do: gives what is shown, or None: then it is how the bridge stands.

    takes: the keys of the body.
    """

    do: Callable[[OneBridge, Bridge], dict[str, Any] | None]
    status: int = 200
    answer: Named = told_as.STANDING
    takes: tuple[bodies.Key[Any], ...] = ()

    def told(self) -> Operation:
        """What it takes and answers."""
        found = {self.status: self.answer} | ({409: REFUSAL} if self.do in (_plan, _audit) else {})
        body = bodies.body(*self.takes) if self.takes else None
        return Operation(found, body=body, sentence=self.do.__doc__ or "")


#: By the path's last word.
VERBS: Final[dict[str, Handler]] = {
    "pause": Handler(_pause),
    "resume": Handler(_resume),
    "close": Handler(_close, takes=(_SIDE,)),
    "reopen": Handler(_reopen, takes=(_SIDE,)),
    "run": Handler(_run, 202),
    "plan": Handler(_plan, 202, told_as.PLAN),
    "audit": Handler(_audit, 202, AUDIT, takes=(_DEPTH,)),
    "mend": Handler(_mend, 202, takes=(_AUDIT,)),
    "restore": Handler(_restore, 201, told_as.PLAN, takes=(_SIDE, _PAIR)),
    "replay": Handler(_replay, 201, told_as.PLAN, takes=(_FROM, _TO, _POLICY)),
}
