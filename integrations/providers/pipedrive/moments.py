"""When an activity is: a day, a time of it in UTC where there is one, and how long it takes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from integrations.kit.errors import Unmappable
from integrations.kit.paths import MISSING, dig

_A_DAY = timedelta(days=1)


def starts(activity: Any) -> Any:
    """A day, and a time in UTC where there is one; else midnight."""
    day, time = dig(activity, "due_date"), dig(activity, "due_time")
    if not isinstance(day, str) or not day:
        return day if day is MISSING else None
    try:
        moment = datetime.fromisoformat(f"{day} {time}" if isinstance(time, str) and time else day)
        return moment.replace(tzinfo=UTC)
    except ValueError:
        raise Unmappable("what stands at 'due_date' and 'due_time' is no moment that exists") from None


def write_start(moment: Any, _activity: Any) -> dict[str, Any]:
    """Day and time."""
    if moment is None:
        return {"due_date": None, "due_time": None}
    return {"due_date": moment.date().isoformat(), "due_time": moment.time().isoformat("seconds")}


def to_the_second(moment: datetime) -> datetime:
    """A moment as an activity has it."""
    return moment.replace(microsecond=0)


def ends(activity: Any) -> Any:
    """When it is over; nothing where nobody says how long it takes."""
    start, lasts = starts(activity), dig(activity, "duration")
    if start is MISSING or lasts is MISSING:
        return MISSING
    return start + _length(lasts) if start and isinstance(lasts, str) and lasts else None


def duration(start: datetime | None, end: datetime) -> str | None:
    """How long it takes, by hours, minutes and seconds; None where an activity cannot take so long there."""
    if start is None or not timedelta() <= end - start < _A_DAY:
        return None
    minutes, seconds = divmod(int((end - start).total_seconds()), 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"


def _length(told: str) -> timedelta:
    """Hours and minutes, and seconds where they are told."""
    try:
        hours, minutes, *seconds = (int(part) for part in told.split(":"))
        return timedelta(hours=hours, minutes=minutes, seconds=seconds[0] if seconds else 0)
    except ValueError:
        raise Unmappable("what stands at 'duration' is no length of time") from None
