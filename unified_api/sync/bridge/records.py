"""Records as the engine sees them, and pairs as it remembers them."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, Final

from django.db.models import QuerySet

from integrations.kit.provider import Resource
from tenants.models import LinkedAccount
from unified_api import registry
from unified_api.engine.events import Look, Record
from unified_api.engine.match import key_of
from unified_api.engine.pair import Pair as Memory
from unified_api.engine.policy import Policy
from unified_api.engine.values import Both, Side, Values
from unified_api.engine.weigh import Access
from unified_api.models.base import CUSTOM, CommonModel, common_model, wire_fields
from unified_api.models.shapes import Shapes
from unified_api.sync import connect, targets, values
from unified_api.sync.bridge import beginning, belonging, edits, newcomers, references
from unified_api.sync.bridge.configuration import PRIVATE, Configuration, Counterparts, Leaving
from unified_api.sync.bridge.failing import Failed, alone
from unified_api.sync.bridge.newcomers import SEPARATE
from unified_api.sync.bridge.scopes import Scopes
from unified_api.sync.models_bridge import Bridge, Pair

#: Columns that every look needs beside the bridged fields.
_PLAIN = ("id", "is_shell", "remote_was_deleted")
#: When the provider says that a record was made, of models that tell it.
MADE: Final = "remote_created_at"


@dataclass(frozen=True)
class Seen:
    """What a portion of pairs looks like now: both records of each, and the policy in the words of their references.

    astray: those whose lone records take no part because of what they belong to, and look so.
    """

    looks: Mapping[uuid.UUID, Look]
    policy: Policy
    astray: frozenset[uuid.UUID] = frozenset()


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
        targets.look_up(found.values())
        return cls(bridge, Both(found.get(bridge.account_a), found.get(bridge.account_b)))

    @cached_property
    def configuration(self) -> Configuration:
        """What the bridge was told."""
        return Configuration.parse(self.bridge.configuration)

    @cached_property
    def policy(self) -> Policy:
        """What is wanted of each field; without the words of references, which `seen` knows."""
        sides = (self.accounts.a, self.accounts.b)
        a, b = (mentions(account, self.bridge.model) for account in sides)
        marked = Both(*(marked_up(account, self.bridge.model) for account in sides))
        return self._allowed(self.configuration.policy.calling(Both(a, b), marked))

    def _allowed(self, policy: Policy) -> Policy:
        """The policy without constants that may not be written."""
        kept = Both(*(_without(policy.constants[side], self.scopes.disabled[side]) for side in Side))
        return replace(policy, constants=kept)

    @cached_property
    def scopes(self) -> Scopes:
        """What the accounts' scopes keep out of it."""
        return Scopes(self.bridge.model, self.configuration, self.accounts)

    @cached_property
    def model(self) -> type[CommonModel]:
        """The common model on both sides."""
        return common_model(self.bridge.model)

    @cached_property
    def access(self) -> Both[Access]:
        """What the accounts can write by their adapters."""
        a, b = (access(one, self.bridge.model) for one in (self.accounts.a, self.accounts.b))
        return Both(replace(a, parents=self.parents), replace(b, parents=self.parents))

    @cached_property
    def leader(self) -> Bridge | None:
        """The bridge whose records these refer to, and wait for."""
        return references.followed(self.bridge)

    @cached_property
    def parents(self) -> frozenset[str]:
        """The fields that name what a record belongs to: of the bridge that is followed, or part of the key."""
        return self._led | (self.configuration.references.keys() & set(self.match))

    @cached_property
    def within(self) -> str | None:
        """The field that names what a record is known within: part of the key, and of the bridge that is followed."""
        names = (
            name for name in sorted(self._led & set(self.match)) if references.names_one(self.model, name)
        )
        return next(names, None)

    @cached_property
    def _led(self) -> frozenset[str]:
        """The fields that name records of the bridge that is followed."""
        return frozenset(
            name
            for name, how in self.configuration.references.items()
            if how is Counterparts.PAIRS
            and self.leader is not None
            and references.target(self.model, name) == self.leader.model
        )

    @cached_property
    def unmapped(self) -> Both[frozenset[str]]:
        """The custom fields of the policy that a side does not map, or does not map any more."""
        a, b = (
            _unmapped(one, self.bridge.model, self.policy.fields)
            for one in (self.accounts.a, self.accounts.b)
        )
        return Both(a, b)

    @property
    def closed(self) -> frozenset[Side]:
        """The sides to which nothing is written for now: a person closed them, or their scopes do."""
        return self.scopes.unwritten.union(map(Side, self.bridge.closed))

    def account_id(self, side: Side) -> uuid.UUID:
        """The account of a side."""
        return self.bridge.account_a if side is Side.A else self.bridge.account_b

    def read_lag(self, side: Side) -> float:
        """Seconds for which the lists of a side may lag."""
        resource = resource_of(self.accounts[side], self.bridge.model)
        return resource.read_lag if resource else 0.0

    # --- keys -------------------------------------------------------------------------------------------

    @property
    def match(self) -> Sequence[str]:
        """The fields that make the key."""
        return self.configuration.match

    @cached_property
    def has_alternatives(self) -> bool:
        """Whether a record has several keys, each of which is enough: one for each thing that a field holds."""
        fields = wire_fields(self.model)
        return any(isinstance(one := fields[name], Shapes) and one.key for name in self.match)

    @property
    def refers_in_key(self) -> bool:
        """Whether a key can be unknown because a record that it names has no counterpart yet."""
        return any(name in self.configuration.references for name in self.match)

    def key(self, told: Record | None, side: Side, policy: Policy) -> str | None:
        """The key by which a record is matched, in the words of side a; None for one that is not there."""
        if told is None or told.gone:
            return None
        return key_of(told.values, side, self.match, policy)

    def keys(self, records: Iterable[CommonModel], side: Side) -> dict[uuid.UUID, str | Failed | None]:
        """The keys of stored records, of which only what `telling` reads is looked at; or that making it failed."""
        there = [one for one in records if not (one.is_shell or one.remote_was_deleted)]
        told = [(one.id, values.to_json({name: getattr(one, name) for name in self.match})) for one in there]
        policy = self.speaking(
            Both[Sequence[Mapping[str, Any]]]([], []).having(side, [one for _, one in told]), self.match
        )
        return {i: alone(partial(key_of, held, side, self.match, policy), record=str(i)) for i, held in told}

    def telling(self) -> QuerySet[CommonModel]:
        """Records with what their keys are made of, and what tells which was made first, and no more."""
        made = {"created_at", "remote_id"} | ({MADE} & wire_fields(self.model).keys())
        return self.model.objects.only(*_PLAIN, *made, *_columns(self.match))

    def made(self, record: CommonModel, side: Side) -> dt.datetime:
        """When a record of `telling` was made, by its provider; else, or where scopes disable that, when we saw it."""
        told: dt.datetime | None = None
        if MADE not in self.scopes.disabled[side]:
            told = getattr(record, MADE, None)
        return told or record.created_at

    def listing(self, side: Side, after: Sequence[str] | None) -> QuerySet[CommonModel]:
        """The same of a side in the order of its lists, which an index has; `after`: the `place` of the last known.

        A record that is born while we read comes later.
        """
        records = self.telling()
        if after is not None:
            last = [dt.datetime.fromisoformat(after[0]), uuid.UUID(after[1])]
            records = records.extra(where=["(created_at, id) > (%s, %s)"], params=last)
        return records.filter(linked_account_id=self.account_id(side)).order_by("created_at", "id")

    # --- looks ------------------------------------------------------------------------------------------

    def seen(self, pairs: Iterable[Pair]) -> Seen:
        """Both current records of each pair, by the pair's id, and the words for what they refer to."""
        pairs = list(pairs)
        wanted = {record for pair in pairs for record in (pair.record_a, pair.record_b) if record}
        found = self.records().in_bulk(list(wanted))
        looks = {pair.id: self._look(pair, found) for pair in pairs}
        astray = belonging.astray(self, pairs, looks)
        looks |= {pair: _left_out(looks[pair]) for pair in astray}
        policy = self.speaking(
            Both(*([one.values for look in looks.values() if (one := look.of(side))] for side in Side)),
            list(self.policy.fields),
        )
        return Seen(newcomers.noted(self, pairs, edits.dated(self, pairs, looks)), policy, astray)

    def look(self, pair: Pair) -> Look:
        """Both current records of one pair, whatever they belong to and refer to."""
        found = self.records().in_bulk([one for one in (pair.record_a, pair.record_b) if one])
        return self._look(pair, found)

    def records(self) -> QuerySet[CommonModel]:
        """Records with all that a look needs."""
        return self.model.objects.only(*_PLAIN, *self._times, *_columns(self.reads))

    @cached_property
    def reads(self) -> frozenset[str]:
        """The fields of records that a look reads."""
        return self.configuration.reads()

    @cached_property
    def _times(self) -> Sequence[str]:
        """The columns that say when a record was changed; none where the bridge does not ask for that."""
        known = wire_fields(self.model)
        times = [name for name in beginning.TIMES if name in known]
        return [*times, beginning.OURS] if self.configuration.since else []

    def told(self, record: CommonModel | None, side: Side) -> Record | None:
        """A record as the engine sees it; a shell says nothing yet."""
        if record is None or record.is_shell:
            return None
        held = values.to_json({name: getattr(record, name) for name in self.reads})
        outside = not self.configuration.filter[side].wants(held)
        apart = self.unmapped[side] | self.scopes.apart
        carried = {name: held[name] for name in self.policy.fields if name not in apart}
        return Record(carried, gone=record.remote_was_deleted, outside=outside)

    def takes(self, record: CommonModel, side: Side) -> bool:
        """Whether a record takes part: it is there, the filter wants it, and it is none of before the beginning."""
        told = self.told(record, side)
        return told is not None and not (told.gone or told.outside or self._is_old(record, side))

    def _look(self, pair: Pair, found: Mapping[uuid.UUID, CommonModel]) -> Look:
        a, b = (found.get(record) if record else None for record in (pair.record_a, pair.record_b))
        told = Both(self.told(a, Side.A), self.told(b, Side.B))
        stays = self.configuration.leaving is Leaving.STAY and pair.base_a != {}
        both = [(record, side) for record, side in ((a, Side.A), (b, Side.B)) if record is not None]
        old = not pair.base_a and all(self._is_old(*one) for one in both)
        if stays or old:
            outside = old or any(self._is_kept_private(*one) for one in both)
            return _left_out(Look(told.a, told.b), outside=outside)
        return Look(told.a, told.b)

    def _is_kept_private(self, record: CommonModel, side: Side) -> bool:
        """Whether it is private, and the bridge keeps such records where they are: also those that were not before."""
        asked = self.configuration.filter[side].about(PRIVATE)
        return not asked.wants({PRIVATE: getattr(record, PRIVATE, None)})

    def _is_old(self, record: CommonModel, side: Side) -> bool:
        """Whether it was there, and was left alone since, before the bridge's beginning."""
        since = self.configuration.since
        return since is not None and beginning.is_old(record, since, self._first_read[side])

    @cached_property
    def _first_read(self) -> Both[dt.datetime | None]:
        a, b = (beginning.first_read(self.account_id(side), self.bridge.model) for side in Side)
        return Both(a, b)

    def speaking(self, told: Both[Sequence[Mapping[str, Any]]], names: Sequence[str]) -> Policy:
        """The policy with the words of references, for these values of these fields."""
        referring = [name for name in names if name in self.configuration.references]
        if not referring:
            return self.policy
        return self.policy.speaking({name: references.words(self, name, told) for name in referring})


