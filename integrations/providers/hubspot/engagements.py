"""Calls and meetings, each of which has properties of its own for the same.

They are listed and searched one kind after the other; the id of one is its kind's and its own, `calls-512`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from integrations.kit.endpoints import GET, PATCH, Api
from integrations.kit.errors import Rejected
from integrations.kit.lenses import at, choice, compute, ref, refs
from integrations.kit.mapping import Mapping
from integrations.kit.paging import State
from integrations.kit.provider import Resource
from integrations.providers.hubspot.archived import archived_among
from integrations.providers.hubspot.associations import Link
from integrations.providers.hubspot.lenses import first, of, when
from integrations.providers.hubspot.meanings import CALLS, MEANS, MEETINGS, TYPE, meant, spelled
from integrations.providers.hubspot.people import version
from integrations.providers.hubspot.properties import WITHIN
from integrations.providers.hubspot.records import LINKS, OBJECTS, PAGES, Kind
from integrations.providers.hubspot.searching import changed_among, millis, newest
from integrations.providers.hubspot.through import Through
from unified_api.models.crm import Engagement, EngagementType

#: The kinds that are read, which HubSpot lists nowhere: each is a kind of objects of the system's own, with an address
#: in its API, and no account can add one. The types that an account gives its calls and meetings are within these.
_TYPES = [
    {"id": CALLS, "activity_type": "CALL", "name": "Call"},
    {"id": MEETINGS, "activity_type": "MEETING", "name": "Meeting"},
]


def _kind(name: str, contacts: int, companies: int) -> Kind:
    links = {"contacts": Link(contacts), "companies": Link(companies)}
    return Kind(name=name, created="hs_createdate", links=links)


_KINDS = {CALLS: _kind(CALLS, 194, 182), MEETINGS: _kind(MEETINGS, 200, 188)}


def _whole(api: Api, items: list[Any]) -> list[Any]:
    """All that is on a page is of one kind."""
    if not items:
        return []
    kind = items[0][TYPE]
    return [meant(kind, record) for record in _KINDS[kind].whole(api, items)]


def _find(api: Api, remote_id: str) -> Any:
    kind, _, own = remote_id.partition("-")
    found = _KINDS[kind].find(api, own) if kind in _KINDS and own else None
    return found and meant(kind, found)


def _make(api: Api, body: dict[str, Any]) -> str:
    kind = body.get(TYPE)
    if kind not in _KINDS:
        raise Rejected(
            "no such kind", fields={TYPE: f"cannot be {kind!r} there; known are {', '.join(_KINDS)}"}
        )
    start = {"start": millis(api.now()), **{k: v for k, v in body.get(MEANS, {}).items() if v is not None}}
    told = spelled(kind, start, {})
    if kind == MEETINGS:
        told["hs_timestamp"] = start["start"]
    made = _KINDS[kind].make(api, {WITHIN: {**told, **body.get(WITHIN, {})}, LINKS: body.get(LINKS, {})})
    return f"{kind}-{made}"


def _change(api: Api, remote_id: str, patch: dict[str, Any], current: Any) -> None:
    kind, _, own = remote_id.partition("-")
    told = spelled(kind, patch.get(MEANS, {}), current[MEANS])
    _KINDS[kind].change(api, own, {**patch, WITHIN: {**told, **patch.get(WITHIN, {})}}, current)


def _archived(api: Api, since: datetime, place: State | None) -> tuple[list[Any], State | None]:
    paths = {name: kind.path for name, kind in _KINDS.items()}
    found, further = archived_among(paths, api, since, place)
    return [meant(name, one) for name, one in found], further


def _means(word: str) -> str:
    return f"{MEANS}.{word}"


_ALL = f"{OBJECTS}/{{{TYPE}}}"

engagement_types = Resource(
    mapping=Mapping(
        EngagementType,
        activity_type=choice("activity_type", {"CALL": "CALL", "MEETING": "MEETING"}, read_only=True),
        name=at("name", read_only=True),
    ),
    # Any read that the account may make: what it answers is not looked at.
    list=GET("/account-info/v3/details", items="", sole=True, then=lambda _api, _items: _TYPES),
    frequency=86_400.0,
)
engagements = Resource(
    mapping=Mapping(
        Engagement,
        version=compute(version),
        gone="archived",
        engagement_type=ref(TYPE, create_only=True),
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
        _ALL,
        items="results",
        params={"archived": "false"},
        paging=Through(TYPE, dict.fromkeys(_KINDS, PAGES)),
        of=TYPE,
        then=_whole,
    ),
    changes=changed_among(
        _ALL, TYPE, {name: kind.changed for name, kind in _KINDS.items()}, _whole, _archived
    ),
    get=GET(f"{OBJECTS}/{{remote_id}}", find=_find, calls=_KINDS[CALLS].calls_to_read),
    create=_make,
    update=PATCH(f"{OBJECTS}/{{remote_id}}", send=_change, calls=_KINDS[CALLS].calls_to_change),
    recent=newest(_ALL, "hs_createdate", _whole, of=TYPE, calls=1 + _KINDS[CALLS].calls_to_read),
    tables=_KINDS[CALLS].tables,  # one record is of one of the kinds
    recognise=(TYPE, "subject"),
    lookback=600.0,
    read_lag=60.0,
    redirects=True,
    markup=("content",),
)
