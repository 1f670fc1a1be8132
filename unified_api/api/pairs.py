"""/api/sync/v1/pairs and /conflicts: which records belong together, and what only a person can decide about them."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Container, Mapping
from typing import Any, Final

from django.db import transaction
from django.http import HttpResponse
from rest_framework.request import Request

from unified_api.api import bodies, cursors, newest, parameters, reach
from unified_api.api.cursors import PAGING, Window
from unified_api.api.endpoint import Endpoint
from unified_api.api.errors import answer, deciding, malformed
from unified_api.api.openapi import bridges as told_as
from unified_api.api.openapi.operation import Operation, answers
from unified_api.api.openapi.refusals import REFUSAL
from unified_api.api.openapi.schema import WHOLE, record
from unified_api.api.openapi.schema import page as page_of
from unified_api.engine.pair import State
from unified_api.engine.values import Side
from unified_api.models import hidden
from unified_api.models.fields import Malformed
from unified_api.sync import withheld
from unified_api.sync.bridge import conflicts, reviewing, showing, steering
from unified_api.sync.bridge.held import HELD
from unified_api.sync.models_bridge import Bridge, Conflict, Pair

RESOLUTIONS = ("a", "b", conflicts.BOTH)

BRIDGE: Final = parameters.one_id("bridge_id", "bridge")
_NARROWER: Final = {
    "state": parameters.word("state", [*State], "In this state."),
    "held": parameters.word("held", HELD, "Held back for this reason."),
}
_OTHER: Final = bodies.one_id("with", "The pair that has the other of the two records.")
_OF_BRIDGES: Final = parameters.ids("bridge_id", "Of one of these bridges.")
_OF_FIELD: Final = parameters.text("field", "About this field.")
_STATE: Final = parameters.word("state", Conflict.State.values, "In this state; open where none is given.")
_RESOLUTION: Final = bodies.word(
    "resolution", RESOLUTIONS, "Whose value prevails; `both`: they stay as they are."
)
_SIDE: Final = bodies.word("side", [*Side], "At which it is written.")
_VALUE: Final = bodies.value("value", "As the field is written by the API of its model.")
_BRIDGE_KEY: Final = bodies.one_id("bridge_id", "The bridge whose open conflicts are resolved.")
_FIELD_KEY: Final = bodies.maybe_text("field", "Those of this field alone.")


class Pairs(Endpoint):
    """GET pairs."""

    needs_account = False
    tag = "pairs"
    operations = {
        "get": Operation(
            {200: page_of(told_as.PAIR), 404: REFUSAL}, query=(*PAGING, BRIDGE, *_NARROWER.values())
        )
    }

    def get(self, _request: Request) -> HttpResponse:
        """A page of the pairs of one bridge: in a `state`, or held back for a reason (`held=review`)."""
        asked = self.asked(BRIDGE)
        with transaction.atomic():
            bridge = reach.one(reach.bridges(self.key), str(asked))
            rows = Pair.objects.filter(bridge_id=bridge.id)
            for name, parameter in _NARROWER.items():
                if told := self.asked(parameter):
                    rows = rows.filter(**{name: told})
            window = Window.asked(self.params, f"{asked} pairs")
            found, page = cursors.ordered(window, rows, "id")
            secret = withheld.of_bridge(bridge)
            return answer({**page, "results": [_pair(bridge, pair, secret) for pair in found]})


class OnePair(Endpoint):
    """GET pairs/{id}."""

    needs_account = False
    tag = "pairs"
    operations = {"get": answers(told_as.PAIR_WITH_BASES)}

    def get(self, _request: Request, id: str) -> HttpResponse:  # noqa: A002 - the path's word
        """The pair, with what either side last agreed to."""
        with transaction.atomic():
            pair = self.pair(id)
            secret = withheld.of_bridge(Bridge.objects.get(id=pair.bridge_id))
            bases = {name: hidden.values(getattr(pair, name), secret) for name in ("base_a", "base_b")}
            return answer({**self.told(pair), **bases})

    def pair(self, text: Any) -> Pair:
        """The pair of a path or a body; raises NotFound."""
        return reach.one(reach.pairs(self.key), text)

    def told(self, pair: Pair) -> dict[str, Any]:
        """What is shown of it."""
        bridge = Bridge.objects.get(id=pair.bridge_id)
        return _pair(bridge, pair, withheld.of_bridge(bridge))


VERBS: Final = {
    "pause": Operation(
        {200: told_as.PAIR}, sentence="Leave two records alone; a write that left is seen through."
    ),
    "resume": Operation({200: told_as.PAIR}, sentence="Keep two records equal again."),
    "separate": Operation(
        {200: told_as.PAIR, 409: REFUSAL},
        sentence="Say of a record in review that it is one of its own: it gets a counterpart, whoever has its key.",
    ),
    "join": Operation(
        {200: told_as.PAIR, 409: REFUSAL},
        body=bodies.body(_OTHER),
        sentence="Make a pair of two lone records, or put one in the place of a deleted one. What they disagree about"
        " follows the policy of first contact.",
    ),
}


_DEEDS: Final[dict[str, Callable[[uuid.UUID], object]]] = {
    "pause": steering.pause_pair,
    "resume": steering.resume_pair,
    "separate": reviewing.separate,
}


class PairVerb(OnePair):
    """POST pairs/{id}/{verb}: pause, resume; separate; join two lone records, of which the other one is in `with`."""

    http_method_names = ("post",)
    verb: str = ""
    operations = {"post": lambda endpoint: VERBS[endpoint.verb]}

    def post(self, _request: Request, id: str) -> HttpResponse:  # noqa: A002 - the path's word
        """The pair as it is then."""
        with deciding(reviewing.NotTwoHalves, reviewing.NotInReview):
            pair = self.pair(id)
            pair = self._done(pair)
            pair.refresh_from_db()
            return answer(self.told(pair))

    def _done(self, pair: Pair) -> Pair:
        if self.verb == "join":
            return reviewing.join(pair.id, self.pair(str(_OTHER.of(self.body()))).id)
        _DEEDS[self.verb](pair.id)
        return pair


class Conflicts(Endpoint):
    """GET conflicts."""

    needs_account = False
    tag = "conflicts"
    operations = {
        "get": Operation({200: page_of(told_as.CONFLICT)}, query=(*PAGING, _STATE, _OF_BRIDGES, _OF_FIELD))
    }

    def get(self, _request: Request) -> HttpResponse:
        """A page of conflicts, the newest first: those that wait, unless another `state` is asked for."""
        with transaction.atomic():
            rows = reach.conflicts(self.key).filter(state=self.asked(_STATE) or Conflict.State.OPEN)
            if ids := self.asked(_OF_BRIDGES):
                rows = rows.filter(bridge_id__in=ids)
            if field := self.asked(_OF_FIELD):
                rows = rows.filter(field=field)
            window = Window.asked(self.params, f"{self.key.tenant_id} conflicts")
            found, page = newest.page(window, rows, "opened_at")
            bridges = Bridge.objects.in_bulk({one.bridge_id for one in found})
            secret = {known: withheld.of_bridge(bridge) for known, bridge in bridges.items()}
            pairs = Pair.objects.in_bulk({one.pair_id for one in found})
            told = [
                _conflict(one, bridges[one.bridge_id], pairs.get(one.pair_id), secret[one.bridge_id])
                for one in found
            ]
            return answer({**page, "results": told})


class OneConflict(Endpoint):
    """GET conflicts/{id}."""

    needs_account = False
    tag = "conflicts"
    operations = {"get": answers(told_as.CONFLICT)}

    def get(self, _request: Request, id: str) -> HttpResponse:  # noqa: A002 - the path's word
        """Both values, what was agreed before, and when and by whom they were edited."""
        with transaction.atomic():
            return answer(self.told(self.conflict(id)))

    def told(self, one: Conflict) -> dict[str, Any]:
        """What is shown of it."""
        bridge, pair = Bridge.objects.get(id=one.bridge_id), Pair.objects.filter(id=one.pair_id).first()
        return _conflict(one, bridge, pair, withheld.of_bridge(bridge))

    def conflict(self, text: str) -> Conflict:
        """The conflict of a path; raises NotFound."""
        return reach.one(reach.conflicts(self.key), text)


class Resolve(OneConflict):
    """POST conflicts/{id}/resolve: `resolution` is a, b, or both: they stay as they are."""

    http_method_names = ("post",)
    operations = {"post": Operation({200: told_as.CONFLICT, 409: REFUSAL}, body=bodies.body(_RESOLUTION))}

    def post(self, _request: Request, id: str) -> HttpResponse:  # noqa: A002 - the path's word
        """The resolved conflict; what follows from it is written by the bridge. 409 where it is none any more."""
        with deciding(conflicts.ConflictClosed):
            return answer(self.told(conflicts.resolve(self.conflict(id).id, _RESOLUTION.of(self.body()))))


class Give(OneConflict):
    """POST conflicts/{id}/give: a `value` of a person's own, written to one `side`, which can prevail then."""

    http_method_names = ("post",)
    operations = {"post": Operation({202: told_as.GIVEN, 409: REFUSAL}, body=bodies.body(_SIDE, _VALUE))}

    def post(self, _request: Request, id: str) -> HttpResponse:  # noqa: A002 - the path's word
        """Have a value of your own written at one side; the conflict shows it once it is there."""
        with deciding(conflicts.ConflictClosed, conflicts.NotWritable):
            one, body = self.conflict(id), self.body()
            try:
                write = conflicts.give(one.id, Side(_SIDE.of(body)), _VALUE.of(body))
            except Malformed as error:
                raise malformed("value", str(error)) from error
            return answer({"write_id": write.id}, 202)


