"""`manage.py link`: link an end user's account with settings and secrets that are at hand."""

from __future__ import annotations

import argparse
import json
import sys
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from tenants.scope import scope
from unified_api.link.inviting import Invitation, invite
from unified_api.link.linking import Linked, LinkRefused, Request, link
from unified_api.management.answering import AnsweringCommand, Document, moment, tenant_id
from unified_api.management.keys import require_master_keys
from unified_api.sync import connect

HELP = """Check a credential by a live call and link the account.

A secret on the command line stays in the shell's history and is seen by other users of the machine. Give it
by --secret-file or --secrets-stdin instead. `manage.py integrations` lists integrations with their settings.

With --oauth nothing is checked or linked yet: it prints an address. Whoever opens it in a browser is asked by the
provider, and links the account by allowing it.
"""


class Command(AnsweringCommand):
    """Links, or links again: then the account keeps its id and its token."""

    help = HELP
    called = "link"

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Keep the paragraphs of the help."""
        return super().create_parser(
            prog_name, subcommand, formatter_class=argparse.RawDescriptionHelpFormatter, **kwargs
        )

    def take(self, parser: CommandParser) -> None:
        """Whom, where, and with which settings and secrets."""
        parser.add_argument("--tenant", required=True, help="name or id")
        parser.add_argument("--integration", required=True, metavar="SLUG")
        parser.add_argument(
            "--end-user",
            required=True,
            metavar="ID",
            help="your own id of the customer who owns the account",
        )
        parser.add_argument(
            "--category", default="", metavar="C", help="where the integration has accounts of several"
        )
        parser.add_argument("--organization", default="", metavar="NAME")
        parser.add_argument("--email", default="")
        parser.add_argument("--test", action="store_true", help="a test account, for test API keys")
        other = parser.add_mutually_exclusive_group()
        other.add_argument(
            "--renamed",
            action="store_true",
            help="the linked account has another address or name at the provider by now, with the same records in it",
        )
        other.add_argument(
            "--replaces-remote-account",
            action="store_true",
            help="the linked account is lost at the provider, and another one there takes its place: what was read of"
            " the lost one counts as deleted, and its bridges are paused, to be restored",
        )
        parser.add_argument(
            "--oauth",
            action="store_true",
            help="print the address at which the end user allows it, within 30 minutes",
        )
        pair: dict[str, Any] = {"action": "append", "default": [], "metavar": "KEY=VALUE"}
        parser.add_argument("--set", **pair, help="a setting that is no secret")
        parser.add_argument("--secret", **pair, help="a secret; see the warning above")
        parser.add_argument(
            "--secret-file", **(pair | {"metavar": "KEY=PATH"}), help="a secret that is the content of a file"
        )
        parser.add_argument(
            "--secrets-stdin",
            action="store_true",
            help="read secrets from standard input: lines KEY=VALUE, or one JSON object",
        )

    def answer(self, **options: Any) -> Document:
        """Check and link."""
        require_master_keys(self.called)
        tenant = tenant_id(options["tenant"])
        if options["oauth"]:
            return _begin(tenant, options)
        request = Request(
            **_whom(options),
            replaces_remote_account=options["replaces_remote_account"],
            is_renamed=options["renamed"],
            values=_unique([*_pairs(options["set"], "--set"), *_secrets(options)]),
        )
        try:
            with scope(tenant):
                return _document(link(request))
        except LinkRefused as error:
            raise CommandError(str(error)) from error

    def tell(self, document: Document) -> Iterable[str]:
        """What a script or a person needs from here on: id and token, or the address."""
        if "begin_url" in document:
            yield "Have the end user open this, in one browser from beginning to end; it is good until"
            yield f"{moment(document['expires_at'])}: {document['begin_url']}"
            return
        again = "again: it keeps its id and token" if document["relinked"] else "for the first time"
        yield f"Linked {document['end_user_origin_id']} at {document['integration']} {again}."
        yield f"linked_account_id: {document['linked_account_id']}"
        yield f"account_token: {document['account_token']}"
        yield f"{_about(document)}: {', '.join(document['models']) or 'nothing'}."
        if document["paused"]:
            yield f"Paused: {', '.join(document['paused'])}. Once all is read: `bridge restore --to SIDE`, then"
            yield "`bridge approve`, then `bridge resume`. Resumed first, a bridge does what its rule for deletes says."


def _about(document: Document) -> str:
    """Whether records are read, or kept here and nowhere else."""
    return "Keeping" if document["hosted"] else "Reading"


def _document(linked: Linked) -> Document:
    account = linked.account
    return {
        "linked_account_id": str(account.id),
        "account_token": linked.token.reveal(),
        "relinked": linked.relinked,
        "integration": account.integration,
        "category": account.category,
        "hosted": connect.provider_of(account).hosted,
        "end_user_origin_id": account.end_user_origin_id,
        "remote_identity": account.remote_identity,
        "models": list(linked.models),
        "paused": list(linked.paused),
    }


def _whom(options: dict[str, Any]) -> dict[str, Any]:
    """Whose account is linked, and where; however it is."""
    return {
        "integration": options["integration"],
        "category": options["category"],
        "end_user_origin_id": options["end_user"],
        "end_user_organization_name": options["organization"],
        "end_user_email_address": options["email"],
        "is_test": options["test"],
    }


def _begin(tenant: uuid.UUID, options: dict[str, Any]) -> Document:
    """A link token, as the address at which it is used."""
    others = ("replaces_remote_account", "renamed", "secret", "secret_file", "secrets_stdin")
    if any(options[name] for name in others):
        raise CommandError("--oauth takes neither secrets nor --replaces-remote-account or --renamed.")
    invitation = Invitation(**_whom(options), settings=_unique([*_pairs(options["set"], "--set")]))
    try:
        with scope(tenant):
            url, expires_at = invite(invitation)
    except LinkRefused as error:
        raise CommandError(str(error)) from error
    return {"begin_url": url, "expires_at": expires_at.isoformat(), "integration": invitation.integration}


def _secrets(options: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield from _pairs(options["secret"], "--secret")
    for name, path in _pairs(options["secret_file"], "--secret-file"):
        yield name, _content(path)
    if options["secrets_stdin"]:
        yield from _from_text(sys.stdin.read())


def _pairs(given: list[str], option: str) -> Iterator[tuple[str, str]]:
    for text in given:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise CommandError(f"{option} takes KEY=VALUE; one was given without a key or without `=`.")
        yield name, value


def _content(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise CommandError(f"The secret in {path} cannot be read: {why}.") from error


def _from_text(text: str) -> Iterator[tuple[str, str]]:
    if not text.lstrip().startswith("{"):
        lines = [line for line in text.splitlines() if line.strip()]
        yield from _pairs(lines, "--secrets-stdin")
        return
    try:
        given = json.loads(text)
    except json.JSONDecodeError:
        given = None  # the error quotes the text, which is secret
    if given is None or not all(isinstance(value, str) for value in given.values()):
        raise CommandError("Standard input is no JSON object whose values are texts.")
    yield from given.items()


def _unique(pairs: list[tuple[str, str]]) -> dict[str, str]:
    values = dict(pairs)
    if len(values) < len(pairs):
        names = [name for name, _ in pairs]
        twice = sorted({name for name in names if names.count(name) > 1})
        raise CommandError(f"{', '.join(twice)} is given more than once; give each setting once.")
    return values
