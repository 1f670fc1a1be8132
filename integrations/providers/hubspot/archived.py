"""What was archived there: no list of changes shows it, and the list of it takes no question."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import quote

from integrations.kit.endpoints import Api
from integrations.kit.errors import Gone
from integrations.kit.paths import dig
from integrations.providers.hubspot.searching import MOST, moment

#: So many pages of the list are looked through for what was archived lately.
_PAGES = 10


def archived(path: str, api: Api, since: datetime) -> list[Any]:
    """What was archived since a moment, a hundred at the most, of the thousand that the list of it shows first.

    path: of the records. One that was merged stands there, too [?], and answers by its id with the one that is left: it
    is left to who reads it by that.
    """
    lately: list[Any] = []
    asked = {"archived": "true", "limit": str(MOST)}
    for _page in range(_PAGES):
        answer = api.get(path, asked)
        lately += [one for one in answer["results"] if _was_archived(one, since)]
        following = dig(answer, "paging.next.after")
        if not isinstance(following, str):
            break
        asked["after"] = following
    lately.sort(key=lambda one: moment(one["archivedAt"]), reverse=True)
    return [one for one in lately[:MOST] if _is_gone(api, f"{path}/{quote(str(one['id']), safe='')}")]


def _was_archived(record: Any, since: datetime) -> bool:
    told = record.get("archivedAt")
    return isinstance(told, str) and moment(told) >= since


def _is_gone(api: Api, at: str) -> bool:
    try:
        api.get(at)
    except Gone:
        return True
    return False
