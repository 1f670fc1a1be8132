"""POST /api/sync/v1/undo: a plan that puts back what a bridge did. Nothing is written before it is approved."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from unified_api.api import reach
from unified_api.api.endpoint import Endpoint
from unified_api.api.errors import answer, malformed
from unified_api.models.fields import Malformed
from unified_api.models.fields import parse_id as parsed
from unified_api.sync.memory import shown, undo
from unified_api.sync.memory.deeds import CHOICES, NoDeed
from unified_api.sync.models_plan import Plan


class Undo(Endpoint):
    """POST undo."""

    needs_account = False
    http_method_names = ("post",)

    def post(self, _request: Request) -> HttpResponse:
        """An open plan of what is to be put back: by one write, for one pair, of one plan, or because of one run."""
        body = self.body()
        given = [name for name in CHOICES if f"{name}_id" in body]
        if len(given) != 1:
            raise malformed("write_id", f"one of {', '.join(f'{name}_id' for name in CHOICES)} is expected")
        (name,) = given
        bridge_id, named = _id(body, "bridge_id"), _id(body, f"{name}_id")
        with transaction.atomic():
            bridge = reach.bridges(self.key).filter(id=bridge_id).first()
            if bridge is None:
                raise NotFound
            try:
                plan = undo.make(bridge, CHOICES[name](bridge, named), f"Undo of {name} {named}.")
            except NoDeed as error:
                raise malformed(f"{name}_id", str(error)) from error
            return answer(_shown(plan), 201)


def _id(body: Mapping[str, Any], name: str) -> uuid.UUID:
    try:
        return parsed(body.get(name))
    except Malformed as error:
        raise malformed(name, str(error)) from error


def _shown(plan: Plan) -> dict[str, Any]:
    names = ("purpose", "state", "hash", "version", "counts", "cost", "reason", "made_by")
    return {
        "id": str(plan.id),
        "bridge_id": str(plan.bridge_id),
        **{name: getattr(plan, name) for name in names},
        "created_at": shown.instant(plan.created_at),
    }
