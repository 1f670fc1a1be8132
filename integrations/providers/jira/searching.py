"""The search: it finds which issues there are and which changed; what is in them is read by their ids.

Its index comes behind, by seconds or minutes, so that only ids and stamps are taken out of it: what `bulkfetch` answers
is the truth. It knows no total, and a moment in a question is a minute in the time zone of who asks.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from integrations.kit.endpoints import GET, Api, Since, Table, Then
from integrations.kit.errors import SHAPELESS, Misconfigured
from integrations.kit.lenses import instant
from integrations.kit.paging import ByCursor, State, Turn
from integrations.kit.paths import dig

#: The table whose only word is the time zone of who asks.
ZONE = "zone"
ZONES = Table(GET("/myself", items="", sole=True), key="accountId", word="timeZone")
#: Issues that are read at once, and so on a page.
MOST = 100
#: Where it is latest of all: what was asked for there leaves nothing out, wherever the user is.
_WEST = timezone(timedelta(hours=-12))
#: A question has to have a bound.
_ALL = 'created >= "1970/01/01 00:00"'
_NONE = 'created < "1970/01/01 00:00"'
#: What issues can be asked for beside that: fields, by the parameter that has the ids of which they are to be one.
_ONE_OF = {"categories": "statusCategory", "projects": "project", "people": "assignee"}
#: Categories of statuses by their keys. Their names are translated there, and their ids are not.
_CATEGORIES = {"undefined": "1", "new": "2", "done": "3", "indeterminate": "4"}
_MINE = "creator = currentUser() AND created >= -1d"
_TOKENS = ByCursor("nextPageToken", path="nextPageToken", end="isLast", size_param="maxResults", size=MOST)
_UPDATED = instant("fields.updated")


def zone_of(word: str | None) -> tzinfo:
    """A time zone by its name; one that nobody knows here is the westernmost."""
    try:
        return ZoneInfo(word) if word else _WEST
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return _WEST


def minute(moment: datetime, zone: tzinfo) -> str:
    """A moment as JQL takes it, never a later one.

    In the night in which clocks go back an hour comes twice. Its first time is told as the hour before, as nobody says
    which of both a question means.
    """
    there = moment.astimezone(zone)
    later = there.replace(fold=1).utcoffset()
    twice = (there.utcoffset() or timedelta()) - (later or timedelta())
    return (there.replace(tzinfo=None) - twice).strftime("%Y/%m/%d %H:%M")


def everything(then: Then) -> GET:
    """All issues, in the order in which they were made: no edit moves one to another page."""
    return _search(lambda params: (" AND ".join([_ALL, *_selected(params)]), "created ASC, key ASC"), then)


def _selected(params: Mapping[str, Any]) -> Iterator[str]:
    for name, field in _ONE_OF.items():
        if name in params:
            told = ", ".join(_text(one) for one in json.loads(params[name]))
            yield f"{field} in ({told})" if told else _NONE


def _text(value: str) -> str:
    """A literal in JQL that is this id: in quotes, a number would be looked for among the names first."""
    if value.isascii() and value.isdigit():
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def in_categories(keys: Sequence[str]) -> dict[str, str]:
    """The parameter that asks for issues whose status is in one of these categories; none is in one that is unknown."""
    return {"categories": json.dumps([_CATEGORIES[key] for key in keys if key in _CATEGORIES])}


def in_projects(ids: Sequence[str]) -> dict[str, str]:
    """The parameter that asks for issues of one of these projects."""
    return {"projects": json.dumps(list(ids))}


def assigned_to(people: Sequence[str]) -> dict[str, str]:
    """The parameter that asks for issues which are assigned to one of these."""
    return {"people": json.dumps(list(people))}


def changed(then: Then) -> GET:
    """The issues that changed, those first that changed longest ago."""
    since = Since(param="from", spell=datetime.isoformat, stamp=_UPDATED)

    def question(params: Mapping[str, Any]) -> tuple[str, str]:
        begin = datetime.fromisoformat(params["from"])
        return f'updated >= "{minute(begin, zone_of(params.get(ZONE)))}"', "updated ASC, key ASC"

    return GET(
        _PATH,
        items="issues",
        body=_asked(question),
        told=(ZONE,),
        paging=ByMinute(),
        since=since,
        then=then,
        calls=2,
    )


def newest(then: Then) -> GET:
    """What the user of the account made in the last day, the newest first."""
    return replace(_search(lambda _params: (_MINE, "created DESC"), then), pages=5)


def _search(question: Callable[[Mapping[str, Any]], tuple[str, str]], then: Then) -> GET:
    return GET(_PATH, items="issues", body=_asked(question), paging=_TOKENS, then=then, calls=2)


_PATH = "/search/jql"


def _asked(question: Callable[[Mapping[str, Any]], tuple[str, str]]) -> Callable[[Mapping[str, Any]], Any]:
    """The body of a question: a condition and an order, and where the page begins."""

    def body(params: Mapping[str, Any]) -> dict[str, Any]:
        where, order = question(params)
        place = {name: params[name] for name in ("nextPageToken",) if name in params}
        size = int(params.get("maxResults", MOST))
        return {"jql": f"{where} ORDER BY {order}", "fields": ["updated"], "maxResults": size, **place}

    return body


@dataclass(frozen=True)
class ByMinute:
    """From the minute of the last issue on: those that are edited meanwhile move to the end, and are met there.

    A token may count issues [?], and then those behind an edited one would move to a page that was read. So it is
    followed only where a whole page changed within one minute.
    """

    size: int = MOST

    def params(self, state: State | None) -> dict[str, str]:
        """From which moment on, and behind which token."""
        place = {"from": state["from"]} if state else {}
        token = {"nextPageToken": str(state["cursor"])} if state and state["by_token"] else {}
        return {"maxResults": str(self.size), **place, **token}

    def next(self, state: State | None, turn: Turn) -> State | None:
        """The minute of the last issue, as long as it moves on."""
        following = _TOKENS.next(state if state and state["by_token"] else None, turn)
        if following is None:
            return None
        last = _minute_of(dig(turn.body, f"issues.{turn.count - 1}"))
        return {**following, "from": last, "by_token": bool(state and state["from"] == last)}


def _minute_of(issue: Any) -> str:
    try:
        found: datetime = _UPDATED.read(issue)
        return found.astimezone(UTC).replace(second=0, microsecond=0).isoformat()
    except SHAPELESS as error:
        raise Misconfigured("the search does not say when an issue changed, and cannot go on") from error


def fetched(fields: Sequence[str], then: Then) -> Then:
    """Read the issues that were found by their ids; what is gone by now is left out. fields: of what is read."""

    def read(api: Api, found: list[Any]) -> list[Any]:
        ids = [str(one["id"]) for one in found]
        asked = {"issueIdsOrKeys": ids, "fields": [*fields]}
        there = {str(one["id"]): one for one in api.ask("/issue/bulkfetch", asked)["issues"]} if ids else {}
        return then(api, [there[one] for one in ids if one in there])

    return read
