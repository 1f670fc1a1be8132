"""How values are spelled: everything may be a text, and nothing is an empty one, or a day of zeros."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from integrations.kit.lens import InstantLens, Lens

_NOTHING = ("", "0000-00-00", "0000-00-00 00:00:00")


def plain(record: dict[str, Any]) -> dict[str, Any]:
    """A record in which nothing is null."""
    return {key: None if value in _NOTHING else value for key, value in record.items()}


def is_employee(remote_id: str) -> bool:
    """Whether this can be an employee's id: that of zero would be whoever has the key."""
    return remote_id.isdecimal() and int(remote_id) > 0


def midnight(day: str) -> datetime:
    """The moment at which a day begins."""
    return datetime.fromisoformat(day[:10]).replace(tzinfo=UTC)


def day_of(moment: datetime) -> str:
    """The day of a moment, in UTC."""
    return moment.astimezone(UTC).date().isoformat()


@dataclass(frozen=True, kw_only=True)
class OnDayLens(InstantLens):
    """A moment of which the day alone is kept there."""

    def same(self, left: Any, right: Any) -> bool:
        """Whether both are of one day."""
        return day_of(left) == day_of(right)


def on_day(path: str, **options: Any) -> Lens:
    """See OnDayLens."""
    return OnDayLens(path=path, parse=midnight, spell=day_of, **options)


def spelled(moment: datetime) -> str:
    """A moment as it is asked for: to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
