"""How values are spelled: everything may be a text, and nothing is an empty one, or a day of zeros."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

_NOTHING = ("", "0000-00-00", "0000-00-00 00:00:00")


def plain(record: dict[str, Any]) -> dict[str, Any]:
    """A record in which nothing is null."""
    return {key: None if value in _NOTHING else value for key, value in record.items()}


def is_employee(remote_id: str) -> bool:
    """Whether this can be an employee's id: that of zero would be whoever has the key."""
    return remote_id.isdecimal() and int(remote_id) > 0


def spelled(moment: datetime) -> str:
    """A moment as it is asked for: to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
