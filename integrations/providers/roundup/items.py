"""What classes of a tracker have in common."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from integrations.kit.endpoints import GET, Since
from integrations.kit.lenses import instant
from integrations.kit.mapping import Mapping
from integrations.kit.paging import ByPage
from integrations.kit.provider import Resource
from unified_api.models.ticketing import User

ITEMS = "data.collection"
ISSUE = {
    "@verbose": "2",
    "@fields": "title,status,priority,assignedto,creator,keyword,messages,files,creation,activity",
}

#: How items show people.
_QUOTES = dict.fromkeys(("author", "creator", "assignedto"), Mapping(User, name="username"))


def moment(text: str) -> datetime:
    """A time as the tracker spells it."""
    return datetime.fromisoformat(f"{text.replace('.', 'T', 1)}+00:00")


def of_class(mapping: Mapping, name: str, params: dict[str, str], then: Any = None, **more: Any) -> Resource:
    """A class's lists by id (the default), or by activity; one item by a filter."""
    changes = Since(newest_first={"@sort": "-activity"}, stamp=instant("activity", parse=moment))
    paging = ByPage("@page_index", "@page_size", 100, total="data.@total_size")
    listed = GET(f"/{name}", items=ITEMS, params=params, paging=paging, since=changes, then=then)
    more = {"get": find(name, params, then), "recognise": ("name",), **more}
    return Resource(mapping=mapping, list=listed, quotes=_QUOTES, **more)


def find(name: str, params: dict[str, str], then: Any, joins: int = 1, /, **query: str) -> GET:
    """The newest items that a filter finds; without one, the item of an id. joins: requests of `then`."""
    newest = {**params, "@sort": "-id", "@page_size": "20", **(query or {"id": "{remote_id}"})}
    calls = 1 + (joins if then else 0)
    return GET(f"/{name}", items=ITEMS, first=not query, params=newest, then=then, calls=calls)
