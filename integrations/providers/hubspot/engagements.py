"""Calls and meetings, each of which has properties of its own for the same.

They are listed and searched one kind after the other; the id of one is its kind's and its own, `calls-512`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from integrations.kit.endpoints import GET, PATCH, Api, Since
from integrations.kit.errors import Rejected
from integrations.kit.lenses import at, choice, compute, instant, ref, refs
from integrations.kit.mapping import Mapping
from integrations.kit.paging import Paging, State, Turn
from integrations.kit.provider import Resource
from integrations.providers.hubspot.lenses import first, of, when
from integrations.providers.hubspot.people import version
from integrations.providers.hubspot.properties import WITHIN
from integrations.providers.hubspot.records import LINKS, OBJECTS, PAGES, Kind, Link
from integrations.providers.hubspot.searching import ByStamp, millis, moment, newest, question
from unified_api.models.crm import Engagement, EngagementType

#: Under which an item says of which kind it is, and a record what its properties mean.
_TYPE, _MEANS = "engagement_type", "means"
_CHANGED, _LASTS = "hs_lastmodifieddate", "hs_call_duration"
_CALLS, _MEETINGS = "calls", "meetings"
_NAMES = {
    _CALLS: {
        "subject": "hs_call_title",
        "content": "hs_call_body",
        "direction": "hs_call_direction",
        "start": "hs_timestamp",
    },
    _MEETINGS: {
        "subject": "hs_meeting_title",
        "content": "hs_meeting_body",
        "start": "hs_meeting_start_time",
        "end": "hs_meeting_end_time",
    },
}
_TYPES = [
    {"id": _CALLS, "activity_type": "CALL", "name": "Call"},
    {"id": _MEETINGS, "activity_type": "MEETING", "name": "Meeting"},
]


def _kind(name: str, contacts: int, companies: int) -> Kind:
    links = {"contacts": Link(contacts), "companies": Link(companies)}
    return Kind(name=name, created="hs_createdate", links=links)


_KINDS = {_CALLS: _kind(_CALLS, 194, 182), _MEETINGS: _kind(_MEETINGS, 200, 188)}


@dataclass(frozen=True)
class Through:
    """The pages of one kind after those of another."""

    inner: Paging

    def params(self, state: State | None) -> dict[str, str]:
        """The kind, and the place in its list."""
        state = state or {"place": 0, "inside": None}
        return {_TYPE: list(_KINDS)[state["place"]], **self.inner.params(state["inside"])}

    def next(self, state: State | None, turn: Turn) -> State | None:
        """Further within the kind, or the beginning of the next one."""
        state = state or {"place": 0, "inside": None}
        following = self.inner.next(state["inside"], turn)
        if following is not None:
            return {"place": state["place"], "inside": following}
        return {"place": state["place"] + 1, "inside": None} if state["place"] + 1 < len(_KINDS) else None


def _whole(api: Api, items: list[Any]) -> list[Any]:
    """All that is on a page is of one kind."""
    return (
        [_meant(items[0][_TYPE], record) for record in _KINDS[items[0][_TYPE]].whole(api, items)]
        if items
        else []
    )


def _meant(kind: str, record: Any) -> dict[str, Any]:
    """A record under the id of its kind and its own, with what its properties mean."""
    told = record[WITHIN]
    means = {word: told.get(name) for word, name in {"direction": "", **_NAMES[kind]}.items()}
    lasts = told.get(_LASTS)
    if kind == _CALLS:
        ends = means["start"] and lasts is not None
        means["end"] = millis(moment(means["start"]) + _milliseconds(lasts)) if ends else None
    return {**record, "id": f"{kind}-{record['id']}", _TYPE: kind, _MEANS: means}


def _milliseconds(told: Any) -> timedelta:
    return timedelta(milliseconds=float(told))


def _find(api: Api, remote_id: str) -> Any:
    kind, _, own = remote_id.partition("-")
    found = _KINDS[kind].find(api, own) if kind in _KINDS and own else None
    return found and _meant(kind, found)


def _make(api: Api, body: dict[str, Any]) -> str:
    kind = body.get(_TYPE)
    if kind not in _KINDS:
        raise Rejected(
            "no such kind", fields={_TYPE: f"cannot be {kind!r} there; known are {', '.join(_KINDS)}"}
        )
    start = {"start": millis(api.now()), **{k: v for k, v in body.get(_MEANS, {}).items() if v is not None}}
    told = _spelled(kind, start, {})
    if kind == _MEETINGS:
        told["hs_timestamp"] = start["start"]
    made = _KINDS[kind].make(api, {WITHIN: {**told, **body.get(WITHIN, {})}, LINKS: body.get(LINKS, {})})
    return f"{kind}-{made}"


def _change(api: Api, remote_id: str, patch: dict[str, Any], current: Any) -> None:
    kind, _, own = remote_id.partition("-")
    told = _spelled(kind, patch.get(_MEANS, {}), current[_MEANS])
    _KINDS[kind].change(api, own, {**patch, WITHIN: {**told, **patch.get(WITHIN, {})}}, current)


def _spelled(kind: str, means: dict[str, Any], current: dict[str, Any]) -> dict[str, Any]:
    """The properties of a kind that say so; a call has no end, but a length."""
    names = _NAMES[kind]
    told = {names[word]: value for word, value in means.items() if word in names}
    beyond = {
        word: f"is nothing that {kind} have there"
        for word, value in means.items()
        if word not in names and value
    }
    if kind == _CALLS and "end" in means:
        beyond.pop("end", None)
        told[_LASTS] = _length(means.get("start") or current.get("start"), means["end"])
    if beyond:
        raise Rejected("it cannot be written like this", fields=beyond)
    return told


def _length(start: Any, end: Any) -> int | None:
    return None if end is None else round((moment(end) - moment(start)).total_seconds() * 1000)


def _means(word: str) -> str:
    return f"{_MEANS}.{word}"


_CHANGES = Since(param="from", spell=millis, stamp=instant((WITHIN, _CHANGED), parse=moment))
_ALL = f"{OBJECTS}/{{{_TYPE}}}"

engagement_types = Resource(
    mapping=Mapping(
        EngagementType,
        activity_type=choice("activity_type", {"CALL": "CALL", "MEETING": "MEETING"}, read_only=True),
        name=at("name", read_only=True),
    ),
    # HubSpot lists them nowhere: they are what its documents name.
    list=GET("/account-info/v3/details", items="", sole=True, then=lambda _api, _items: _TYPES),
    frequency=86_400.0,
)
engagements = Resource(
    mapping=Mapping(
        Engagement,
        version=compute(version),
        gone="archived",
        engagement_type=ref(_TYPE, create_only=True),
        subject=_means("subject"),
        content=_means("content"),
        direction=choice(_means("direction"), {"INBOUND": "INBOUND", "OUTBOUND": "OUTBOUND"}),
        start_time=when(_means("start")),
        end_time=when(_means("end")),
        owner=ref(of("hubspot_owner_id")),
        account=first("companies"),
        contacts=refs((LINKS, "contacts")),
    ),
    list=GET(
        _ALL, items="results", params={"archived": "false"}, paging=Through(PAGES), of=_TYPE, then=_whole
    ),
    changes=GET(
        f"{_ALL}/search",
        items="results",
        paging=Through(ByStamp(_CHANGED)),
        body=question(_CHANGED),
        since=_CHANGES,
        of=_TYPE,
        then=_whole,
    ),
    get=GET(f"{OBJECTS}/{{remote_id}}", find=_find),
    create=_make,
    update=PATCH(f"{OBJECTS}/{{remote_id}}", send=_change),
    recent=newest(_ALL, "hs_createdate", _whole, of=_TYPE),
    recognise=(_TYPE, "subject"),
    lookback=600.0,
    read_lag=60.0,
    redirects=True,
    markup=("content",),
)
