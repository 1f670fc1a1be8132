"""By what a record is known that is to be changed or made: some of its fields, and what they have to say.

Values are equal or they are not; nothing is matched by likeness. Equal are those, too, that are one at the provider:
where it keeps days alone, any two moments of a day. A list of small objects, such as addresses, matches where a record
has one of those that are sent.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection
from django.db.models import Q

from integrations.kit.errors import Rejected
from integrations.kit.mapping import Mapping as FieldMapping
from integrations.kit.observation import Observation
from integrations.kit.provider import Resource
from tenants.models import LinkedAccount
from unified_api.api import own_ids
from unified_api.api.errors import malformed
from unified_api.models.base import CommonModel, model_id, wire_fields
from unified_api.models.fields import Day, Flag, Instant, Malformed, Number, Ref, Text, Whole, WireField
from unified_api.models.shapes import Shapes
from unified_api.sync import journal, values
from unified_api.sync.models import Write
from unified_api.sync.problems import problem

REMOTE_ID: Final = "remote_id"
_CLASSES: Final = (Text, Ref, Instant, Day, Flag, Number, Whole)
#: Values of a list by which a record may be known: each is looked for in every record.
_MOST: Final = 20
_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"


def check(names: Sequence[str], model: type[CommonModel], hidden: Collection[str]) -> tuple[str, ...]:
    """The names of a key; raises DRF's ValidationError for what is none. hidden: fields that may not be read."""
    able = [name for name in of_model(model) if name == REMOTE_ID or name not in hidden]
    for name in names:
        if name not in able:
            raise malformed("match_by", f"{name!r} is none of {', '.join(able)}")
    return tuple(names)


def of_model(model: type[CommonModel]) -> list[str]:
    """All names by which records of a model can be known."""
    able = [name for name, field in wire_fields(model).items() if _can_match(field) and name != REMOTE_ID]
    return [REMOTE_ID, *able]


def _can_match(field: WireField) -> bool:
    plain = isinstance(field, _CLASSES) or (isinstance(field, Shapes) and bool(field.key))
    return plain and not field.sensitive


@dataclass(frozen=True)
class MatchKey:
    """values: by field, as they are stored. remote_id: where that is part of it. mapping: of the provider."""

    account: LinkedAccount
    model: type[CommonModel]
    values: Mapping[str, Any]
    remote_id: str | None = None
    mapping: FieldMapping | None = None

    def records(self) -> list[uuid.UUID]:
        """The records that say this, in the order of age, within the transaction that is open."""
        mine = self.model.objects.filter(
            linked_account_id=self.account.id, remote_was_deleted=False, is_shell=False
        )
        if self.remote_id is not None:
            mine = mine.filter(remote_id=self.remote_id)
        for name, value in self.values.items():
            mine = mine.filter(self._says(name, value))
        return list(mine.exclude(remote_id=None).order_by("created_at", "id").values_list("id", flat=True))

    def _says(self, name: str, value: Any) -> Q:
        field, forms = wire_fields(self.model)[name], [value, self._canonical(name, value)]
        if not isinstance(field, Shapes):
            return Q(**{f"{name}__in": forms})
        any_of = Q()
        for one in itertools.chain(*forms):
            any_of |= Q(**{f"{name}__contains": [{field.key: one[field.key]}]})
        return any_of

    def _canonical(self, name: str, value: Any) -> Any:
        """A value as the provider shows it once it was written; see Lens.canonical."""
        is_own_id = isinstance(wire_fields(self.model)[name], Ref)  # of which a provider knows nothing
        return value if self.mapping is None or is_own_id else self.mapping.canonical(name, value)

    def open_creates(self) -> list[Write]:
        """Creates under way that say the same, within the transaction that is open."""
        mine = Write.objects.filter(
            linked_account_id=self.account.id, model=model_id(self.model), operation="create"
        )
        mine = mine.exclude(state__in=journal.FINAL)
        if self.remote_id is not None:
            mine = mine.filter(remote_id=self.remote_id)
        return [
            one for one in mine.order_by("journalled_at") if all(self._is_same(one, n) for n in self.values)
        ]

    def _is_same(self, write: Write, name: str) -> bool:
        field, sent = wire_fields(self.model)[name], {name: write.values.get(name)}
        told = self._canonical(name, self.values[name])
        theirs = self._canonical(name, values.from_json(self.model, sent)[name])
        if not isinstance(field, Shapes):
            return bool(theirs == told)
        keys = {one[field.key] for one in told}
        return any(one.get(field.key) in keys for one in theirs or ())

    def lock(self) -> None:
        """Let no other create of this model of the account be journalled by a key until the open transaction ends."""
        with connection.cursor() as cursor:
            cursor.execute(_LOCK, [f"match key {self.account.id} {model_id(self.model)}"])

    def asks(self, resource: Resource) -> list[tuple[str, str, Any]]:
        """What the provider can be asked for of it; nothing where it can be asked for no part."""
        able = {name: value for name, value in self.values.items() if (name, "EQUALS") in resource.selects}
        try:
            remote = values.for_adapter(self.model, able, self.account.id)
        except Rejected:  # it names a record that the account does not have, which is refused later
            return []
        return [(name, "EQUALS", resource.mapping.canonical(name, remote[name])) for name in able]

    def said(self, resource: Resource) -> Callable[[Observation], bool]:
        """Tells whether a record that was just seen says this; of lists of objects the stored ones tell."""
        plain = {n: v for n, v in self.values.items() if not isinstance(wire_fields(self.model)[n], Shapes)}
        remote, same = values.for_adapter(self.model, plain, self.account.id), resource.mapping.same

        def says(seen: Observation) -> bool:
            is_it = self.remote_id in {None, seen.remote_id}
            return is_it and all(same(name, seen.values.get(name), told) for name, told in remote.items())

        return says

    def without(self, sent: Mapping[str, Any]) -> dict[str, Any]:
        """What is sent beside the key: the record says that already."""
        lists = {name for name in self.values if isinstance(wire_fields(self.model)[name], Shapes)}
        gone = ({*self.values} - lists) | {REMOTE_ID}
        return {name: value for name, value in sent.items() if name not in gone}


def of(
    sent: Mapping[str, Any],
    names: Sequence[str],
    resource: Resource,
    account: LinkedAccount,
    place: Mapping[str, str],
) -> MatchKey | list[dict[str, Any]]:
    """The key in a body, or what is wrong with it. place: what the path says of the record, which is part of it."""
    model, fields = resource.model, wire_fields(resource.model)
    given = own_ids.translate(sent, model, account.id)[0] if resource.hosted else sent
    known: dict[str, Any] = {name: fields[name].parse(told) for name, told in place.items()}
    errors = []
    for name in names:
        try:
            known[name] = _value(name, given.get(name), fields)
        except Malformed as error:
            kind = "MISSING_REQUIRED_FIELD" if given.get(name) in (None, "", []) else error.problem_type
            errors.append(problem(kind, "No key to match by", f"{name}: {error}.", name))
    return errors or MatchKey(account, model, known, known.pop(REMOTE_ID, None), resource.mapping)


def _value(name: str, told: Any, fields: Mapping[str, WireField]) -> Any:
    if told in (None, "", []):
        raise Malformed("a value to match by is expected")
    if name == REMOTE_ID:
        return own_ids.parse(told)
    field = fields[name]
    value = field.parse(told)
    if isinstance(field, Shapes) and len(value) > _MOST:
        raise Malformed(f"at most {_MOST} values to match by are expected")
    if isinstance(field, Shapes) and not all(one.get(field.key) for one in value):
        raise Malformed(f"objects with {field.key} are expected")
    return value
