"""`manage.py import_credentials`: link accounts with credentials that a file has, so that nobody has to link again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.core.management.base import CommandError, CommandParser

from tenants.scope import scope
from unified_api.management.answering import AnsweringCommand, Document, counted, tenant_id
from unified_api.management.importing import credentials
from unified_api.management.importing.entries import STDIN, BadFile
from unified_api.management.keys import require_master_keys


class Command(AnsweringCommand):
    """Links what a file lists, or links it again."""

    help = (
        "Link accounts with the credentials in a file, a JSON object a line. A mistake anywhere in the file is told"
        " with its line, and nothing is done. Then each credential is checked by a live call, stored and read with;"
        " one that its provider refuses is told, and the others go on."
    )
    called = "import_credentials"

    def take(self, parser: CommandParser) -> None:
        """Which file, and how much of it."""
        parser.add_argument("file", help=f"see docs/importing.md; `{STDIN}` for standard input")
        parser.add_argument("--tenant", required=True, metavar="T", help="name or id")
        parser.add_argument(
            "--dry-run", action="store_true", help="read the file, ask nobody, change nothing"
        )
        parser.add_argument(
            "--missing", action="store_true", help="leave accounts alone that have a credential which works"
        )

    def answer(self, **options: Any) -> Document:
        """Read all of the file, then link."""
        require_master_keys(self.called)
        with scope(tenant_id(options["tenant"])):
            try:
                wishes = credentials.read(options["file"])
            except BadFile as error:
                raise CommandError(f"Nothing was linked.\n{error}") from error
            return credentials.run(
                wishes, dry_run=options["dry_run"], missing=options["missing"], tell=self.progress
            )

    def tell(self, document: Document) -> Iterable[str]:
        """How many, and which were refused."""
        yield counted(Counter(one["state"] for one in document["accounts"]))
        for one in document["accounts"]:
            if one["reason"]:
                yield f"line {one['line']}: {one['end_user_origin_id']} at {one['integration']}: {one['reason']}"
        if document["dry_run"]:
            yield "Nothing was changed."
