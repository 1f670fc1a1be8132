"""The deep sample of an audit: some records read anew from their providers, to see whether the mirror is true.

Which ones is chosen by a hash of the audit's seed and the record's id, so that every record has the same chance and the
choice can be made while the pairs go by. A record that differs is only suspected: somebody may have edited it since the
last reading. It is read again after its stream has been read once more, and counts when the provider still says the
same and the mirror still does not.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import heapq
import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from integrations.kit import errors
from integrations.kit.provider import Resource
from tenants.models import LinkedAccount
from unified_api.engine.values import Side
from unified_api.models.base import CommonModel
from unified_api.sync import connect, job, values
from unified_api.sync.bridge.records import Frame
from unified_api.sync.limit import Purpose
from unified_api.sync.models import Stream

#: A place in the order of choice, and a record.
Ticket = tuple[str, str]


def drawn(seed: str, known: Iterable[Ticket], records: Iterable[uuid.UUID | None], most: int) -> list[Ticket]:
    """The sample after some more records: those that come first in the order of the seed."""
    more = ((_place(seed, record), str(record)) for record in records if record is not None)
    return heapq.nsmallest(most, {*(tuple(one) for one in known), *more})  # type: ignore[arg-type] # as JSON has it


def _place(seed: str, record: uuid.UUID) -> str:
    return hashlib.sha256(f"{seed} {record}".encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Probe:
    """Reads records of one side anew, under the lease of the audit. Raises ProviderError, and Overtaken."""

    frame: Frame
    side: Side
    lease: job.Lease

    @property
    def account(self) -> LinkedAccount:
        """The side's account."""
        account = self.frame.accounts[self.side]
        assert account is not None  # noqa: S101 - an audit samples living accounts only
        return account

    def differing(self, records: Iterable[str]) -> dict[str, str]:
        """Of some records those that the provider shows otherwise than the mirror: by id, a digest of what it says.

        What the mirror has seen since we asked is left out.
        """
        found = {}
        with connect.line(self.account, self.lease, purpose=Purpose.EVERYTHING) as line:
            for record in records:
                told = self._look(line, self.resource, uuid.UUID(record))
                if told is not None:
                    found[record] = told
        return found

    @property
    def resource(self) -> Resource:
        """What the adapter says of the model."""
        resource = connect.provider_of(self.account).resource(self.frame.model)
        assert resource is not None  # noqa: S101 - a bridge is over a model of both
        return resource

    @property
    def can_read(self) -> bool:
        """Whether the provider shows one record by its id; what is kept here has no other home to differ from."""
        return not self.resource.hosted and self.resource.get is not None

    def was_read_since(self, moment: dt.datetime) -> bool:
        """Whether the side's stream has been read in a run that began after a moment, and could see it."""
        stream = self.stream()
        lag = dt.timedelta(seconds=self.resource.read_lag)
        return stream is not None and stream.fresh_as_of is not None and stream.fresh_as_of > moment + lag

    def stream(self) -> Stream | None:
        """The side's stream, if it is read at all."""
        mine = Stream.objects.filter(linked_account_id=self.account.id, model=self.frame.bridge.model)
        found: Stream | None = mine.filter(paused_by=None).first()
        return found

    def _look(self, line: connect.Line, resource: Resource, record: uuid.UUID) -> str | None:
        held = values.current(self.frame.model, record)
        began = line.moments.draw()
        told: dict[str, Any] | None
        try:
            seen = line.client.read(resource, str(held.remote_id)).values
            told = {name: value for name, value in seen.items() if name in self.frame.policy.fields}
        except errors.Gone:
            told = None
        now = values.current(self.frame.model, record)
        if now.as_of > began or not self._differs(now, told):
            return None
        return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()

    def _differs(self, mirrored: CommonModel, told: dict[str, Any] | None) -> bool:
        if told is None or mirrored.remote_was_deleted:
            return mirrored.remote_was_deleted != (told is None)
        held = {name: getattr(mirrored, name) for name in told}
        known = values.in_transaction(lambda: values.for_adapter(self.frame.model, held, self.account.id))
        return any(known[name] != value for name, value in told.items())