def _left_out(look: Look, *, outside: bool = True) -> Look:
    """The same records, taking part or not."""
    return Look(*(one and replace(one, outside=outside) for one in (look.a, look.b)))


def access(account: LinkedAccount | None, model: str) -> Access:
    """What an account can write of a model by its adapter; nothing where that is not installed."""
    resource = resource_of(account, model)
    if resource is None:
        return Access()
    return Access(
        resource.writable("update"),
        resource.writable("create"),
        resource.requires("create"),
        creates=resource.can("create"),
        deletes=resource.can("delete"),
    )


def mentions(account: LinkedAccount | None, model: str) -> Mapping[str, tuple[str, ...]]:
    """The signs by which texts of a model call people at an account, by field."""
    resource = resource_of(account, model)
    return resource.mentions if resource else {}


def _unmapped(account: LinkedAccount | None, model: str, names: Iterable[str]) -> frozenset[str]:
    custom = [name for name in names if name.startswith(CUSTOM)]
    resource = resource_of(account, model) if custom else None
    return frozenset(name for name in custom if resource is None or name not in resource.mapping.lenses)


def _columns(names: Iterable[str]) -> set[str]:
    """The columns of fields: custom ones share theirs."""
    return {"field_mappings" if name.startswith(CUSTOM) else name for name in names}


