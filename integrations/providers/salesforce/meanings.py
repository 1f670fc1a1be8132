"""What fields of events and logged tasks mean: each kind has its own for when something was, and for how long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from integrations.kit.endpoints import Api
from integrations.kit.errors import Rejected
from integrations.providers.salesforce.activities import TOLD, task_of, told_about
from integrations.providers.salesforce.lenses import changes
from integrations.providers.salesforce.soql import moment

EVENT, CALL, EMAIL = "Event", "Call", "Email"
#: Under which a record says of which type it is, and when it began and ended.
TYPE, STARTS, ENDS = "type", "starts", "ends"


def event(record: dict[str, Any]) -> dict[str, Any]:
    """An event with its times."""
    times = {STARTS: "StartDateTime", ENDS: "EndDateTime"}
    told = {name: record[field] for name, field in times.items() if field in record}
    return {**task_of(record), **told, TYPE: EVENT}


def logged(record: dict[str, Any]) -> dict[str, Any] | None:
    """A task that tells of what was done; none that is to be done."""
    kind = record.get("TaskSubtype")
    if kind not in TOLD:
        return None
    day, lasts = record.get("ActivityDate"), record.get("CallDurationInSeconds")
    ends = None
    if day and lasts is not None:
        ends = (_aware(datetime.fromisoformat(day)) + timedelta(seconds=lasts)).isoformat()
    return {**task_of(record), STARTS: day, ENDS: ends, TYPE: CALL if kind == CALL else EMAIL}


def held(api: Api, told: dict[str, Any], current: Any) -> dict[str, Any]:
    """The fields of an event; one has a beginning and an end."""
    if told.get("CallType"):
        raise Rejected(
            "it cannot be written like this", fields={"CallType": "is nothing that events have there"}
        )
    if current is not None:
        _see_kept(told, STARTS, ENDS)
    starts = told.get(STARTS) or (moment(api.now()) if current is None else None)
    ends = told.get(ENDS) or (starts if current is None else None)
    named = {"StartDateTime": starts, "EndDateTime": ends}
    return {**_fields(told, current), **{name: value for name, value in named.items() if value}}


def log(api: Api, told: dict[str, Any], current: Any) -> dict[str, Any]:
    """The fields of a task; one that is made is done, and another time of the same day is no change."""
    fields = _fields(told, current)
    if current is None:
        fields |= {"TaskSubtype": told[TYPE], "Status": "Completed"}
    else:
        _see_kept(told, STARTS)
        if told.get(ENDS) and STARTS not in told:
            why = "tells no length alone, as the day is all that is known there: change start_time with it"
            raise Rejected("it cannot be written like this", fields={ENDS: why})
    starts = told.get(STARTS) or moment(api.now())
    if current is None or told.get(STARTS):
        fields["ActivityDate"] = starts[:10]
    if ENDS in told:
        fields["CallDurationInSeconds"] = _lasts(starts, told[ENDS])
    return fields if current is None else changes(fields, current)


def _see_kept(told: dict[str, Any], *names: str) -> None:
    """See that none of these is cleared."""
    cleared = {name: "cannot be empty there" for name in names if name in told and not told[name]}
    if cleared:
        raise Rejected("it cannot be written like this", fields=cleared)


def _lasts(starts: str, ends: Any) -> int | None:
    """Seconds from a beginning, of which a day may be all that is known."""
    if not ends:
        return None
    return round((datetime.fromisoformat(ends) - _aware(datetime.fromisoformat(starts))).total_seconds())


def _aware(when: datetime) -> datetime:
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def _fields(told: dict[str, Any], current: Any) -> dict[str, Any]:
    own = {name: value for name, value in told.items() if name not in {TYPE, STARTS, ENDS}}
    return told_about(own, current)
