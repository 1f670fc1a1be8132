"""What commands have in common that print a JSON document of the API, or write it to a file, without a database."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson
from django.core.management.base import CommandError, CommandParser

from unified_api.management.answering import AnsweringCommand, Document


class PrintingCommand(AnsweringCommand):
    """A command whose answer is a document, by `--out FILE` in a file."""

    def take(self, parser: CommandParser) -> None:
        """Where to."""
        parser.add_argument("--out", metavar="FILE", help="write it there; by default it is printed")

    @abstractmethod
    def document(self, **options: Any) -> Document:
        """What is printed."""

    def answer(self, **options: Any) -> Document:
        """The document, or where it is; raises CommandError when the file cannot be written."""
        document, out = self.document(**options), options["out"]
        if not out:
            return document
        try:
            Path(out).write_bytes(_spelled(document) + b"\n")
        except OSError as error:
            raise CommandError(f"{out} cannot be written: {error.strerror}.") from error
        return {"out": out}

    def tell(self, document: Document) -> Iterable[str]:
        """The document itself, or where it is."""
        return [f"Written to {document['out']}." if "out" in document else _spelled(document).decode()]


def _spelled(told: Document) -> bytes:
    return orjson.dumps(told, option=orjson.OPT_INDENT_2)
