"""What was archived there: no list of changes shows it, and the list of it takes no question."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from integrations.kit.endpoints import Api
from integrations.kit.errors import Gone
from integrations.kit.paging import State
from integrations.kit.paths import dig
from integrations.providers.hubspot.searching import MOST, moment

#: So many pages of the list are looked through by a run for what was archived lately.
_PAGES = 10


def archived(path: str, api: Api, since: datetime, place: State | None) -> tuple[list[Any], State | None]:
    """What was archived since a moment, and from where on the next run looks.

    path: of the records. A list of more than a thousand, or of which a page shows a hundred that have just gone, is
    looked through in several runs. Then that goes round: what was archived on a page since it was looked at last is
    told. One that was merged stands there, too [?], and answers by its id with the one that is left: it is left to who
    reads it by that.
    """
    place = place or {"told": since.isoformat()}
    began, told = place.get("began", since.isoformat()), datetime.fromisoformat(place["told"])
    lately, further = _looked_through(path, api, told, place.get("after"))
    gone = [one for one in lately if _is_gone(api, f"{path}/{quote(str(one['id']), safe='')}")]
    if further is not None:
        return gone, {"told": place["told"], "began": began, "after": further}
    return gone, {"told": began} if "after" in place else None


def archived_among(
    paths: Mapping[str, str], api: Api, since: datetime, place: State | None
) -> tuple[list[tuple[str, Any]], State | None]:
    """The same of several kinds, each record with its kind. paths: of their records, by kind."""
    found: list[tuple[str, Any]] = []
    places: State = {}
    for name, path in paths.items():
        records, further = archived(path, api, since, (place or {}).get(name))
        found += [(name, one) for one in records]
        places |= {name: further} if further else {}
    return found, places or None


def _looked_through(path: str, api: Api, since: datetime, after: str | None) -> tuple[list[Any], str | None]:
    """What some pages show that was archived since a moment, and where the next one begins."""
    lately: list[Any] = []
    for _page in range(_PAGES):
        asked = {"archived": "true", "limit": str(MOST)} | ({"after": after} if after else {})
        answer = api.get(path, asked)
        lately += [one for one in answer["results"] if _was_archived(one, since)]
        following = dig(answer, "paging.next.after")
        after = following if isinstance(following, str) else None
        if after is None or len(lately) >= MOST:
            break
    return lately, after


def _was_archived(record: Any, since: datetime) -> bool:
    told = record.get("archivedAt")
    return isinstance(told, str) and moment(told) >= since


def _is_gone(api: Api, at: str) -> bool:
    try:
        api.get(at)
    except Gone:
        return True
    return False
