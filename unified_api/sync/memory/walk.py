"""One step back in time: a record before an entry of the log, from the record after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from unified_api.models.base import CommonModel
from unified_api.sync import values
from unified_api.sync.models import Change


class Presence(StrEnum):
    """How a record stood at some time."""

    PRESENT = "present"
    DELETED = "deleted"  # at the provider; its values are kept
    NOT_CREATED = "not created"  # it had not been seen yet
    REFERENCE = "reference"  # other records named it, and nothing else was known of it
    UNKNOWN = "unknown"  # the log does not go back that far
    ERASED = "erased"  # with its linked account


@dataclass(frozen=True)
class Image:
    """A record at one time. `values`: by common field, as JSON; empty where there are none to show."""

    presence: Presence
    values: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, row: CommonModel | None) -> Image:
        """A record as its row has it now."""
        if row is None:
            return cls(Presence.ERASED)
        if row.is_shell:
            return cls(Presence.REFERENCE)
        presence = Presence.DELETED if row.remote_was_deleted else Presence.PRESENT
        return cls(presence, values.to_json(values.image(row)))

    def before(self, entry: Change) -> Image:
        """The record as it was before this entry, which is the newest that the image shows."""
        if entry.kind == "created":
            return Image(Presence.NOT_CREATED)
        # A field that the model does not have any more is not brought back.
        old = {name: was for name, (was, _) in entry.fields.items() if name in self.values}
        return replace(self, presence=_BEFORE.get(entry.kind, self.presence), values={**self.values, **old})


_BEFORE = {"deleted": Presence.PRESENT, "restored": Presence.DELETED}
