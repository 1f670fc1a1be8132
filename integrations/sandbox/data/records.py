"""What the stories of all categories have in common: records, their ids, days and sums."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

#: A record as common values, with its `remote_id`; references are remote ids.
Record = dict[str, Any]
#: Records by `category.Model`.
Records = dict[str, list[Record]]
#: When the story begins.
BEGIN: Final = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)


def key(kind: str, number: int) -> str:
    """The system's id of the record of a kind that was made so manieth."""
    return f"{kind}-{1001 + number}"


def keyed(kind: str, records: Iterable[Record]) -> list[Record]:
    """The records with ids in their order."""
    return [{"remote_id": key(kind, number), **record} for number, record in enumerate(records)]


def after(**time: float) -> datetime:
    """A moment so long after the beginning."""
    return BEGIN + timedelta(**time)


def on(day: int) -> date:
    """The day that is so many after the beginning."""
    return (BEGIN + timedelta(days=day)).date()


def total(amounts: Iterable[float]) -> float:
    """The sum of amounts of money, to the cent."""
    return sum(round(amount * 100) for amount in amounts) / 100
