"""Events, and tasks that log a call or an e-mail: what was said to customers, and when.

They are listed one kind after the other; how an id begins tells of which it is. A task knows a day and, of a call, how
long it took; an event knows its times.
"""

from __future__ import annotations

from collections.abc import Mapping as Facts
from dataclasses import dataclass
from typing import Any

from integrations.kit.endpoints import GET, PATCH, Api, Since, Stamp
from integrations.kit.errors import Rejected
from integrations.kit.lenses import at, choice, compute, instant, only, ref
from integrations.kit.mapping import Mapping
from integrations.kit.paging import Paging, State, Turn
from integrations.kit.provider import Resource
from integrations.providers.salesforce.activities import ABOUT
from integrations.providers.salesforce.lenses import owner, when
from integrations.providers.salesforce.meanings import (
    CALL,
    EMAIL,
    ENDS,
    EVENT,
    STARTS,
    TYPE,
    event,
    held,
    log,
    logged,
)
from integrations.providers.salesforce.records import FEW, LOOKBACK, Kind, is_gone
from integrations.providers.salesforce.soql import (
    API,
    ORGANIZATION,
    QUERY,
    QUERY_ALL,
    STAMP,
    ById,
    ByStamp,
    Question,
    asks,
    moment,
)
from unified_api.models.crm import Engagement, EngagementType

#: The kinds that are read, which Salesforce lists nowhere: events are objects of their own, and tasks that log a call
#: or an e-mail say so in TaskSubtype, whose words are the system's own
#: (https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_task.htm).
_TYPES = [
    {"id": EVENT, "activity_type": "MEETING", "name": "Event"},
    {"id": CALL, "activity_type": "CALL", "name": "Call"},
    {"id": EMAIL, "activity_type": "EMAIL", "name": "Email"},
]
_SOBJECT = "sobject"


_KINDS = {
    "00U": Kind(name="Event", shape=event, prepare=held),
    "00T": Kind(name="Task", shape=logged, prepare=log),
}
_BY_TYPE = {EVENT: _KINDS["00U"], CALL: _KINDS["00T"], EMAIL: _KINDS["00T"]}


@dataclass(frozen=True)
class Once:
    """A single page."""

    size: int

    def params(self, _state: State | None) -> dict[str, str]:
        """Its size."""
        return {"size": str(self.size)}

    def next(self, _state: State | None, _turn: Turn) -> State | None:
        """None."""
        return None


@dataclass(frozen=True)
class Through:
    """The pages of one kind after those of another. size: of a page, where it is not that of `inner`."""

    inner: Paging

    def params(self, state: State | None) -> dict[str, str]:
        """The kind, and the place in its list."""
        place, inside = (state["place"], state["inside"]) if state else (0, None)
        return {_SOBJECT: list(_KINDS.values())[place].name, **self.inner.params(inside)}

    def next(self, state: State | None, turn: Turn) -> State | None:
        """Further within the kind, or the beginning of the next one."""
        place, inside = (state["place"], state["inside"]) if state else (0, None)
        following = self.inner.next(inside, turn)
        if following is not None:
            return {"place": place, "inside": following}
        return {"place": place + 1, "inside": None} if place + 1 < len(_KINDS) else None


def _asks(*where: str) -> Question:
    by_kind = {kind.name: asks(kind.name, *kind.columns, where=where) for kind in _KINDS.values()}

    def question(params: Facts[str, Any]) -> Facts[str, str]:
        rest = {name: value for name, value in params.items() if name != _SOBJECT}
        return by_kind[params[_SOBJECT]](rest)

    return question


def _whole(api: Api, items: list[Any]) -> list[Any]:
    """All that is on a page is of one kind."""
    return _KINDS[items[0]["Id"][:3]].whole(api, items) if items else []


def _find(api: Api, remote_id: str) -> Any:
    kind = _KINDS.get(remote_id[:3])
    return kind and kind.find(api, remote_id)


def _make(api: Api, body: dict[str, Any]) -> str:
    kind = _BY_TYPE.get(str(body[TYPE]))
    if kind is None:
        why = f"cannot be {body[TYPE]!r} there; known are {', '.join(_BY_TYPE)}"
        raise Rejected("there is no such type", fields={TYPE: why})
    return kind.make(api, body)


def _change(api: Api, remote_id: str, patch: dict[str, Any], current: Any) -> None:
    _KINDS[remote_id[:3]].change(api, remote_id, patch, current)


engagement_types = Resource(
    mapping=Mapping(
        EngagementType,
        activity_type=choice(
            "activity_type", {"CALL": "CALL", "MEETING": "MEETING", "EMAIL": "EMAIL"}, read_only=True
        ),
        name=at("name", read_only=True),
    ),
    # Any read that the account may make: what it answers is not looked at.
    list=GET(QUERY, items="", sole=True, params=ORGANIZATION, then=lambda _api, _items: _TYPES),
    frequency=86_400.0,
)
engagements = Resource(
    mapping=Mapping(
        Engagement,
        remote_id="Id",
        version=STAMP,
        gone=compute(is_gone),
        engagement_type=ref(TYPE, create_only=True),
        subject="Subject",
        content="Description",
        direction=choice("CallType", {"INBOUND": "Inbound", "OUTBOUND": "Outbound"}),
        start_time=when(STARTS),
        end_time=when(ENDS),
        owner=owner(),
        account=ref(f"{ABOUT}.account"),
        contacts=only(ref(f"{ABOUT}.contact")),
    ),
    list=GET(
        QUERY_ALL,
        items="records",
        query=_asks("IsDeleted = false"),
        paging=Through(ById()),
        then=_whole,
        calls=2,
    ),
    changes=GET(
        QUERY_ALL,
        items="records",
        query=_asks(),
        paging=Through(ByStamp()),
        since=Since(param="from", spell=moment, stamp=instant(STAMP)),
        then=_whole,
        calls=2,
    ),
    get=GET(f"{API}/sobjects/{{remote_id}}", find=_find),
    create=_make,
    update=PATCH(f"{API}/sobjects/{{remote_id}}", send=_change, stamp=Stamp(instant(STAMP))),
    recent=GET(
        QUERY_ALL,
        items="records",
        params={"newest": "yes", "Subject": "{subject}"},
        query=_asks("IsDeleted = false"),
        paging=Through(Once(FEW)),
        pages=len(_KINDS),
        then=_whole,
        calls=2,
    ),
    recognise=("engagement_type", "subject"),
    tables=(_KINDS["00U"].name,),  # one record is of one of the kinds
    lookback=LOOKBACK,
)
