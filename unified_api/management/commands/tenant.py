"""`manage.py tenant`: make tenants, their API keys and logins for their analysts, list them, revoke keys."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from tenants import apikeys
from tenants.models import ApiKey, Tenant, TenantExists
from tenants.operators import as_operator
from tenants.scope import scope
from unified_api.management.answering import AnsweringCommand, Document, moment, table, take_json, tenant_id
from unified_api.management.keys import require_master_keys
from unified_api.management.sql_role import ONCE, end_role, make_role, tell_role

PRODUCTION, TEST = ApiKey.Kind.PRODUCTION.value, ApiKey.Kind.TEST.value


class Command(AnsweringCommand):
    """Tenants and their API keys."""

    help = "Make and list tenants; create, revoke and list their API keys; logins for analysts."
    called = "tenant"

    def take(self, parser: CommandParser) -> None:
        """Sub-commands."""
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="create|list|key|sql-role")
        create = verbs.add_parser("create", help="make a tenant with an API key, which is printed once")
        create.add_argument("name")
        create.add_argument("--test", action="store_true", help="make a key for test accounts as well")
        tenants = verbs.add_parser("list", help="all tenants")
        key = verbs.add_parser("key", help="API keys of a tenant")
        take_json(create)
        take_json(tenants)
        role = verbs.add_parser(
            "sql-role", help="a login to Postgres for analysts of a tenant, who only read"
        )
        role.add_argument("tenant", help="name or id")
        role.add_argument("--revoke", action="store_true", help="end the login and its sessions")
        take_json(role)
        self._take_key(key.add_subparsers(dest="key_verb", required=True, metavar="create|revoke|list"))

    def _take_key(self, verbs: Any) -> None:
        create = verbs.add_parser("create", help="a further key, which is printed once")
        create.add_argument("tenant", help="name or id")
        create.add_argument("--name", default="", help="what the key is for")
        create.add_argument("--test", action="store_true", help="a key for test accounts")
        about = "a key that may read sensitive fields, such as social security numbers"
        create.add_argument("--may-read-sensitive", action="store_true", help=about)
        revoke = verbs.add_parser("revoke", help="end a key at once")
        revoke.add_argument("tenant", help="name or id")
        revoke.add_argument("key", help="the key's id, or its last four characters")
        keys = verbs.add_parser("list", help="the keys of a tenant, without their texts")
        keys.add_argument("tenant", help="name or id")
        for parser in (create, revoke, keys):
            take_json(parser)

    def answer(self, **options: Any) -> Document:
        """What the sub-command asks for; texts of keys only where one is made."""
        if options["verb"] == "create":
            return _create(options["name"], test=options["test"])
        if options["verb"] == "list":
            return _list()
        if options["verb"] == "sql-role":
            return (end_role if options["revoke"] else make_role)(tenant_id(options["tenant"]))
        with scope(tenant_id(options["tenant"])), transaction.atomic():
            if options["key_verb"] == "create":
                kind = TEST if options["test"] else PRODUCTION
                return _issue(options["name"], kind, may_read_sensitive=options["may_read_sensitive"])
            if options["key_verb"] == "revoke":
                return _revoke(options["key"])
            return {"api_keys": [_key(key) for key in ApiKey.objects.order_by("created_at")]}

    def tell(self, document: Document) -> Iterable[str]:
        """Keys that were made, or a table."""
        if "tenants" in document:
            rows = [(t["tenant_id"], moment(t["created_at"]), t["name"]) for t in document["tenants"]]
            return table([("TENANT", "SINCE", "NAME"), *rows])
        if "api_keys" in document:
            return _tell_keys(document["api_keys"])
        if "sql_role" in document:
            return tell_role(document)
        if "revoked_at" in document:
            return [f"Key {document['name']} (…{document['hint']}) is revoked: it opens nothing any more."]
        return [*(f"{name}: {value}" for name, value in document.items()), ONCE]


def _create(name: str, *, test: bool) -> Document:
    if not name.strip():
        raise CommandError("A tenant needs a name.")
    require_master_keys("tenant create")  # nothing may be sealed under a wrong one
    try:
        tenant = Tenant.create(name.strip())
    except TenantExists as error:
        raise CommandError(str(error)) from error
    made: Document = {"tenant_id": str(tenant.id), "name": tenant.name}
    with scope(tenant.id), transaction.atomic():
        made["api_key"] = apikeys.issue("first key", PRODUCTION)[1].reveal()
        if test:
            made["test_api_key"] = apikeys.issue("first test key", TEST)[1].reveal()
    return made


def _list() -> Document:
    with as_operator("manage.py tenant list"):
        tenants = list(Tenant.objects.order_by("name"))
    return {
        "tenants": [
            {"tenant_id": str(t.id), "name": t.name, "created_at": t.created_at.isoformat()} for t in tenants
        ]
    }


def _issue(name: str, kind: str, *, may_read_sensitive: bool) -> Document:
    key, text = apikeys.issue(name or f"{kind} key", kind, may_read_sensitive=may_read_sensitive)
    told = {"api_key_id": str(key.id), "name": key.name, "kind": key.kind}
    return {**told, "may_read_sensitive": key.may_read_sensitive, "api_key": text.reveal()}


def _revoke(which: str) -> Document:
    keys = [key for key in ApiKey.objects.all() if which in {str(key.id), key.hint}]
    if not keys:
        raise CommandError(f"The tenant has no key {which!r}; `manage.py tenant key list` shows its keys.")
    if len(keys) > 1:
        raise CommandError(f"{len(keys)} keys end with {which!r}; give the id of the one that is meant.")
    apikeys.revoke(keys[0])
    return _key(ApiKey.objects.get(id=keys[0].id))


def _key(key: ApiKey) -> Document:
    times = {name: getattr(key, name) for name in ("created_at", "last_used_at", "revoked_at")}
    return {
        "api_key_id": str(key.id),
        "name": key.name,
        "kind": key.kind,
        "may_read_sensitive": key.may_read_sensitive,
        "hint": key.hint,
        **{name: moment.isoformat() if moment else None for name, moment in times.items()},
    }


def _tell_keys(keys: list[Document]) -> Iterable[str]:
    rows = [
        (k["api_key_id"], k["kind"], f"…{k['hint']}", k["revoked_at"] and "revoked", k["name"]) for k in keys
    ]
    return table([("KEY", "KIND", "ENDS", "STATE", "NAME"), *rows])
