"""Records as the engine sees them, and pairs as it remembers them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import QuerySet

from tenants.models import LinkedAccount
from unified_api import registry
from unified_api.engine.events import Look, Record
from unified_api.engine.match import key_of
from unified_api.engine.pair import Pair as Memory
from unified_api.engine.policy import Policy
from unified_api.engine.values import Both, Side
from unified_api.engine.weigh import Access
from unified_api.models.base import CommonModel, common_model
from unified_api.sync import connect, values
from unified_api.sync.models_bridge import Bridge, Pair


@dataclass(frozen=True)
class Frame:
    """A bridge with what it stands on. Made within a transaction."""

    bridge: Bridge
    accounts: Both[LinkedAccount | None]

    @classmethod
    def of(cls, bridge: Bridge) -> Frame:
        """Of a stored bridge; an account that was deleted is None."""
        living = LinkedAccount.objects.filter(deleted_at=None)
        found = living.in_bulk([bridge.account_a, bridge.account_b])
        return cls(bridge, Both(found.get(bridge.account_a), found.get(bridge.account_b)))

    @cached_property
    def policy(self) -> Policy:
        """What is wanted of each field."""
        return Policy.parse(self.bridge.configuration["policy"])

    @cached_property
    def model(self) -> type[CommonModel]:
        """The common model on both sides."""
        return common_model(self.bridge.model)

    @cached_property
    def access(self) -> Both[Access]:
        """What the accounts can write by their adapters."""
        return Both(access(self.accounts.a, self.bridge.model), access(self.accounts.b, self.bridge.model))

    def account_id(self, side: Side) -> uuid.UUID:
        """The account of a side."""
        return self.bridge.account_a if side is Side.A else self.bridge.account_b

    def key(self, told: Record | None, side: Side) -> str | None:
        """The key by which a record is matched, in the words of side a; None for one that is not there."""
        if told is None or told.gone:
            return None
        return key_of(told.values, side, self.match, self.policy)

    @property
    def match(self) -> list[str]:
        """The fields that make the key."""
        return list(self.bridge.configuration["match"])

    def key_of(self, record: CommonModel | None, side: Side) -> str | None:
        """The same of a stored record, of which only what `telling` reads is looked at."""
        if record is None or record.is_shell or record.remote_was_deleted:
            return None
        held = values.to_json({name: getattr(record, name) for name in self.match})
        return key_of(held, side, self.match, self.policy)

    def telling(self) -> QuerySet[CommonModel]:
        """Records with what their keys are made of, and no more."""
        return self.model.objects.only("id", "created_at", "is_shell", "remote_was_deleted", *self.match)

    def told(self, record: CommonModel | None) -> Record | None:
        """A record as the engine sees it; a shell says nothing yet."""
        if record is None or record.is_shell:
            return None
        held = values.to_json({name: getattr(record, name) for name in self.policy.fields})
        return Record(held, gone=record.remote_was_deleted)

    def looks(self, pairs: Iterable[Pair]) -> dict[uuid.UUID, Look]:
        """Both current records of each pair, by the pair's id."""
        pairs = list(pairs)
        wanted = {record for pair in pairs for record in (pair.record_a, pair.record_b) if record}
        names = ("id", "is_shell", "remote_was_deleted", *self.policy.fields)
        found = self.model.objects.only(*names).in_bulk(list(wanted))

        def told(record: uuid.UUID | None) -> Record | None:
            return self.told(found.get(record)) if record else None

        return {pair.id: Look(told(pair.record_a), told(pair.record_b)) for pair in pairs}


def access(account: LinkedAccount | None, model: str) -> Access:
    """What an account can write of a model by its adapter; nothing where that is not installed."""
    try:
        resource = connect.provider_of(account).resource(model) if account else None
    except registry.UnknownIntegration:
        resource = None
    if resource is None:
        return Access()
    return Access(
        resource.writable("update"),
        resource.writable("create"),
        resource.requires("create"),
        creates=resource.can("create"),
    )


def remembered(pair: Pair) -> Memory:
    """What the engine remembers of a pair."""
    memory: dict[str, Any] = {"sent": None, "refused": [], "presumed": [], **pair.memory}
    return Memory.load({"state": pair.state, "base": {"a": pair.base_a, "b": pair.base_b}, **memory})


def remember(pair: Pair, memory: Memory) -> None:
    """Put what the engine remembers into the row; saving is the caller's."""
    data = memory.as_data()
    pair.state, base = data.pop("state"), data.pop("base")
    pair.base_a, pair.base_b, pair.memory = base["a"], base["b"], data


def record_of(pair: Pair, side: Side) -> uuid.UUID | None:
    """The record of a side."""
    return pair.record_a if side is Side.A else pair.record_b


def set_record(pair: Pair, side: Side, record: uuid.UUID | None) -> None:
    """Give a pair its record of a side; saving is the caller's."""
    setattr(pair, "record_a" if side is Side.A else "record_b", record)
