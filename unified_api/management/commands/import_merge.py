"""`manage.py import_merge`: bring linked accounts, ids, field mappings and scopes from an account at Merge."""

from __future__ import annotations

import datetime as dt
import sys
import time
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from tenants.scope import scope
from tenants.vault import Secret
from unified_api.management.answering import AnsweringCommand, Document, tenant_id
from unified_api.management.importing import checking, parts, tokens
from unified_api.management.importing.entries import STDIN, BadFile
from unified_api.management.keys import require_master_keys
from unified_api.sync import connect

URL: Final = "https://api.merge.dev/api"
#: Packages that the import needs, and that an installation without it does not have.
_OPTIONAL: Final = ("merge", "httpx")
_INSTALL: Final = (
    "Merge's client library is not installed: .venv/bin/uv pip install --python .venv/bin/python --require-hashes"
    " -r requirements/import-merge.lock"
)


class Command(AnsweringCommand):
    """Imports, or goes on with an import."""

    help = (
        "Bring linked accounts from Merge, under the ids and account tokens that you have stored: their scopes and"
        " field mappings, and the id of every record, so that records have it here once they are read. It can be"
        " cut off and run again. Credentials come by `import_credentials`, or by linking again."
    )
    called = "import_merge"

    def take(self, parser: CommandParser) -> None:
        """From where, and what of it."""
        parser.add_argument("--tenant", required=True, metavar="T", help="name or id")
        parser.add_argument(
            "--key-file", metavar="PATH", help=f"the API key there; `{STDIN}` for standard input"
        )
        parser.add_argument(
            "--accounts", metavar="FILE", help="account tokens, a JSON object a line: see docs/importing.md"
        )
        parser.add_argument(
            "--integration",
            action="append",
            default=[],
            metavar="THEIRS=OURS",
            help="an integration that has another slug here",
        )
        parser.add_argument("--url", default=URL, help=f"where its API is; {URL} if not said")
        parser.add_argument("--dry-run", action="store_true", help="read all, change nothing, show counts")
        parser.add_argument(
            "--check",
            action="store_true",
            help="show how many of the ids that came belong to records read since",
        )
        parser.add_argument(
            "--give-up",
            metavar="ACCOUNT",
            help="do without the ids of this linked account that are still to come, so that it can be linked",
        )

    def answer(self, **options: Any) -> Document:
        """Import; or look at what came; or give up."""
        require_master_keys(self.called)
        tenant = tenant_id(options["tenant"])
        if options["check"]:
            with scope(tenant):
                return {"checked": True, **checking.check()}
        if options["give_up"]:
            with scope(tenant), transaction.atomic():
                return {"given_up": parts.give_up(_account(options["give_up"]))}
        try:
            from unified_api.management.importing import run, source
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] in _OPTIONAL:
                raise CommandError(_INSTALL) from error
            raise
        outside = source.Outside(lambda: dt.datetime.now(dt.UTC), time.sleep)
        if options["key_file"] == options["accounts"] == STDIN:
            raise CommandError("Only one of --key-file and --accounts can come by standard input.")
        key, known = _key(options["key_file"]), _tokens(options["accounts"])
        slugs, dry_run = dict(_slugs(options["integration"])), options["dry_run"]
        with scope(tenant), source.opened(options["url"], key, connect.guard(), outside) as way:
            return run.Run(way, known, slugs, dry_run=dry_run, tell=self.progress).go()

    def tell(self, document: Document) -> Iterable[str]:
        """What became of each account."""
        if "given_up" in document:
            yield f"Done without the rest: {document['given_up']} parts were still to come."
        elif "checked" in document:
            yield from checking.tell(document)
        else:
            from unified_api.management.importing import run

            yield from run.tell(document)


def _key(path: str | None) -> Secret:
    if path is None:
        raise CommandError("Say where the API key is: --key-file PATH, or `--key-file -` for standard input.")
    try:
        key = sys.stdin.read() if path == STDIN else Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"The API key in {path} cannot be read.") from error
    if not (key := key.strip()) or not key.isascii() or not key.isprintable():
        raise CommandError(f"There is no API key in {path}: one line of it is expected.")
    return Secret(key)


def _tokens(path: str | None) -> tokens.Tokens:
    if path is None:
        raise CommandError("Say where the account tokens are: --accounts FILE, see docs/importing.md.")
    try:
        return tokens.read(path)
    except BadFile as error:
        raise CommandError(f"Nothing was imported.\n{error}") from error


def _slugs(given: list[str]) -> Iterable[tuple[str, str]]:
    for text in given:
        theirs, sign, ours = text.partition("=")
        if not sign or not theirs or not ours:
            raise CommandError("--integration takes THEIRS=OURS, two slugs.")
        yield theirs, ours


def _account(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise CommandError(f"{text!r} is no id of a linked account.") from None
