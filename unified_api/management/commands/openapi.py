"""`manage.py openapi`: the OpenAPI document of the API, as it is served at /api/openapi.json."""

from __future__ import annotations

from typing import Any

from unified_api.api.openapi.document import document
from unified_api.management.answering import Document
from unified_api.management.printing import PrintingCommand


class Command(PrintingCommand):
    """What this version of the API takes and answers; needs no database."""

    help = "Print the OpenAPI document of the API, or write it to a file."
    called = "openapi"

    def document(self, **_options: Any) -> Document:
        """As it is served."""
        return document()
