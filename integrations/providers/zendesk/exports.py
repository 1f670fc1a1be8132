"""Incremental exports, which only administrators may read, ten times a minute.

What changed in the last minute is withheld; cursors between runs overlap by more than that. A start time is asked for
on every page, also beside a cursor, as the description has it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from integrations.kit.endpoints import GET, Since, Then
from integrations.kit.lens import Lens
from integrations.kit.paging import ByCursor, ByLink, Paging

PAGES = ByCursor("page[after]", path="meta.after_cursor", more="meta.has_more", size_param="page[size]")
_BY_CURSOR = ByCursor("cursor", path="after_cursor", end="end_of_stream")
_BY_TIME = ByLink(path="next_page", end="end_of_stream")


def since_1970(seconds: Any) -> datetime:
    """A moment that is told in seconds."""
    return datetime.fromtimestamp(seconds, UTC)


def by_cursor(kind: str, stamp: Lens) -> GET:
    """The export of a kind that has a cursor."""
    return _export(f"{kind}/cursor", kind, _BY_CURSOR, stamp)


def by_time(kind: str, stamp: Lens, then: Then | None = None, **params: str) -> GET:
    """The export of a kind that goes by the time of the last one, so that some come twice."""
    return _export(kind, kind, _BY_TIME, stamp, then, **params)


def _export(
    path: str, items: str, paging: Paging, stamp: Lens, then: Then | None = None, **params: str
) -> GET:
    since = Since("start_time", spell=lambda moment: str(max(0, int(moment.timestamp()))), stamp=stamp)
    asked = {"start_time": "0", **params}
    return GET(f"/incremental/{path}", items=items, params=asked, paging=paging, since=since, then=then)
