"""Answers of the API, packed for who takes gzip. Files and pages are left as they are."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

from unified_api.api.errors import JSON


class Compressing(GZipMiddleware):
    """Django's own, which hides how long an answer really is, for JSON below /api/ alone."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """The answer, packed where that makes it shorter."""
        if not request.path.startswith("/api/") or response.headers.get("Content-Type") != JSON:
            return response
        packed: HttpResponseBase = super().process_response(request, response)
        return packed
