"""/api/openapi.json and /api/docs: what this API takes and answers, for programs and for people. Open to everybody."""

from __future__ import annotations

from typing import Final

from django.http import HttpResponse
from rest_framework.request import Request

from unified_api.api.endpoint import Endpoint
from unified_api.api.openapi import document, page
from unified_api.api.openapi.operation import JSON, Header, Media, Operation
from unified_api.api.openapi.schema import ANY, keyed

_SEEN: Final = Header("If-None-Match", "The version that the reader has; 304 where it is still that.")
#: The same for everybody until another version is installed.
_KEPT: Final = "public, max-age=300"


class OpenApi(Endpoint):
    """GET openapi.json."""

    needs_key = needs_account = False
    tag = "reference"
    operations = {"get": Operation({200: keyed(ANY), 304: None}, headers=(_SEEN,))}

    def get(self, request: Request) -> HttpResponse:
        """This document, OpenAPI 3.1."""
        text, tag = document.written()
        return _kept(request, text, tag, {"Content-Type": JSON})


class Docs(Endpoint):
    """GET docs."""

    needs_key = needs_account = False
    tag = "reference"
    operations = {"get": Operation({200: Media(("text/html",)), 304: None}, headers=(_SEEN,))}

    def get(self, request: Request) -> HttpResponse:
        """The same as a page for people, which fetches nothing."""
        text, tag = page.written()
        headers = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": page.POLICY}
        return _kept(request, text, tag, headers)


def _kept(request: Request, text: bytes, tag: str, headers: dict[str, str]) -> HttpResponse:
    """An answer that a reader may keep; 304 for one who has it."""
    kept = {"ETag": tag, "Cache-Control": _KEPT}
    if tag in request.headers.get("If-None-Match", ""):
        return HttpResponse(status=304, headers=kept)
    return HttpResponse(text, headers={**headers, **kept})
