"""The record that is asked about, found by its id alone."""

from __future__ import annotations

import uuid
from collections.abc import Container
from dataclasses import dataclass
from functools import cached_property

from unified_api.models.base import CommonModel, common_model, common_models, model_id, wire_fields
from unified_api.models.fields import WireField
from unified_api.sync import withheld
from unified_api.sync.memory import shown
from unified_api.sync.models import Change


@dataclass(frozen=True)
class Subject:
    """A record: its model, whose it is, and its row as it is now; no row once it was erased with its account."""

    record_id: uuid.UUID
    model: type[CommonModel]
    account_id: uuid.UUID
    row: CommonModel | None

    @cached_property
    def hidden(self) -> Container[str]:
        """The fields that may not be read at its account, within the transaction that is open."""
        return withheld.of_account_id(self.account_id, model_id(self.model))

    def field(self, name: str) -> WireField:
        """One of its fields, as it may be shown."""
        return shown.concealed(wire_fields(self.model)[name], name in self.hidden)

    @classmethod
    def find(cls, record_id: uuid.UUID) -> Subject | None:
        """The record with this id, of whatever model; None where neither the tables nor the log know it."""
        entry = Change.objects.filter(record_id=record_id).order_by("-position").first()
        if entry is None:
            return cls._unlogged(record_id)
        model = common_model(entry.model)
        return cls(record_id, model, entry.linked_account_id, model.objects.filter(id=record_id).first())

    @classmethod
    def _unlogged(cls, record_id: uuid.UUID) -> Subject | None:
        """One that is known by reference only, or whose log is gone."""
        for model in common_models():
            row = model.objects.filter(id=record_id).first()
            if row is not None:
                return cls(record_id, model, row.linked_account_id, row)
        return None
