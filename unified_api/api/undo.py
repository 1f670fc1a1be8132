"""POST /api/sync/v1/undo: a plan that puts back what a bridge did. Nothing is written before it is approved."""

from __future__ import annotations

from typing import Final

from django.db import transaction
from django.http import HttpResponse
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from unified_api.api import bodies, reach
from unified_api.api.endpoint import Endpoint
from unified_api.api.errors import answer, malformed
from unified_api.api.openapi import bridges as told_as
from unified_api.api.openapi.operation import Operation
from unified_api.api.openapi.refusals import REFUSAL
from unified_api.api.openapi.schema import Schema
from unified_api.api.plans import shown
from unified_api.sync.memory import undo
from unified_api.sync.memory.deeds import CHOICES, NoDeed

_BRIDGE: Final = bodies.one_id("bridge_id", "The bridge that did it.")
_DEEDS: Final = {
    name: bodies.one_id(f"{name}_id", f"What this {name} brought about.", is_required=False)
    for name in CHOICES
}


def _body() -> Schema:
    one_of = [{"required": [key.name]} for key in _DEEDS.values()]
    return {**bodies.body(_BRIDGE, *_DEEDS.values()), "oneOf": one_of}


class Undo(Endpoint):
    """POST undo."""

    needs_account = False
    http_method_names = ("post",)
    tag = "undo"
    operations = {"post": Operation({201: told_as.PLAN, 404: REFUSAL}, body=_body())}

    def post(self, _request: Request) -> HttpResponse:
        """An open plan of what is to be put back: by one write, for one pair, of one plan, or because of one run."""
        body = self.body()
        given = [name for name, key in _DEEDS.items() if key.name in body]
        if len(given) != 1:
            raise malformed(
                "write_id", f"one of {', '.join(key.name for key in _DEEDS.values())} is expected"
            )
        (name,) = given
        bridge_id, named = _BRIDGE.of(body), _DEEDS[name].of(body)
        with transaction.atomic():
            bridge = reach.bridges(self.key).filter(id=bridge_id).first()
            if bridge is None:
                raise NotFound
            try:
                plan = undo.make(bridge, CHOICES[name](bridge, named), f"Undo of {name} {named}.")
            except NoDeed as error:
                raise malformed(f"{name}_id", str(error)) from error
            return answer(shown(plan), 201)
