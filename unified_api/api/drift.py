"""/api/sync/v1/drift: what the audits of a bridge found."""

from __future__ import annotations

from typing import Final

from django.db import transaction
from django.http import HttpResponse
from rest_framework.request import Request

from unified_api.api import newest, parameters, reach
from unified_api.api.cursors import PAGING, Window
from unified_api.api.endpoint import Endpoint
from unified_api.api.errors import answer
from unified_api.api.openapi.operation import Operation
from unified_api.api.openapi.refusals import REFUSAL
from unified_api.api.openapi.schema import ID, TEXT, columns, many, maybe, named, record, word
from unified_api.api.openapi.schema import page as page_of
from unified_api.engine.values import Side
from unified_api.sync.bridge import drift
from unified_api.sync.bridge.comparing import Why
from unified_api.sync.models_watch import DriftAudit

_BRIDGE: Final = parameters.one_id("bridge_id", "bridge")
_FINDING: Final = named(
    "DriftFinding",
    record(
        {
            "why": word(*Why),
            "to": many(word(*Side)),
            "fields": many(TEXT),
            "pair_id": maybe(ID),
            "record_a": maybe(ID),
            "record_b": maybe(ID),
        }
    ),
)
AUDIT: Final = named(
    "DriftAudit",
    record(
        columns(
            DriftAudit,
            *(
                "id",
                "bridge_id",
                "compared",
                "passed_over",
                "sampled",
                *drift.NUMBERS,
                *drift.STRAYED,
                "started",
                "finished",
            ),
            findings=many(_FINDING),
        )
    ),
)


class Drift(Endpoint):
    """GET drift."""

    needs_account = False
    tag = "drift"
    operations = {"get": Operation({200: page_of(AUDIT), 404: REFUSAL}, query=(*PAGING, _BRIDGE))}

    def get(self, _request: Request) -> HttpResponse:
        """A page of the audits of one bridge, the newest first; one that is under way has no `finished`."""
        asked = self.asked(_BRIDGE)
        with transaction.atomic():
            bridge = reach.one(reach.bridges(self.key), str(asked))
            window = Window.asked(self.params, f"{bridge.id} drift")
            found, page = newest.page(window, DriftAudit.objects.filter(bridge_id=bridge.id), "started")
        return answer({**page, "results": [drift.shown(audit) for audit in found]})
