"""`manage.py bridge document`: what a bridge does, for whom, and what to do when it fails, as a text or a file."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from tenants.scope import scope
from unified_api.management.answering import Document, take_json
from unified_api.management.bridge.verb import take_bridge
from unified_api.observe.documents import writing
from unified_api.observe.documents.bridge import of_bridge
from unified_api.sync.models_bridge import Bridge


def take(parser: CommandParser) -> None:
    """The bridge, the form, and where to."""
    take_bridge(parser)
    parser.add_argument("--format", choices=list(writing.FORMATS), default="markdown")
    parser.add_argument("--out", metavar="FILE", help="write it there; by default it is printed")
    take_json(parser)


def answer(tenant: uuid.UUID, bridge_id: uuid.UUID, options: dict[str, Any]) -> Document:
    """The document as of now; raises CommandError when the file cannot be written."""
    with scope(tenant), transaction.atomic():
        text = writing.write(of_bridge(Bridge.objects.get(id=bridge_id)), options["format"])
    told = {"bridge_id": str(bridge_id), "format": options["format"], "out": options["out"]}
    if not options["out"]:
        return {**told, "document": text}
    try:
        Path(options["out"]).write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{options['out']} cannot be written: {error.strerror}.") from error
    return {**told, "document": None}


def tell(document: Document) -> Iterable[str]:
    """The document itself, or where it is."""
    return [document["document"] or f"Written to {document['out']}."]
