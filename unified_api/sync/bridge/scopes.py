"""What the scopes of its two accounts keep out of a bridge.

A field that is disabled at either account takes no part: it is neither compared nor carried nor written, and what was
agreed of it is kept, so that both sides go on from there once it is allowed again. A side whose model may not be
written is like one that is closed: what it is owed is kept. Where a model may not be read, or a disabled field decides
which records take part or belong together, the bridge waits. Scopes stand on the accounts, so asking costs no query.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from tenants.models import LinkedAccount
from unified_api.engine.values import Both, Side
from unified_api.models.base import common_model
from unified_api.models.hidden import EVERYTHING
from unified_api.sync.bridge import references
from unified_api.sync.bridge.configuration import PEOPLE, PRIVATE, Configuration, Counterparts
from unified_api.sync.models_bridge import Bridge


@dataclass(frozen=True)
class Scopes:
    """The scopes of both accounts, as far as they concern a bridge; an account that is gone has none."""

    model: str
    configuration: Configuration
    accounts: Both[LinkedAccount | None]

    @classmethod
    def of(cls, bridge: Bridge) -> Scopes:
        """Of a stored bridge, also between accounts that were deleted; within the transaction that is open."""
        found = LinkedAccount.objects.in_bulk([bridge.account_a, bridge.account_b])
        accounts = Both(found.get(bridge.account_a), found.get(bridge.account_b))
        return cls(bridge.model, Configuration.parse(bridge.configuration), accounts)

    @cached_property
    def disabled(self) -> Both[frozenset[str]]:
        """By side, the fields that take no part because of it."""
        return Both(self._disabled(self.accounts.a), self._disabled(self.accounts.b))

    @cached_property
    def apart(self) -> frozenset[str]:
        """The fields that take no part."""
        return self.disabled.a | self.disabled.b

    @cached_property
    def unread(self) -> tuple[Side, ...]:
        """The sides whose records may not be read."""
        return tuple(side for side in Side if not self._may("read", side))

    @cached_property
    def unwritten(self) -> frozenset[Side]:
        """The sides whose records may not be written."""
        return frozenset(side for side in Side if not self._may("write", side))

    @property
    def secret(self) -> Container[str]:
        """The fields of which nothing is shown where values of both sides are quoted."""
        return EVERYTHING if self.unread else self.apart

    @property
    def obstacle(self) -> str:
        """Why the bridge waits, in a sentence; empty where it does not have to."""
        for side in self.unread:
            return f"{self.model} may not be read at {self._name(side)}, by its scopes; allow it, or end the bridge."
        for side in Side:
            if names := sorted(self.disabled[side] & self._deciding(side)):
                return (
                    f"{', '.join(names)} of {self.model}, by which the bridge tells which records take part or belong"
                    f" together, may not be read at {self._name(side)}, by its scopes; allow it, or change the bridge."
                )
        return ""

    def sentences(self) -> Iterator[str]:
        """All that is kept out of the bridge, for people."""
        for side in Side:
            if side in self.unread:
                yield f"{self.model} may not be read at {self._name(side)}, by its scopes: the bridge waits."
            if side in self.unwritten:
                yield f"{self.model} may not be written at {self._name(side)}, by its scopes: what it is owed is kept."
            if names := sorted(self.disabled[side] & self.configuration.policy.fields.keys()):
                told = ", ".join(names)
                yield f"{told} may not be read or written at {self._name(side)}, by its scopes: no part of the bridge."

    def _may(self, action: Literal["read", "write"], side: Side) -> bool:
        account = self.accounts[side]
        return account is None or account.may(action, self.model)

    def _disabled(self, account: LinkedAccount | None) -> frozenset[str]:
        """Those of the model, and those that name people by addresses which may not be read."""
        if account is None or not account.permissions:
            return frozenset()
        model, told = common_model(self.model), self.configuration.references
        people = {
            name: references.target(model, name) for name, how in told.items() if how is Counterparts.EMAIL
        }
        strangers = {
            name
            for name, to in people.items()
            if not account.may("read", to) or account.hidden(to).intersection(PEOPLE[to])
        }
        return account.hidden(self.model) | strangers

    def _deciding(self, side: Side) -> frozenset[str]:
        """The fields by which it is told which records of a side take part, belong together, and are private."""
        asked = (*self.configuration.match, *self.configuration.filter[side].reads())
        carried = {PRIVATE} & self.configuration.policy.fields.keys()
        return frozenset(asked) | carried

    def _name(self, side: Side) -> str:
        return f"side {side} ({self.accounts[side]})"
