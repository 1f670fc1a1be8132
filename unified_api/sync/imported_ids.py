"""Ids that records have elsewhere, and keep here: exceptions of the identity table, made before a record is seen.

    (remote id, id there) ─▶ weigh ─▶ fresh    the record will have this id
                                  ├─▶ same     it has it already, or will have it anyhow
                                  └─▶ refused  it has another id, or the id is another record's

An id stands for one record of a tenant, whatever its account and its model: versions, raw answers and history go by it.
Where two records are said to have one id, the first one keeps it.
"""

from __future__ import annotations

import functools
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from psycopg import sql

from tenants.scope import current_tenant
from unified_api.models.base import CommonModel, common_models, model_id, record_id
from unified_api.sync import tables
from unified_api.sync.models import Identity
from unified_api.sync.models_account import ImportedPart

_HOLDERS = """
    SELECT record_id, linked_account_id, model, remote_id FROM sync_identity
    WHERE tenant_id = %(tenant)s AND record_id = ANY(%(ids)s)
"""
_HOLDERS_OF_MODEL = """
    SELECT id, linked_account_id, {model}, remote_id FROM {table}
    WHERE tenant_id = %(tenant)s AND id = ANY(%(ids)s)
"""


class OldId(NamedTuple):
    """The id that a record has elsewhere, by the provider's id of it."""

    remote_id: str
    record_id: uuid.UUID


#: Linked account, common model and remote id of a record.
Holder = tuple[uuid.UUID, str, str | None]


@dataclass
class Weighed:
    """What becomes of some ids. own: remote ids whose computed id is another record's, and which get a new one."""

    fresh: list[OldId] = field(default_factory=list)
    same: int = 0
    refused: list[str] = field(default_factory=list)
    own: list[OldId] = field(default_factory=list)


class _Here:
    """What is known here of some remote ids and ids."""

    def __init__(self, account_id: uuid.UUID, model: type[CommonModel], page: Sequence[OldId]) -> None:
        self.account_id, self.model = account_id, model
        mine = {"linked_account_id": account_id, "remote_id__in": [old.remote_id for old in page]}
        read = model.objects.filter(**mine).values_list("remote_id", "id")
        named = Identity.objects.filter(**mine, model=model_id(model)).values_list("remote_id", "record_id")
        self.known: dict[str, uuid.UUID] = {**dict(read), **dict(named)}
        self.holders = _holders([old.record_id for old in page])

    def key(self, remote_id: str) -> Holder:
        return self.account_id, model_id(self.model), remote_id

    def of(self, remote_id: str) -> uuid.UUID:
        """The id that a record has here, or would have by itself."""
        return self.known.get(remote_id) or record_id(self.account_id, self.model, remote_id)

    def fault(self, old: OldId) -> str | None:
        """Why a record cannot have the id that it had; None if it can."""
        called = f"{model_id(self.model)} {old.remote_id!r} ({old.record_id} there)"
        known = self.known.get(old.remote_id)
        if known is not None and known != old.record_id:
            return f"{called} is known here as {known} already"
        others = self.holders[old.record_id] - {self.key(old.remote_id)}
        for account, model, remote_id in others:
            return f"{called} has the id of {model} {remote_id!r} of linked account {account}"
        return None

    def take(self, old: OldId) -> None:
        self.known[old.remote_id] = old.record_id
        self.holders[old.record_id].add(self.key(old.remote_id))


def weigh(account_id: uuid.UUID, model: type[CommonModel], page: Sequence[OldId]) -> Weighed:
    """What becomes of these ids; nothing is written. In the transaction that is open."""
    here, told = _Here(account_id, model, page), Weighed()
    for old in page:
        mine = here.of(old.remote_id)
        if (fault := here.fault(old)) is None:
            if mine == old.record_id:
                told.same += 1
            else:
                told.fresh.append(old)
            here.take(old)
        else:
            told.refused.append(fault)
            if mine == old.record_id and old.remote_id not in here.known:
                told.own.append(OldId(old.remote_id, uuid.uuid4()))
                here.take(told.own[-1])
    return told


def keep(account_id: uuid.UUID, model: type[CommonModel], told: Weighed) -> None:
    """Have these records keep their ids; in the transaction in which they were weighed, under the account's lock."""
    about = {"linked_account_id": account_id, "model": model_id(model)}
    Identity.objects.bulk_create(Identity(**about, **old._asdict()) for old in [*told.fresh, *told.own])


def is_unfinished(account_id: uuid.UUID) -> bool:
    """Whether ids of the account's records are still to come."""
    return ImportedPart.objects.filter(linked_account_id=account_id, finished_at=None).exists()


def _holders(ids: Iterable[uuid.UUID]) -> defaultdict[uuid.UUID, set[Holder]]:
    """The records of the tenant that have these ids, or are to have them."""
    values = {"tenant": current_tenant(), "ids": list(ids)}
    rows = tables.execute(_holders_statement(), values).fetchall()  # by name, so that the ids are sent once
    found: defaultdict[uuid.UUID, set[Holder]] = defaultdict(set)
    for record, account, model, remote_id in rows:
        found[record].add((account, model, remote_id))
    return found


@functools.cache
def _holders_statement() -> sql.Composed:
    parts = [
        sql.SQL(_HOLDERS_OF_MODEL).format(
            model=sql.Literal(model_id(model)), table=sql.Identifier(model._meta.db_table)
        )
        for model in common_models()
    ]
    return sql.SQL(" UNION ALL ").join([sql.SQL(_HOLDERS), *parts])
