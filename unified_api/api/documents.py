"""/api/sync/v1/bridges/{id}/document: what a bridge does, for whom, and what to do when it fails."""

from __future__ import annotations

from django.db import transaction
from django.http import HttpResponse
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from unified_api.api import reach
from unified_api.api.endpoint import Endpoint
from unified_api.api.errors import malformed
from unified_api.api.reading import parse_id
from unified_api.observe.documents import writing
from unified_api.observe.documents.bridge import of_bridge


class BridgeDocument(Endpoint):
    """GET bridges/{id}/document."""

    needs_account = False

    def get(self, _request: Request, id: str) -> HttpResponse:  # noqa: A002 - the path's word
        """The document as of now: a page, or by `format=markdown` Markdown."""
        form = self.params.text("format") or "html"
        if form not in writing.FORMATS:
            raise malformed("format", f"one of {', '.join(writing.FORMATS)} is expected")
        with transaction.atomic():
            bridge = reach.bridges(self.key).filter(id=parse_id(id)).first()
            if bridge is None:
                raise NotFound
            return writing.answer(of_bridge(bridge), form)