def _without(values: Values, names: frozenset[str]) -> Values:
    return {name: value for name, value in values.items() if name not in names}


def marked_up(account: LinkedAccount | None, model: str) -> frozenset[str]:
    """The fields whose texts are HTML or Markdown at an account."""
    resource = resource_of(account, model)
    return frozenset((*resource.markup, *resource.markdown)) if resource else frozenset()


def resource_of(account: LinkedAccount | None, model: str) -> Resource | None:
    """What the adapter of an account says of a model; None where it is not installed, or has no such model."""
    try:
        return connect.provider_of(account).resource(model) if account else None
    except registry.UnknownIntegration:
        return None


def remembered(pair: Pair) -> Memory:
    """What the engine remembers of a pair."""
    memory: dict[str, Any] = {"sent": None, "refused": [], "presumed": {}, "rulings": [], **pair.memory}
    return Memory.load({"state": pair.state, "base": {"a": pair.base_a, "b": pair.base_b}, **memory})


def remember(pair: Pair, memory: Memory) -> None:
    """Put what the engine remembers into the row; saving is the caller's."""
    data = memory.as_data()
    pair.state, base = data.pop("state"), data.pop("base")
    said = {name: pair.memory[name] for name in (SEPARATE,) if name in pair.memory}
    pair.base_a, pair.base_b, pair.memory = base["a"], base["b"], data | said


def place(record: CommonModel) -> list[str]:
    """Where a record stands in the list of its side, as JSON."""
    return [record.created_at.isoformat(), str(record.id)]


def record_of(pair: Pair, side: Side) -> uuid.UUID | None:
    """The record of a side."""
    return pair.record_a if side is Side.A else pair.record_b


def set_record(pair: Pair, side: Side, record: uuid.UUID | None) -> None:
    """Give a pair its record of a side; saving is the caller's."""
    setattr(pair, "record_a" if side is Side.A else "record_b", record)