class ResolveAll(Endpoint):
    """POST conflicts/resolve: all that wait in a bridge, or in one `field` of it, alike."""

    needs_account = False
    http_method_names = ("post",)
    tag = "conflicts"
    operations = {
        "post": Operation(
            {200: record({"resolved": WHOLE}), 404: REFUSAL},
            body=bodies.body(_BRIDGE_KEY, _FIELD_KEY, _RESOLUTION),
        )
    }

    def post(self, _request: Request) -> HttpResponse:
        """Resolve all that wait, alike; how many were resolved."""
        body = self.body()
        with transaction.atomic():
            bridge = reach.one(reach.bridges(self.key), str(_BRIDGE_KEY.of(body)))
        resolved = conflicts.resolve_all(bridge.id, _FIELD_KEY.of(body), _RESOLUTION.of(body))
        return answer({"resolved": resolved})


def _pair(bridge: Bridge, pair: Pair, secret: Container[str]) -> dict[str, Any]:
    return {
        **{name: getattr(pair, name) for name in told_as.PAIR_COLUMNS},
        "key": showing.key(bridge, pair.key, secret),
        "problems": [showing.problem_of(one, secret) for one in pair.problems],
    }


def _conflict(one: Conflict, bridge: Bridge, pair: Pair | None, secret: Container[str]) -> dict[str, Any]:
    """pair: none where the conflict is over, and its pair went into another one."""
    edits = {name: _edit(getattr(one, name)) for name in ("edited_a", "edited_b")}
    told = {name: getattr(one, name) for name in told_as.CONFLICT_COLUMNS} | edits
    return {
        **hidden.about(one.field, told, secret),
        "key": showing.key(bridge, pair.key, secret) if pair else None,
        "record_a": pair and pair.record_a,
        "record_b": pair and pair.record_b,
    }


def _edit(told: Mapping[str, Any]) -> dict[str, Any]:
    """When and by whom a side was edited, its time as all others."""
    return {**told, **({"at": dt.datetime.fromisoformat(told["at"])} if "at" in told else {})}
