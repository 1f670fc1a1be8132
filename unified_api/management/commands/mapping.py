"""`manage.py mapping`: custom fields of common models, by the names that the tenant gives them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from tenants.models import LinkedAccount
from tenants.scope import scope
from unified_api.management.answering import AnsweringCommand, Document, table, take_json, tenant_id
from unified_api.sync import targets
from unified_api.sync.models import FieldMapping


class Command(AnsweringCommand):
    """Add, list and remove mappings."""

    help = "Map custom fields: give fields of a provider's records names of yours, for bridges and the API."
    called = "mapping"

    def take(self, parser: CommandParser) -> None:
        """A verb, and what it is about."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        add = verbs.add_parser("add", help="map a target, and read its model again from the start")
        whose = add.add_mutually_exclusive_group(required=True)
        whose.add_argument("--account", metavar="ID", help="of this linked account")
        whose.add_argument("--integration", metavar="SLUG", help="of all accounts at this integration")
        add.add_argument(
            "--model", required=True, metavar="MODEL", help="common model, such as ticketing.Ticket"
        )
        add.add_argument(
            "--target", required=True, metavar="NAME", help="your name for it, such as churn_risk"
        )
        add.add_argument(
            "--read", default="", metavar="JMESPATH", help="where it is in the provider's record"
        )
        add.add_argument("--write", metavar="PATH", help="where it is written; without, it is only read")
        add.add_argument("--description", default="", metavar="TEXT", help="for people")
        shown = verbs.add_parser("list", help="show what is mapped")
        remove = verbs.add_parser("remove", help="take a mapping away, and its values out of the records")
        remove.add_argument("mapping", metavar="ID", help="as `list` shows it")
        for verb in (add, shown, remove):
            verb.add_argument("--tenant", required=True, metavar="T", help="name or id")
            take_json(verb)

    def answer(self, **options: Any) -> Document:
        """Do what was asked for."""
        with scope(tenant_id(options["tenant"])):
            try:
                return {"add": _add, "list": _list, "remove": _remove}[options["verb"]](options)
            except targets.TargetRefused as error:
                raise CommandError(str(error)) from error

    def tell(self, document: Document) -> Iterable[str]:
        """A line a mapping."""
        head = ("id", "of", "model", "target", "read", "write")
        rows = [[one[name] for name in head] for one in document["mappings"]]
        return table([head, *rows]) if rows else ["Nothing is mapped."]


def _add(options: dict[str, Any]) -> Document:
    with transaction.atomic():
        made = targets.add(
            _account(options["account"]) if options["account"] else options["integration"],
            options["model"],
            options["target"],
            jmes_path=options["read"],
            remote_path=options["write"],
            description=options["description"],
        )
    return {"mappings": [_shown(made)]}


def _list(_options: dict[str, Any]) -> Document:
    with transaction.atomic():
        return {"mappings": [_shown(one) for one in FieldMapping.objects.order_by("created_at")]}


def _remove(options: dict[str, Any]) -> Document:
    return {"mappings": [_shown(targets.remove(_id(options["mapping"])))]}


def _account(text: str) -> LinkedAccount:
    found: LinkedAccount | None = LinkedAccount.objects.filter(id=_id(text), deleted_at=None).first()
    if found is None:
        raise CommandError("The tenant has no such linked account; `manage.py status` shows those there are.")
    return found


def _id(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise CommandError(f"{text!r} is no id.") from None


def _shown(one: FieldMapping) -> Document:
    return {
        "id": str(one.pk),
        "of": str(one.linked_account_id or f"all at {one.integration}"),
        "model": one.model,
        "target": one.target,
        "read": one.jmes_path or None,
        "write": one.remote_path,
        "description": one.description,
    }
