"""Values of common fields in their three forms: as stored, as JSON in the journal, as an adapter takes them."""

from __future__ import annotations

import datetime as dt
import functools
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import orjson
from django.db import transaction

from integrations.kit.errors import Rejected
from tenants.models import LinkedAccount
from tenants.vault import Secret
from unified_api.models.base import CUSTOM, OWN, CommonModel, model_id, referring, wire_fields
from unified_api.sync import told
from unified_api.sync.models import Change
from unified_api.sync.tables import model_of

T = TypeVar("T")


def to_json(values: Mapping[str, Any]) -> dict[str, Any]:
    """Stored values as JSON: times and ids become text. What is sensitive, sealed or not, is left out."""
    plain = {n: value for n, value in values.items() if not isinstance(value, Secret | bytes | memoryview)}
    document: dict[str, Any] = orjson.loads(orjson.dumps(plain))
    return document


def from_json(model: type[CommonModel], values: Mapping[str, Any]) -> dict[str, Any]:
    """JSON values as they are stored; raises Malformed for what the field cannot hold."""
    fields = wire_fields(model)
    return {
        name: value if value is None or name.startswith(OWN) else fields[name].parse(value)
        for name, value in values.items()
    }


def current(model: type[CommonModel], record_id: uuid.UUID | None) -> CommonModel:
    """The record as stored now; raises the model's DoesNotExist."""
    with transaction.atomic(savepoint=False):
        record: CommonModel = model.objects.get(id=record_id)
    return record


def for_adapter(
    model: type[CommonModel], values: Mapping[str, Any], linked_account_id: uuid.UUID
) -> dict[str, Any]:
    """Stored values as an adapter takes them: the provider's ids in place of ours; raises Rejected for unknown ones."""
    remote = dict(values)
    for name, field in referring(model).items():
        if (ids := values.get(name)) is not None:
            known = _remote_ids(told.references(field, ids, values), name, linked_account_id)
            remote[name] = told.replaced(field, ids, values, functools.partial(_looked_up, known))
    return remote


def version(record: CommonModel) -> str:
    """The record's version as one word: it changes whenever anything of the record does."""
    return str(round(record.modified_at.timestamp() * 1_000_000))


def changed_since(record: CommonModel, seen: str) -> list[str]:
    """Fields that changed after the version that somebody saw; all that have a value where it is none of this record.

    The provider's own bookkeeping (fields that nobody can write) is left out: a comment that moves a ticket's date
    is no reason to refuse an edit of its title. So is what may not be read at the account: nobody has seen it.
    """
    moment = _moment_of(seen)
    fields, hidden = wire_fields(type(record)), _hidden(record)
    writable = {name for name, field in fields.items() if field.write != "never" and name not in hidden}
    if moment is None or moment < record.created_at:
        return sorted(name for name in writable if getattr(record, name) is not None)
    with transaction.atomic():
        later = Change.objects.filter(record_id=record.id, at__gt=moment)
        changed = {name for fields in later.values_list("fields", flat=True) for name in fields}
    return sorted(name for name in changed - hidden if name in writable or name.startswith(CUSTOM))


def _hidden(record: CommonModel) -> frozenset[str]:
    """What may not be read of a record, custom fields among it."""
    from unified_api.sync import targets  # what is read by them comes here

    with transaction.atomic():
        account = LinkedAccount.objects.get(id=record.linked_account_id)
        return targets.hidden(account, model_id(type(record)))


def _moment_of(version: str) -> dt.datetime | None:
    """The stamp behind a version; None for what is no version of ours."""
    try:
        return dt.datetime.fromtimestamp(int(version) / 1_000_000, dt.UTC)
    except (ValueError, OverflowError, OSError):
        return None


def image(record: CommonModel) -> dict[str, Any]:
    """All common fields of a record as stored."""
    custom = {CUSTOM + target: value for target, value in (record.field_mappings or {}).items()}
    return {**{name: getattr(record, name) for name in wire_fields(type(record))}, **custom}


def in_transaction(read: Callable[[], T]) -> T:
    """The result of a read that needs a transaction of its own."""
    with transaction.atomic():
        return read()


def _looked_up(known: Mapping[str, str], _to: str, record: Any) -> str:
    return known[str(record)]


def _remote_ids(
    references: Iterable[tuple[str, Any]], name: str, linked_account_id: uuid.UUID
) -> dict[str, str]:
    """The provider's ids by ours. Of this account alone: another one's id would name a stranger there."""
    named: dict[str, list[str]] = defaultdict(list)
    for to, record in references:
        named[to].append(str(record))
    found: dict[str, str] = {}
    for to, ids in named.items():
        with transaction.atomic():
            own = model_of(to).objects.filter(id__in=ids, linked_account_id=linked_account_id)
            rows = own.exclude(remote_id=None).values_list("id", "remote_id")
            known = {str(record): str(remote) for record, remote in rows}
        unknown = [record for record in ids if record not in known]
        if unknown:
            raise Rejected(
                f"{name} names a record that is not known", fields={name: f"no {to} has id {unknown[0]}"}
            )
        found |= known
    return found
