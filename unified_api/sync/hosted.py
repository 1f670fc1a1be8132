"""Writes to accounts whose records have no other home than here.

    journalled ──▶ done | rejected | moved        all in one transaction, under the account's lock

What is written lands as an observation, as any provider's answer does, and in the transaction that ends the write. So
such a write is never uncertain, and a condition of its writer is judged by the very record that is replaced.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integrations.kit import errors
from integrations.kit.observation import Observation
from integrations.kit.provider import Resource
from unified_api.models.base import CUSTOM, CommonModel, model_id, wire_fields
from unified_api.sync import clock, job, journal, store, tables, values
from unified_api.sync.models import Write, WriteState
from unified_api.sync.moments import Moments
from unified_api.sync.moved import refuse_moved


def perform(write: Write, lease: job.Lease, resource: Resource) -> None:
    """Carry out a journalled write; raises ProviderError or Stopped, and nothing is changed, where that cannot be."""
    with store.entry(write.linked_account_id) as entry:
        job.hold(lease)
        journal.refuse_stopped(write)
        _Performance(write, lease, resource, entry).go()


class _Performance:
    """One write, within the transaction that carries it out."""

    def __init__(self, write: Write, lease: job.Lease, resource: Resource, entry: store.Store) -> None:
        self.write = write
        self.lease = lease
        self.entry = entry
        self.version = resource.version
        self.model: type[CommonModel] = resource.model
        self.wanted = journal.wanted(write)
        self.cause = store.Cause(write.source, write_id=write.id)

    def go(self) -> None:
        """Do what the write says."""
        {"create": self._create, "update": self._update, "delete": self._delete}[self.write.operation]()

    def _create(self) -> None:
        """A new record, under the id that it was given or, made again, had; one without is named after its write."""
        remote_id = self.write.remote_id or self._former() or str(self.write.id)
        record = self.entry.record_of(self.model, remote_id)
        if self.model.objects.filter(id=record, is_shell=False, remote_was_deleted=False).exists():
            raise errors.Exists(f"there is a {self.model.__name__.lower()} with the id {remote_id!r} already")
        if self.model.wire.ignores and tables.ignored([record]):
            raise errors.Rejected(f"the {self.model.__name__.lower()} with the id {remote_id!r} is ignored")
        # A record that comes back says nothing that it said in its former life.
        former = self.model.objects.filter(id=record).values_list("field_mappings", flat=True).first() or {}
        blank = dict.fromkeys([*wire_fields(self.model), *(CUSTOM + target for target in former)])
        self._land(remote_id, {**blank, **self.wanted})
        self._close(self.wanted, None)

    def _former(self) -> str | None:
        """The id of the lost record in whose place it is made: that is free again, and so it stays the same record."""
        return self.model.objects.filter(id=self.write.record_id).values_list("remote_id", flat=True).first()

    def _update(self) -> None:
        record = self._current()
        differing = {name: value for name, value in self.wanted.items() if getattr(record, name) != value}
        if not differing:
            journal.close(self.write, self.lease, WriteState.DONE, error="")
            return
        self._land(str(record.remote_id), differing)
        self._close(differing, {name: getattr(record, name) for name in differing})

    def _delete(self) -> None:
        record = self._current()
        self.entry.remove(self.model, [record.id], self.cause)
        self._close({}, values.image(record))

    def _current(self) -> CommonModel:
        """The record as it is; raises Gone, and Moved where it is not as the writer saw it."""
        found = self.model.objects.filter(id=self.write.record_id, remote_was_deleted=False).first()
        if found is None:
            raise errors.Gone(f"the {self.model.__name__.lower()} is deleted")
        record: CommonModel = found
        refuse_moved(self.write, record)
        return record

    def _land(self, remote_id: str, said: Mapping[str, Any]) -> None:
        """Take in what the write says, as an answer that came just now."""
        moments = Moments()
        began = moments.draw()
        told = values.for_adapter(self.model, said, self.write.linked_account_id)
        answer = Observation(
            self.model, remote_id, told, None, began, moments.draw(), None, model_id(self.model), "write"
        )
        tally = self.entry.land([answer], self.cause, mapping_version=self.version)
        self.write.record_id, self.write.remote_id = tally.ids[self.model, remote_id], remote_id

    def _close(self, sent: Mapping[str, Any], before: Mapping[str, Any] | None) -> None:
        """End the write as one whose answer was seen."""
        write = self.write
        if write.pair_id:
            self.entry.flush()  # its pair learns what the record says
        write.sent = values.to_json(sent)
        write.pre_image = None if before is None else values.to_json(before)
        write.state, write.sent_at, write.attempts = WriteState.SENT, clock.now(), write.attempts + 1
        journal.close(write, self.lease, WriteState.DONE)
