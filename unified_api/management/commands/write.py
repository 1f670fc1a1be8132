"""`manage.py write`: see a write, and say what became of one that reading back could not settle."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from integrations.kit.errors import ProviderError
from tenants.scope import scope
from unified_api.management.answering import AnsweringCommand, Document, tenant_id
from unified_api.sync import word
from unified_api.sync.models import Write, WriteState

SHOWN = ("model", "operation", "state", "source", "remote_id", "attempts", "error")


class Command(AnsweringCommand):
    """One write of a tenant."""

    help = "Show a write, or say what became of one that waits for a person."
    called = "write"

    def take(self, parser: CommandParser) -> None:
        """The write, and a person's word on it."""
        parser.add_argument(
            "write", help="id, as the API's header X-Isthmus-Write, `status` and `bridge status` tell it"
        )
        parser.add_argument("--tenant", required=True, metavar="T", help="name or id")
        said = parser.add_mutually_exclusive_group()
        said.add_argument("--look-again", action="store_true", help="have reading back try once more")
        said.add_argument("--not-applied", action="store_true", help="it changed nothing at the provider")
        said.add_argument("--applied", action="store_true", help="it was carried out; for a create with --as")
        parser.add_argument(
            "--as", dest="remote_id", metavar="ID", help="the provider's id of what was created"
        )

    def answer(self, **options: Any) -> Document:
        """Take the word, and show the write."""
        tenant = tenant_id(options["tenant"])
        write_id = _uuid(options["write"])
        with scope(tenant):
            try:
                _take_word(write_id, options)
            except (word.CannotSettle, ProviderError) as error:
                raise CommandError(str(error)) from error
            with transaction.atomic():
                write = Write.objects.filter(id=write_id).first()
        if write is None:
            raise CommandError("This tenant has no write with this id.")
        return {"write_id": str(write.id), **{name: getattr(write, name) for name in SHOWN}}

    def tell(self, document: Document) -> Iterable[str]:
        """A line per fact."""
        yield from (f"{name}: {value}" for name, value in document.items() if value not in {None, ""})
        if document["state"] == WriteState.UNCERTAIN:
            yield "Look at the provider, then say --applied (for a create with --as ID) or --not-applied."


def _take_word(write_id: uuid.UUID, options: dict[str, Any]) -> None:
    if options["look_again"]:
        word.look_again(write_id)
    elif options["not_applied"]:
        word.not_applied(write_id)
    elif options["applied"]:
        word.applied(write_id, options["remote_id"])
    elif options["remote_id"]:
        raise CommandError("--as goes with --applied.")


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError as error:
        raise CommandError("The id of a write is a UUID.") from error
