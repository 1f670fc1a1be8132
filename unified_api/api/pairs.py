"""/api/sync/v1/pairs and /conflicts: which records belong together, and what only a person can decide about them."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpResponse
from rest_framework.request import Request

from unified_api.api import cursors, newest, reach
from unified_api.api.cursors import Key, Window
from unified_api.api.endpoint import Endpoint
from unified_api.api.errors import answer, conflict, malformed
from unified_api.engine.pair import State
from unified_api.models.fields import Malformed, Text
from unified_api.models.fields import parse_id as parsed
from unified_api.sync.bridge import conflicts, reviewing, steering
from unified_api.sync.bridge.held import HELD
from unified_api.sync.models_bridge import Conflict, Pair

_PAIR = ("state", "held", "key", "problems", "paused_by", "dirty")
_CONFLICT = (
    "field",
    "value_a",
    "value_b",
    "base_a",
    "base_b",
    "edited_a",
    "edited_b",
    "state",
    "opened_at",
    "closed_at",
    "resolution",
    "resolved_by",
)
RESOLUTIONS = ("a", "b", conflicts.BOTH)


class Pairs(Endpoint):
    """GET pairs."""

    needs_account = False

    def get(self, _request: Request) -> HttpResponse:
        """A page of the pairs of one bridge: in a `state`, or held back for a reason (`held=review`)."""
        asked = self.params.ids("bridge_id")
        if len(asked) != 1:
            raise malformed("bridge_id", "the id of one bridge is expected")
        with transaction.atomic():
            bridge = reach.one(reach.bridges(self.key), str(asked[0]))
            rows = Pair.objects.filter(bridge_id=bridge.id)
            for name, words in (("state", [*State]), ("held", HELD)):
                if told := self.params.word(name, words):
                    rows = rows.filter(**{name: told})

            def fetch(key: Key | None, backwards: bool, limit: int) -> list[Pair]:  # noqa: FBT001 - cursors.Fetch
                beyond = (
                    rows if key is None else rows.filter(**{f"id__{'lt' if backwards else 'gt'}": key[0]})
                )
                return list(beyond.order_by("-id" if backwards else "id")[:limit])

            window = Window.asked(self.params, f"{asked[0]} pairs")
            found, page = cursors.turn(window, fetch, lambda pair: (str(pair.id),))
            return answer({**page, "results": [_pair(pair) for pair in found]})


class OnePair(Endpoint):
    """GET pairs/{id}."""

    needs_account = False

    def get(self, _request: Request, id: str) -> HttpResponse:  # noqa: A002 - the path's word
        """The pair, with what either side last agreed to."""
        with transaction.atomic():
            pair = self.pair(id)
            return answer({**_pair(pair), "base_a": pair.base_a, "base_b": pair.base_b})

    def pair(self, text: Any) -> Pair:
        """The pair of a path or a body; raises NotFound."""
        return reach.one(reach.pairs(self.key), text)


class PairVerb(OnePair):
    """POST pairs/{id}/{verb}: pause, resume; join, which makes a pair of two lone records, the other one in `with`."""

    http_method_names = ("post",)
    verb: str = ""

    def post(self, _request: Request, id: str) -> HttpResponse:  # noqa: A002 - the path's word
        """The pair as it is then."""
        with transaction.atomic():
            pair = self.pair(id)
            if self.verb == "join":
                pair = self._joined(pair)
            elif self.verb == "pause":
                steering.pause_pair(pair.id)
            else:
                steering.resume_pair(pair.id)
            pair.refresh_from_db()
            return answer(_pair(pair))

    def _joined(self, pair: Pair) -> Pair:
        try:
            other = self.pair(str(parsed(self.body().get("with"))))
            return reviewing.join(pair.id, other.id)
        except Malformed as error:
            raise malformed("with", str(error)) from error
        except reviewing.NotTwoHalves as error:
            raise conflict(str(error)) from error


class Conflicts(Endpoint):
    """GET conflicts."""

    needs_account = False

    def get(self, _request: Request) -> HttpResponse:
        """A page of conflicts, the newest first: those that wait, unless another `state` is asked for."""
        with transaction.atomic():
            rows = reach.conflicts(self.key).filter(
                state=self.params.word("state", Conflict.State.values) or Conflict.State.OPEN
            )
            if ids := self.params.ids("bridge_id"):
                rows = rows.filter(bridge_id__in=ids)
            if field := self.params.text("field"):
                rows = rows.filter(field=field)
            window = Window.asked(self.params, f"{self.key.tenant_id} conflicts")
            found, page = newest.page(window, rows, "opened_at")
            return answer({**page, "results": [_conflict(one) for one in found]})


class OneConflict(Endpoint):
    """GET conflicts/{id}."""

    needs_account = False

    def get(self, _request: Request, id: str) -> HttpResponse:  # noqa: A002 - the path's word
        """Both values, what was agreed before, and when and by whom they were edited."""
        with transaction.atomic():
            return answer(_conflict(self.conflict(id)))

    def conflict(self, text: str) -> Conflict:
        """The conflict of a path; raises NotFound."""
        return reach.one(reach.conflicts(self.key), text)


class Resolve(OneConflict):
    """POST conflicts/{id}/resolve: `resolution` is a, b, or both: they stay as they are."""

    http_method_names = ("post",)

    def post(self, _request: Request, id: str) -> HttpResponse:  # noqa: A002 - the path's word
        """The resolved conflict; what follows from it is written by the bridge. 409 where it is none any more."""
        with transaction.atomic():
            one, resolution = self.conflict(id), _resolution(self.body())
            try:
                return answer(_conflict(conflicts.resolve(one.id, resolution)))
            except conflicts.ConflictClosed as error:
                raise conflict(str(error)) from error


class ResolveAll(Endpoint):
    """POST conflicts/resolve: all that wait in a bridge, or in one `field` of it, alike."""

    needs_account = False
    http_method_names = ("post",)

    def post(self, _request: Request) -> HttpResponse:
        """How many were resolved."""
        body = self.body()
        with transaction.atomic():
            bridge = reach.one(reach.bridges(self.key), str(body.get("bridge_id")))
            resolved = conflicts.resolve_all(bridge.id, self._field(), _resolution(body))
            return answer({"resolved": resolved})

    def _field(self) -> str | None:
        told = self.body().get("field")
        try:
            return None if told is None else Text().parse(told)
        except Malformed as error:
            raise malformed("field", str(error)) from error


def _resolution(body: dict[str, Any]) -> str:
    told = body.get("resolution")
    if told not in RESOLUTIONS:
        raise malformed("resolution", f"one of {', '.join(RESOLUTIONS)} is expected")
    return str(told)


def _pair(pair: Pair) -> dict[str, Any]:
    ids = ("id", "bridge_id", "record_a", "record_b", "write_id")
    return {
        **{name: None if getattr(pair, name) is None else str(getattr(pair, name)) for name in ids},
        **{name: getattr(pair, name) for name in _PAIR},
    }


def _conflict(one: Conflict) -> dict[str, Any]:
    ids = {name: str(getattr(one, name)) for name in ("id", "bridge_id", "pair_id")}
    return {**ids, **{name: getattr(one, name) for name in _CONFLICT}}
