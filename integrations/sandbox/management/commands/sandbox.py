"""`manage.py sandbox`: make systems for rehearsals."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.management.base import CommandParser
from django.db import transaction

from integrations.sandbox.models import Sandbox
from integrations.sandbox.service import store
from integrations.sandbox.spelling import categories
from tenants import audit
from tenants.scope import scope
from unified_api.management.answering import AnsweringCommand, Document, table, take_json, tenant_id
from unified_api.management.keys import require_master_keys


class Command(AnsweringCommand):
    """Sandboxes of a tenant."""

    help = "Make a sandbox, whose key links it like any other system; list those there are."
    called = "sandbox"

    def take(self, parser: CommandParser) -> None:
        """Sub-commands."""
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="create|list")
        create = verbs.add_parser("create", help="make a sandbox; its key is printed once")
        create.add_argument("--category", required=True, choices=categories())
        create.add_argument("--seed", default="1", help="sandboxes of one seed are of one company (1)")
        listed = verbs.add_parser("list", help="the sandboxes of a tenant")
        for one in (create, listed):
            one.add_argument("--tenant", required=True, help="name or id")
            take_json(one)

    def answer(self, **options: Any) -> Document:
        """The new sandbox, or all."""
        require_master_keys(self.called)
        with scope(tenant_id(options["tenant"])), transaction.atomic():
            if options["verb"] == "list":
                return {"sandboxes": [_shown(one) for one in Sandbox.objects.order_by("created_at")]}
            made = store.make(options["category"], options["seed"])
            audit.record("sandbox.made", subject=str(made.sandbox.id), category=made.sandbox.category)
        return {**_shown(made.sandbox), "key": made.key.reveal()}

    def tell(self, document: Document) -> Iterable[str]:
        """Lines, or a table."""
        if "sandboxes" in document:
            rows = [(s["account"], s["category"], s["seed"]) for s in document["sandboxes"]]
            return table([("SANDBOX", "CATEGORY", "SEED"), *rows])
        return [f"{name}: {value}" for name, value in document.items()]


def _shown(sandbox: Sandbox) -> Document:
    return {"account": str(sandbox.id), "category": sandbox.category, "seed": sandbox.seed}
