"""The forms in which a document is given, and as what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.http import HttpResponse

from unified_api.observe.documents import html, markdown
from unified_api.observe.documents.parts import Document

FORMATS: Final[dict[str, tuple[Callable[[Document], str], str]]] = {
    "html": (html.write, "text/html; charset=utf-8"),
    "markdown": (markdown.write, "text/markdown; charset=utf-8"),
}
#: Nothing of a document is fetched from anywhere, nor does anything run in it.
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


def write(document: Document, form: str) -> str:
    """The document in one of the forms."""
    return FORMATS[form][0](document)


def answer(document: Document, form: str) -> HttpResponse:
    """The same as the answer to a request."""
    headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"}
    return HttpResponse(write(document, form), content_type=FORMATS[form][1], headers=headers)
