"""`manage.py oauth_app`: the tenant's own OAuth applications, by which end users let it into their accounts."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from tenants.models import OAuthApplication
from tenants.scope import scope
from tenants.vault import Secret
from unified_api.events import addresses
from unified_api.link import applications
from unified_api.link.oauth import CALLBACK
from unified_api.management.answering import AnsweringCommand, Document, moment, table, take_json, tenant_id
from unified_api.management.keys import require_master_keys


class Command(AnsweringCommand):
    """OAuth applications of a tenant."""

    help = (
        "Register, list and remove the OAuth applications of a tenant. Neither id nor secret is ever printed."
    )
    called = "oauth_app"

    def take(self, parser: CommandParser) -> None:
        """Sub-commands."""
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="set|list|remove")
        kept = verbs.add_parser("set", help="register one, in the place of an earlier one")
        found = verbs.add_parser("list", help="those there are")
        gone = verbs.add_parser("remove", help="forget one: its accounts' tokens are not renewed any more")
        for verb in (kept, found, gone):
            verb.add_argument("--tenant", required=True, help="name or id")
            take_json(verb)
        for verb in (kept, gone):
            verb.add_argument("--integration", required=True, metavar="SLUG")
            verb.add_argument(
                "--site", default="", metavar="URL", help="of the installation, where customers run their own"
            )
        self._take_client(kept)

    def _take_client(self, kept: CommandParser) -> None:
        who = kept.add_mutually_exclusive_group(required=True)
        who.add_argument("--client-id", metavar="ID")
        who.add_argument("--client-id-env", metavar="NAME", help="the environment variable that holds it")
        proof = kept.add_mutually_exclusive_group()
        proof.add_argument("--client-secret-file", metavar="PATH", help="the file that holds it")
        proof.add_argument(
            "--client-secret-env", metavar="NAME", help="the environment variable that holds it"
        )
        proof.add_argument("--client-secret-stdin", action="store_true", help="read it from standard input")
        kept.add_argument(
            "--scope", action="append", default=[], metavar="S", help="asked for in place of the adapter's"
        )

    def answer(self, **options: Any) -> Document:
        """What the sub-command asks for."""
        if options["verb"] == "set":
            require_master_keys("oauth_app set")
        tenant = tenant_id(options["tenant"])
        if options["verb"] == "list":
            with scope(tenant), transaction.atomic():
                rows = OAuthApplication.objects.order_by("integration", "site")
                return {"oauth_applications": [_shown(row) for row in rows]}
        try:
            with scope(tenant):
                return _set(options) if options["verb"] == "set" else _remove(options)
        except applications.ApplicationUnfit as error:
            raise CommandError(str(error)) from error

    def tell(self, document: Document) -> Iterable[str]:
        """A table, or what was done and what has to be told to the provider."""
        if "oauth_applications" in document:
            rows = [
                (
                    one["integration"],
                    one["site"],
                    f"…{one['hint']}",
                    " ".join(one["scopes"]),
                    moment(one["changed_at"]),
                )
                for one in document["oauth_applications"]
            ]
            return table([("INTEGRATION", "SITE", "ID ENDS", "SCOPES", "SINCE"), *rows])
        name = f"The OAuth application at {document['integration']} {document['site']}".strip()
        if document.get("removed"):
            return [f"{name} is forgotten."]
        told = document["redirect_uri"] or "unknown yet; set PUBLIC_URL"
        return [
            f"{name} is {'kept' if document['is_new'] else 'replaced'}.",
            f"redirect_uri to register there: {told}",
        ]


def _set(options: dict[str, Any]) -> Document:
    registration = applications.Registration(
        integration=options["integration"],
        client_id=Secret(options["client_id"] or _of_environment(options["client_id_env"])),
        client_secret=Secret(_secret(options)),
        site=options["site"],
        scopes=options["scope"],
    )
    row, is_new = applications.register(registration)
    base = addresses.known_base()
    return {**_shown(row), "is_new": is_new, "redirect_uri": f"{base}{CALLBACK}" if base else None}


def _remove(options: dict[str, Any]) -> Document:
    site = options["site"].strip().rstrip("/")
    with transaction.atomic():
        row = OAuthApplication.objects.filter(integration=options["integration"], site=site).first()
        if row is None:
            raise CommandError(
                "The tenant has no such OAuth application; `manage.py oauth_app list` shows them."
            )
        shown = _shown(row)
        applications.remove(row)
    return {**shown, "removed": True}


def _secret(options: dict[str, Any]) -> str:
    """The client secret; empty where none is given, as public clients have none."""
    if options["client_secret_env"]:
        return _of_environment(options["client_secret_env"])
    if options["client_secret_stdin"]:
        return sys.stdin.read().strip()
    path = options["client_secret_file"]
    try:
        return Path(path).read_text(encoding="utf-8").strip() if path else ""
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise CommandError(f"The secret in {path} cannot be read: {why}.") from error


def _of_environment(name: str) -> str:
    told = os.environ.get(name, "")
    if not told:
        raise CommandError(f"The environment variable {name} is not set, or empty.")
    return told


def _shown(row: OAuthApplication) -> Document:
    return {
        "oauth_application_id": str(row.id),
        "integration": row.integration,
        "site": row.site,
        "hint": row.hint,
        "scopes": row.scopes,
        "changed_at": row.changed_at.isoformat(),
    }
