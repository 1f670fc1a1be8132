"""Credentials from the owner's own store, or another service: each links an account, or links it again.

    {"linked_account_id": "…", "credential": {"refresh_token": "…"}}
    {"end_user_origin_id": "customer-42", "integration": "slug", "credential": {"base_url": "…", "password": "…"}}

`credential` holds what `manage.py link` takes: settings and secrets together, by the names that the adapter declares
(`manage.py integrations`). What it declares is all that is kept; there is no other form of a credential.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import transaction

from tenants import accounts
from tenants.models import LinkedAccount
from unified_api.link.linking import LinkRefused, Request, examine, link
from unified_api.management.importing import entries
from unified_api.management.importing.entries import Entry, Mistake

KEYS: Final = (
    "linked_account_id",
    "end_user_origin_id",
    "integration",
    "category",
    "end_user_organization_name",
    "end_user_email_address",
    "is_test",
    "credential",
)
Document = dict[str, Any]


@dataclass(frozen=True)
class Wish:
    """What an entry has linked, and the account that it would link again; None for a new one."""

    line: int
    request: Request = field(repr=False)
    account: LinkedAccount | None

    @property
    def is_linked(self) -> bool:
        """Whether the account has a credential that nobody refused."""
        return self.account is not None and self.account.status == LinkedAccount.Status.COMPLETE


def read(path: str) -> list[Wish]:
    """What a file has linked, in the scope of the tenant; nobody is asked, and nothing is stored. Raises BadFile."""
    seen: dict[tuple[str, str, str], int] = {}

    def make(entry: Entry) -> Wish:
        with transaction.atomic():
            wish = _wish(entry)
        name = (wish.request.integration, wish.request.category, wish.request.end_user_origin_id)
        if seen.setdefault(name, entry.line) != entry.line:
            raise Mistake(f"the same account is on line {seen[name]} already")
        return wish

    return entries.read(path, KEYS, make)


def run(wishes: Iterable[Wish], *, dry_run: bool, missing: bool, tell: Callable[[str], None]) -> Document:
    """Link them one by one, in the scope of the tenant; the document of the command.

    missing: leave those alone that are linked already.
    """
    told = []
    for wish in wishes:
        one = _shown(wish) | (
            {"state": "left alone"} if missing and wish.is_linked else _linked(wish, dry_run=dry_run)
        )
        told.append(one)
        if one["state"] == "refused":
            tell(f"line {wish.line}: {one['reason']}")
    refused = sum(one["state"] == "refused" for one in told)
    failed = f"{refused} of {len(told)} credentials were refused; the others are linked." if refused else None
    return {"dry_run": dry_run, "accounts": told, "failed": failed}


def _linked(wish: Wish, *, dry_run: bool) -> Document:
    state = "linked" if wish.account is None else "linked again"
    if dry_run:
        return {"state": state}
    try:
        account = link(wish.request).account
    except LinkRefused as error:
        return {"state": "refused", "reason": str(error)}
    return {"state": state, "linked_account_id": str(account.id)}


def _shown(wish: Wish) -> Document:
    return {
        "line": wish.line,
        "linked_account_id": str(wish.account.id) if wish.account else None,
        "end_user_origin_id": wish.request.end_user_origin_id,
        "integration": wish.request.integration,
        "category": wish.request.category,
        "reason": "",
    }


def _wish(entry: Entry) -> Wish:
    account = _named(entry)
    about = _about(entry) if account is None else _about_known(entry, account)
    request = Request(values=_values(entry), **about)
    try:
        provider, _, _ = examine(request)
    except LinkRefused as error:
        raise Mistake(str(error)) from None
    if account is None:
        account = accounts.linked(
            category=provider.category,
            integration=provider.slug,
            end_user_origin_id=request.end_user_origin_id,
        )
        if account is not None:
            about = _about_known(entry, account)
    return Wish(
        entry.line, Request(values=request.values, **(about | {"category": provider.category})), account
    )


def _named(entry: Entry) -> LinkedAccount | None:
    """The account whose id an entry has; None where it has none."""
    if not (told := entry.optional("linked_account_id")):
        return None
    try:
        account_id = uuid.UUID(told)
    except ValueError:
        raise Mistake("'linked_account_id' is no UUID") from None
    found: LinkedAccount | None = LinkedAccount.objects.filter(id=account_id, deleted_at=None).first()
    if found is None:
        raise Mistake(f"the tenant has no linked account {account_id}; `import_merge` brings those of Merge")
    return found


def _about(entry: Entry) -> dict[str, Any]:
    return {
        "integration": entry.text("integration"),
        "end_user_origin_id": entry.text("end_user_origin_id"),
        "category": entry.optional("category"),
        "end_user_organization_name": entry.optional("end_user_organization_name"),
        "end_user_email_address": entry.optional("end_user_email_address"),
        "is_test": entry.flag("is_test"),
    }


def _about_known(entry: Entry, account: LinkedAccount) -> dict[str, Any]:
    """What is known of an account, with the name and address of the entry; all else has to be the same."""
    for key in ("integration", "end_user_origin_id", "category"):
        if (told := entry.optional(key)) and told != getattr(account, key):
            raise Mistake(f"{key!r} is not that of linked account {account.id}")
    if entry.flag("is_test") and not account.is_test:
        raise Mistake(f"linked account {account.id} is no test account, as 'is_test' says")
    names = ("end_user_organization_name", "end_user_email_address")
    return {
        "integration": account.integration,
        "end_user_origin_id": account.end_user_origin_id,
        "category": account.category,
        "is_test": account.is_test,
        **{name: entry.optional(name) or getattr(account, name) for name in names},
    }


def _values(entry: Entry) -> Mapping[str, str]:
    told = entry.told.get("credential")
    if not isinstance(told, dict) or not told:
        raise Mistake(
            "'credential' is no object of settings and secrets, as `manage.py integrations` lists them"
        )
    for name, value in told.items():
        if not isinstance(value, str) or "\0" in value:
            raise Mistake(f"{name!r} of 'credential' is neither a text nor a number")
    return told
