"""/api/sync/v1/drift: what the audits of a bridge found."""

from __future__ import annotations

from django.db import transaction
from django.http import HttpResponse
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from unified_api.api import newest, reach
from unified_api.api.cursors import Window
from unified_api.api.endpoint import Endpoint
from unified_api.api.errors import answer, malformed
from unified_api.sync.bridge import drift
from unified_api.sync.models_watch import DriftAudit


class Drift(Endpoint):
    """GET drift."""

    needs_account = False

    def get(self, _request: Request) -> HttpResponse:
        """A page of the audits of one bridge, the newest first; one that is under way has no `finished`."""
        asked = self.params.ids("bridge_id")
        if len(asked) != 1:
            raise malformed("bridge_id", "the id of one bridge is expected")
        with transaction.atomic():
            if not reach.bridges(self.key).filter(id=asked[0]).exists():
                raise NotFound
            window = Window.asked(self.params, f"{asked[0]} drift")
            found, page = newest.page(window, DriftAudit.objects.filter(bridge_id=asked[0]), "started")
        return answer({**page, "results": [drift.shown(audit) for audit in found]})
