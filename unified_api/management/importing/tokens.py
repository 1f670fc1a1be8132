"""Account tokens from the owner's own store: where an account comes from tells them to nobody a second time.

    {"linked_account_id": "…", "account_token": "…"}
    {"end_user_origin_id": "customer-42", "category": "hris", "account_token": "…"}

The second form may name the integration, too, by its slug there, for who has several accounts in a category.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Final

from tenants.vault import Secret
from unified_api.management.importing import entries
from unified_api.management.importing.entries import Entry, Mistake

KEYS: Final = ("linked_account_id", "end_user_origin_id", "category", "integration", "account_token")
#: A shorter one could be guessed, and is none.
SHORTEST: Final = 20
Name = tuple[str, ...]


@dataclass
class Tokens:
    """By the id of an account, or by whose it is."""

    by_name: dict[Name, tuple[int, Secret]] = field(default_factory=dict)
    used: set[int] = field(default_factory=set)

    def of(self, account_id: uuid.UUID, end_user: str, category: str, integration: str) -> Secret | None:
        """The token of an account, if there is one."""
        names = ((str(account_id),), (end_user, category, integration), (end_user, category))
        found = next((self.by_name[name] for name in names if name in self.by_name), None)
        if found is None:
            return None
        self.used.add(found[0])
        return found[1]

    def unused(self) -> list[int]:
        """The lines whose accounts nobody asked for."""
        return sorted({line for line, _ in self.by_name.values()} - self.used)


def read(path: str) -> Tokens:
    """The tokens of a file; raises BadFile."""
    tokens = Tokens()

    def take(entry: Entry) -> None:
        name = _name(entry)
        if name in tokens.by_name:
            raise Mistake(f"the same account is on line {tokens.by_name[name][0]} already")
        tokens.by_name[name] = (entry.line, _token(entry))

    entries.read(path, KEYS, take)
    return tokens


def _name(entry: Entry) -> Name:
    if told := entry.optional("linked_account_id"):
        try:
            return (str(uuid.UUID(told)),)
        except ValueError:
            raise Mistake("'linked_account_id' is no UUID") from None
    named = (entry.text("end_user_origin_id"), entry.text("category"))
    integration = entry.optional("integration")
    return (*named, integration) if integration else named


def _token(entry: Entry) -> Secret:
    token = entry.text("account_token")
    if len(token) < SHORTEST or not token.isascii() or not token.isprintable() or " " in token:
        raise Mistake(f"'account_token' is no token: {SHORTEST} characters or more, no spaces")
    return Secret(token)
