"""`manage.py postman`: the API as a collection for Postman, and the environment that belongs to it."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

from django.core.management.base import CommandError, CommandParser

from unified_api.api.openapi import postman
from unified_api.api.openapi.document import document
from unified_api.management.answering import Document
from unified_api.management.printing import PrintingCommand

_HERE: Final = "http://127.0.0.1:8000"


class Command(PrintingCommand):
    """Made from the OpenAPI document; needs no database."""

    help = "Print a Postman collection of the API, or its environment, or write it to a file."
    called = "postman"

    def take(self, parser: CommandParser) -> None:
        """Which of the two, and where to."""
        super().take(parser)
        about = "the environment instead: where the API is, and empty variables for the key and the account tokens"
        parser.add_argument("--environment", action="store_true", help=about)
        about = f"where the API is, in the environment; by default {_HERE}"
        parser.add_argument("--base-url", metavar="URL", default=_HERE, help=about)

    def document(self, **options: Any) -> Document:
        """One of the two; raises CommandError for an address that is none."""
        if not options["environment"]:
            return postman.collection(document())
        address = urlsplit(options["base_url"])
        if address.scheme not in {"http", "https"} or not address.netloc:
            raise CommandError(
                f"{options['base_url']!r} is no address; give one such as https://isthmus.example.com."
            )
        return postman.environment(document(), options["base_url"].rstrip("/"))
