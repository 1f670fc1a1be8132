"""`manage.py sandbox`: make systems for rehearsals."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from integrations.sandbox.models import Sandbox, SandboxApplication
from integrations.sandbox.service import granting, keeping, store
from integrations.sandbox.service.errors import Refused
from integrations.sandbox.spelling import categories
from tenants import audit
from tenants.scope import scope
from unified_api.link import oauth
from unified_api.link.linking import LinkRefused
from unified_api.management.answering import AnsweringCommand, Document, table, take_json, tenant_id
from unified_api.management.keys import require_master_keys


class Command(AnsweringCommand):
    """Sandboxes of a tenant."""

    help = "Make a sandbox, whose key links it like any other system; list those there are."
    called = "sandbox"

    def take(self, parser: CommandParser) -> None:
        """Sub-commands."""
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="create|list|end|application")
        create = verbs.add_parser("create", help="make a sandbox; its key is printed once")
        create.add_argument("--category", required=True, choices=categories())
        create.add_argument("--seed", default="1", help="sandboxes of one seed are of one company (1)")
        listed = verbs.add_parser("list", help="the sandboxes of a tenant")
        end = verbs.add_parser("end", help="end a sandbox, and all that it holds")
        end.add_argument("account", type=uuid.UUID, help="its id, as `list` shows it")
        application = verbs.add_parser(
            "application",
            help="register an OAuth application at the tenant's sandboxes; its secret is printed once",
        )
        application.add_argument("--redirect-uri", help="where end users come back to (this installation)")
        application.add_argument(
            "--end", metavar="CLIENT_ID", help="end this one, and all that it was allowed"
        )
        for one in (create, listed, end, application):
            one.add_argument("--tenant", required=True, help="name or id")
            take_json(one)

    def answer(self, **options: Any) -> Document:
        """The new sandbox, all, or the one that was ended."""
        require_master_keys(self.called)
        with scope(tenant_id(options["tenant"])), transaction.atomic():
            if options["verb"] == "list":
                return {"sandboxes": [_shown(one) for one in Sandbox.objects.order_by("created_at")]}
            if options["verb"] == "end":
                return _ended(options["account"])
            if options["verb"] == "application":
                return (
                    _unregistered(options["end"]) if options["end"] else _registered(options["redirect_uri"])
                )
            try:
                made = store.make(options["category"], options["seed"])
            except Refused as error:
                raise CommandError(str(error)) from error
            audit.record("sandbox.made", subject=str(made.sandbox.id), category=made.sandbox.category)
        return {**_shown(made.sandbox), "key": made.key.reveal()}

    def tell(self, document: Document) -> Iterable[str]:
        """Lines, or a table."""
        if "sandboxes" in document:
            rows = [(s["account"], s["category"], s["seed"]) for s in document["sandboxes"]]
            return table([("SANDBOX", "CATEGORY", "SEED"), *rows])
        return [f"{name}: {value}" for name, value in document.items()]


def _registered(redirect_uri: str | None) -> Document:
    try:
        made = granting.register(redirect_uri or oauth.redirect_uri())
    except LinkRefused as error:
        raise CommandError(str(error)) from error
    application = made.application
    audit.record("sandbox.application_made", subject=application.client_id)
    return {
        "client_id": application.client_id,
        "client_secret": made.secret.reveal(),
        "redirect_uri": application.redirect_uri,
    }


def _unregistered(client_id: str) -> Document:
    application = SandboxApplication.objects.select_for_update().filter(client_id=client_id).first()
    if application is None:
        raise CommandError(f"The tenant has no application {client_id} at its sandboxes.")
    granting.forget(application)
    audit.record("sandbox.application_ended", subject=client_id)
    return {"client_id": client_id, "redirect_uri": application.redirect_uri}


def _ended(account: uuid.UUID) -> Document:
    sandbox = Sandbox.objects.select_for_update().filter(id=account).first()
    if sandbox is None:
        raise CommandError(f"The tenant has no sandbox {account}; `sandbox list` shows those there are.")
    shown = _shown(sandbox)
    keeping.erase(sandbox)
    audit.record("sandbox.ended", subject=str(account), category=sandbox.category)
    return shown


def _shown(sandbox: Sandbox) -> Document:
    return {"account": str(sandbox.id), "category": sandbox.category, "seed": sandbox.seed}
