"""Whether a record is still as the writer saw it."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from integrations.kit import errors
from unified_api.models.base import CommonModel
from unified_api.sync import values
from unified_api.sync.models import Write


def refuse_moved(write: Write, record: CommonModel, ours: Collection[str] = ()) -> None:
    """Raise Moved with the fields that are no longer as the writer saw them.

    ours: those in which the write itself has changed the record, before it broke off.
    """
    seen, expected = write.if_version, write.expected
    if seen is not None and seen != values.version(record):
        _raise_if(name for name in values.changed_since(record, seen) if name not in ours)
    if expected is not None:
        known = values.from_json(type(record), expected)
        moved = (name for name, value in known.items() if getattr(record, name) != value)
        _raise_if(sorted(name for name in moved if name not in ours))


def _raise_if(fields: Iterable[str]) -> None:
    if told := dict.fromkeys(fields, "has another value now; read the record again"):
        raise errors.Moved("the record changed since it was read", fields=told)
