"""What the properties of calls and meetings mean: each kind has its own for the same."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from integrations.kit.errors import Rejected
from integrations.providers.hubspot.properties import WITHIN
from integrations.providers.hubspot.searching import millis, moment

CALLS, MEETINGS = "calls", "meetings"
#: Under which an item says of which kind it is, and a record what its properties mean.
TYPE, MEANS = "engagement_type", "means"
_LASTS = "hs_call_duration"
_NAMES = {
    CALLS: {
        "subject": "hs_call_title",
        "content": "hs_call_body",
        "direction": "hs_call_direction",
        "start": "hs_timestamp",
    },
    MEETINGS: {
        "subject": "hs_meeting_title",
        "content": "hs_meeting_body",
        "start": "hs_meeting_start_time",
        "end": "hs_meeting_end_time",
    },
}


def meant(kind: str, record: Any) -> dict[str, Any]:
    """A record under the id of its kind and its own, with what its properties mean."""
    told = record[WITHIN]
    means = {word: told.get(name) for word, name in {"direction": "", **_NAMES[kind]}.items()}
    lasts = told.get(_LASTS)
    if kind == CALLS:
        ends = means["start"] and lasts is not None
        means["end"] = millis(moment(means["start"]) + _milliseconds(lasts)) if ends else None
    return {**record, "id": f"{kind}-{record['id']}", TYPE: kind, MEANS: means}


def _milliseconds(told: Any) -> timedelta:
    return timedelta(milliseconds=float(told))


def spelled(kind: str, means: dict[str, Any], current: dict[str, Any]) -> dict[str, Any]:
    """The properties of a kind that say so; a call has no end, but a length."""
    names = _NAMES[kind]
    told = {names[word]: value for word, value in means.items() if word in names}
    beyond = {
        word: f"is nothing that {kind} have there"
        for word, value in means.items()
        if word not in names and value
    }
    if kind == CALLS and "end" in means:
        beyond.pop("end", None)
        told[_LASTS] = _length(means.get("start") or current.get("start"), means["end"])
    if beyond:
        raise Rejected("it cannot be written like this", fields=beyond)
    return told


def _length(start: Any, end: Any) -> int | None:
    return None if end is None else round((moment(end) - moment(start)).total_seconds() * 1000)
