"""The search: an index that may come behind, questions in JQL, and pages behind tokens that count.

Understood are bounds of `created` and `updated`, by minutes in the time zone of who asks or back from now, `creator =
currentUser()`, lists of projects, assignees and categories of statuses by their ids, and an order. Any other question
is refused.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from tests.emulators.exchange import Answer, Request
from tests.emulators.pieces import opened, piece, sealed
from tests.emulators.vendors.jira.common import API, asker, invalid, on
from tests.emulators.vendors.jira.issues import CATEGORIES, STATUSES, issue_shape
from tests.emulators.world import Record, World

_BOUND: Final = re.compile(r'(created|updated) >= "(\d{4}/\d\d/\d\d \d\d:\d\d)"')
_NEVER: Final = 'created < "1970/01/01 00:00"'
_ONE_OF: Final = re.compile(r"(statusCategory|project|assignee) in \(([^()]+)\)")
_BACK: Final = re.compile(r"(created|updated) >= -(\d+)d")
_ORDER: Final = re.compile(r"(created|updated|key) (ASC|DESC)")
_MOST: Final = 100
_RECONCILED: Final = 50
#: Seconds for which a token is good.
_LASTS: Final = 7 * 86_400.0


@on("GET", f"{API}/search/jql")
def search(world: World, request: Request) -> Answer:
    """The same as by POST."""
    fields = [name for told in request.every("fields") for name in told.split(",")]
    ids = [one for told in request.every("reconcileIssues") for one in told.split(",")]
    names = {name: told for name in ("jql", "nextPageToken") if (told := request.asked(name))}
    size = {"maxResults": request.number("maxResults", 50)}
    return _found(world, asker(world, request), {**names, **size, "fields": fields, "reconcileIssues": ids})


@on("POST", f"{API}/search/jql")
def search_by_post(world: World, request: Request) -> Answer:
    """A page of what a question finds. Nobody is told how many there are in all."""
    return _found(world, asker(world, request), request.body)


def _found(world: World, who: Record, asked: Record) -> Answer:
    where, _, order = asked.get("jql", "").partition(" ORDER BY ")
    if not where:
        raise invalid(
            "Unbounded JQL queries are not allowed here. Please add a search restriction to your query."
        )
    rows = [one for one in _known(world, asked) if not world.get("project", one["project"])["hidden"]]
    for condition in where.split(" AND "):
        rows = [one for one in rows if _holds(world, condition, one, who)]
    for name, direction in reversed([_sorted(one) for one in order.split(", ") if one]):
        rows.sort(key=lambda one, name=name: _place(one, name), reverse=direction == "DESC")  # type: ignore[misc]
    shown = piece(rows, _first(world, asked), min(asked.get("maxResults", 50), _MOST))
    issues = [issue_shape(world, one, who, asked.get("fields") or []) for one in shown.items]
    token = {} if shown.is_last else {"nextPageToken": sealed(shown.behind, world.clock.now().timestamp())}
    return Answer(200, {"issues": issues, "isLast": shown.is_last, **token})


def _known(world: World, asked: Record) -> list[Record]:
    """The issues as the index has them, but for those that are to be as they are."""
    fresh = {str(one) for one in asked.get("reconcileIssues") or ()}
    if len(fresh) > _RECONCILED:
        raise invalid(f"reconcileIssues takes at most {_RECONCILED} ids.")
    rows = [one for one in world.listed("issue") if one["id"] not in fresh]
    return rows + [one for one in world.rows("issue") if one["id"] in fresh]


def _first(world: World, asked: Record) -> int:
    token = asked.get("nextPageToken")
    if not token:
        return 0
    first, made = opened(token, 2)
    if world.clock.now().timestamp() > float(made) + _LASTS:
        raise invalid("The page token has expired.")
    return int(first)


def _sorted(told: str) -> tuple[str, str]:
    found = _ORDER.fullmatch(told)
    if found is None:
        raise invalid(f"Not able to sort using field '{told}'.")
    return found[1], found[2]


def _place(one: Record, name: str) -> Any:
    return int(one["id"]) if name == "key" else one[name]


def _holds(world: World, condition: str, one: Record, who: Record) -> bool:
    if bound := _BOUND.fullmatch(condition):
        zone = ZoneInfo(who["zone"])
        since = datetime.strptime(bound[2], "%Y/%m/%d %H:%M").replace(tzinfo=zone)
        return bool(datetime.fromisoformat(one[bound[1]]) >= since.astimezone(UTC))
    if back := _BACK.fullmatch(condition):
        return bool(datetime.fromisoformat(one[back[1]]) >= world.clock.now() - timedelta(days=int(back[2])))
    if condition == "creator = currentUser()":
        return bool(one["creator"] == who["id"])
    if condition == _NEVER:
        return False
    if some := _ONE_OF.fullmatch(condition):
        return _id_of(world, one, some[1]) in {told.strip('"') for told in some[2].split(", ")}
    raise invalid(f"Error in the JQL Query: {condition}")


def _id_of(world: World, one: Record, name: str) -> str:
    """What a list of ids is held against: of a status its category."""
    if name == "statusCategory":
        return str(CATEGORIES[STATUSES[one["status"]][1]])
    return str(one[name])
