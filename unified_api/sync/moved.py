"""Whether a record is still as the writer saw it."""

from __future__ import annotations

from typing import NoReturn

from integrations.kit import errors
from unified_api.models.base import CommonModel
from unified_api.sync import values
from unified_api.sync.models import Write


def refuse_moved(write: Write, record: CommonModel) -> None:
    """Raise Moved with the fields that are no longer as the writer saw them."""
    seen, expected = write.if_version, write.expected
    if seen is not None and seen != values.version(record) and (fields := values.changed_since(record, seen)):
        _raise(fields)
    if expected is not None:
        known = values.from_json(type(record), expected)
        if fields := sorted(name for name, value in known.items() if getattr(record, name) != value):
            _raise(fields)


def _raise(fields: list[str]) -> NoReturn:
    told = dict.fromkeys(fields, "has another value now; read the record again")
    raise errors.Moved("the record changed since it was read", fields=told)
