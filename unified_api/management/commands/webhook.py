"""`manage.py webhook`: addresses of the tenant's product at which it is told what happens."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from tenants.scope import scope
from unified_api.events import hooks
from unified_api.management.answering import AnsweringCommand, Document, moment, table, take_json, tenant_id
from unified_api.management.keys import require_master_keys
from unified_api.sync.models_hooks import Hook


class Command(AnsweringCommand):
    """Add, list, try, resume and remove webhooks."""

    help = "Webhooks that Isthmus sends to the tenant's product."
    called = "webhook"

    def take(self, parser: CommandParser) -> None:
        """A verb, and what it is about."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        add = verbs.add_parser("add", help="send what happens from now on; prints its secret once")
        add.add_argument("--url", required=True, help="where to post; https")
        about = "an event that is wanted, such as Ticket.changed; may be repeated (all)"
        add.add_argument("--event", action="append", default=[], metavar="NAME", help=about)
        add.add_argument("--test", action="store_true", help="of test accounts, in place of production ones")
        shown = verbs.add_parser("list", help="those there are, and how it goes with them")
        told = {
            "test": "post a message that means nothing, once",
            "resume": "try again at once, from where it stopped",
            "remove": "send nothing more there",
        }
        ones = [verbs.add_parser(verb, help=about) for verb, about in told.items()]
        for one in ones:
            one.add_argument("webhook", metavar="ID", help="as `list` shows it")
        for verb in (add, shown, *ones):
            verb.add_argument("--tenant", required=True, metavar="T", help="name or id")
            take_json(verb)

    def answer(self, **options: Any) -> Document:
        """Do what was asked for."""
        if options["verb"] == "add":
            require_master_keys("webhook add")
        with scope(tenant_id(options["tenant"])):
            verbs = {"add": _add, "list": _list, "test": _test, "resume": _resume, "remove": _remove}
            return verbs[options["verb"]](options)

    def tell(self, document: Document) -> Iterable[str]:
        """A line a webhook; what came of a test."""
        if "is_delivered" in document:
            return [
                "It was delivered." if document["is_delivered"] else f"Not delivered: {document['problem']}."
            ]
        rows = [[one["id"], one["url"], _standing(one) + _behind(one)] for one in document["webhooks"]]
        lines = list(table([("ID", "URL", "STANDING"), *rows])) if rows else ["There are none."]
        secret = document.get("secret")
        return [*lines, f"secret: {secret}", "It is not shown again."] if secret else lines


def _standing(one: Document) -> str:
    if one["rests"]:
        return f"rests: {one['problem']}"
    if one["failures"]:
        return f"failed {one['failures']} times, next at {moment(one['retry_at'])}: {one['problem']}"
    last = one["last_delivered_at"]
    return f"{one['delivered']} delivered, last {moment(last)}" if last else "nothing delivered yet"


def _behind(one: Document) -> str:
    since = one["untold_since"]
    return f"; untold since {moment(since)}" if since else ""


def _add(options: dict[str, Any]) -> Document:
    try:
        hook, secret = hooks.add(options["url"], events=options["event"], is_test=options["test"])
    except hooks.HookRefused as error:
        raise CommandError(str(error)) from error
    with transaction.atomic():
        return {"webhooks": [_shown(hook)], "secret": secret.reveal()}


def _list(_options: dict[str, Any]) -> Document:
    with transaction.atomic():
        return {"webhooks": [_shown(hook) for hook in Hook.objects.order_by("created_at")]}


def _test(options: dict[str, Any]) -> Document:
    with transaction.atomic():
        hook = _hook(options["webhook"])
    return hooks.tried(hooks.try_out(hook))


def _resume(options: dict[str, Any]) -> Document:
    with transaction.atomic():
        hooks.resume(_hook(options["webhook"]))
        return {"webhooks": [_shown(_hook(options["webhook"]))]}


def _remove(options: dict[str, Any]) -> Document:
    with transaction.atomic():
        hook = _hook(options["webhook"])
        stood = _shown(hook)
        hooks.remove(hook)
        return {"webhooks": [stood]}


def _hook(text: str) -> Hook:
    try:
        found: Hook | None = Hook.objects.filter(id=uuid.UUID(text)).first()
    except ValueError:
        raise CommandError(f"{text!r} is no id.") from None
    if found is None:
        raise CommandError("The tenant has no such webhook; `manage.py webhook list` shows those there are.")
    return found


def _shown(hook: Hook) -> Document:
    told = hooks.shown(hook)
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in told.items()}
