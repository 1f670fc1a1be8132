"""Activities that are calls or meetings: engagements. All others are tasks.

They have a length in place of an end, and participants, of whom one is the first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from integrations.kit.endpoints import GET, PATCH, POST, Api
from integrations.kit.errors import Rejected
from integrations.kit.lenses import at, choice, compute, instant, ref, refs
from integrations.kit.mapping import Mapping
from integrations.kit.paging import Whole
from integrations.kit.paths import MISSING, dig
from integrations.kit.provider import Resource
from integrations.providers.pipedrive.moments import duration, ends, starts, to_the_second, write_start
from integrations.providers.pipedrive.records import resource
from integrations.providers.pipedrive.tasks import ENGAGEMENTS
from unified_api.models.crm import Engagement, EngagementType

_PATH = "/api/v2/activities"
#: What is told beside the fields of an activity: when it ends, and who takes part, the first one first.
_ENDS, _PEOPLE = "ends", "people"


def _is_none(activity: Any) -> bool:
    return dig(activity, "is_deleted") is True or dig(activity, "type") not in ENGAGEMENTS


def _shaped(_api: Api, activities: list[Any]) -> list[Any]:
    return [_told(one) for one in activities]


def _find(api: Api, remote_id: str) -> Any:
    """One by its id; none that is a task."""
    found = api.get(f"{_PATH}/{int(remote_id)}")["data"]
    return _told(found) if found["type"] in ENGAGEMENTS else None


def _told(activity: Any) -> dict[str, Any]:
    end = ends(activity)
    over = {} if end is MISSING else {_ENDS: end and end.isoformat()}
    return {**activity, **over, **_people(activity)}


def _people(activity: Any) -> dict[str, list[str]]:
    """Of who takes part; where that is not told, the person that it is about."""
    there, person = activity.get("participants"), activity.get("person_id")
    if there is None:
        return {_PEOPLE: [str(person)] if person else []} if "person_id" in activity else {}
    ranked = sorted(there, key=lambda one: not one.get("primary"))
    return {_PEOPLE: [str(one["person_id"]) for one in ranked if one.get("person_id")]}


def _body(fields: dict[str, Any], current: Any) -> dict[str, Any]:
    told = {name: value for name, value in fields.items() if name not in (_ENDS, _PEOPLE)}
    if current is None and told.get("type") not in ENGAGEMENTS:
        known = ", ".join(sorted(ENGAGEMENTS))
        raise Rejected("there is no such type", fields={"engagement_type": f"is none of {known}"})
    if _PEOPLE in fields:
        told["participants"] = _participants(fields[_PEOPLE] or ())
    start = starts({**(current or {}), **told})
    if _ENDS in fields:
        told["duration"] = _length(fields[_ENDS], start, "end_time")
    elif "due_date" in told and start and (end := dig(current, _ENDS)):
        told["duration"] = _length(end, start, "start_time")
    return told


def _participants(people: Iterable[str]) -> list[dict[str, Any]]:
    return [{"person_id": int(one), "primary": place == 0} for place, one in enumerate(people)]


def _length(end: str | None, start: Any, moved: str) -> str | None:
    """From start to end; moved: which of these the write names, as the other one stays."""
    if end is None:
        return None
    found = duration(start if isinstance(start, datetime) else None, datetime.fromisoformat(end))
    if found is None:
        why = "the end has to be behind the start, by less than a day: an activity has a length there"
        raise Rejected("it cannot last so long", fields={moved: why})
    return found


def _known(_api: Api, types: list[Any]) -> list[Any]:
    """Those of all accounts; one that the customer made is a task."""
    return [one for one in types if one["key_string"] in ENGAGEMENTS]


engagement_types = Resource(
    mapping=Mapping(
        EngagementType,
        remote_id="key_string",
        activity_type=choice("key_string", {"CALL": "call", "MEETING": "meeting"}, read_only=True),
        name=at("name", read_only=True),
    ),
    list=GET("/api/v1/activityTypes", items="data", paging=Whole(), then=_known),
    frequency=86_400.0,
)
_whole = resource(
    "activities",
    "activityFields",
    Mapping(
        Engagement,
        version="update_time",
        gone=compute(_is_none),
        engagement_type=ref("type", create_only=True),
        subject="subject",
        content="note",
        start_time=compute(starts, write_start, keep=to_the_second),
        end_time=instant(_ENDS, timespec="seconds"),
        owner=ref("owner_id", whole=True),
        account=ref("org_id", whole=True),
        contacts=refs(_PEOPLE),
    ),
    create=POST(_PATH, remote_id="data.id", body=_body),
    update=PATCH(f"{_PATH}/{{remote_id}}", body=_body),
    then=_shaped,
    recognise=("engagement_type", "subject"),
    markup=("content",),
)
#: They are not deleted by the API of this model, and no custom field of theirs can be written.
engagements = replace(
    _whole, get=GET(f"{_PATH}/{{remote_id}}", find=_find), delete=None, custom=(), field_classes=None
)
