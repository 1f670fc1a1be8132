"""/api/sync/v1/bridges/{id}/document: what a bridge does, for whom, and what to do when it fails."""

from __future__ import annotations

from typing import Final

from django.db import transaction
from django.http import HttpResponse
from rest_framework.request import Request

from unified_api.api import parameters, reach
from unified_api.api.endpoint import Endpoint
from unified_api.api.openapi.operation import Media, Operation
from unified_api.observe.documents import writing
from unified_api.observe.documents.bridge import of_bridge

_FORMAT: Final = parameters.word(
    "format", [*writing.FORMATS], "A page, or Markdown; a page where none is given."
)
_MEDIA: Final = tuple(media.partition(";")[0] for _, media in writing.FORMATS.values())


class BridgeDocument(Endpoint):
    """GET bridges/{id}/document."""

    needs_account = False
    tag = "bridges"
    operations = {"get": Operation({200: Media(_MEDIA)}, query=(_FORMAT,))}

    def get(self, _request: Request, id: str) -> HttpResponse:  # noqa: A002 - the path's word
        """The document as of now: a page, or by `format=markdown` Markdown."""
        form = self.asked(_FORMAT) or "html"
        with transaction.atomic():
            return writing.answer(of_bridge(reach.one(reach.bridges(self.key), id)), form)
