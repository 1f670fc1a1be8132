"""How the desk gives its lists."""

from __future__ import annotations

from integrations.kit.endpoints import GET, Then
from integrations.kit.paging import ByLink, ByPage

PAGES = ByPage(size=100, total="count", more="next")


def newest(path: str, then: Then | None = None) -> GET:
    """The last page, and the one before it, since the last may have just begun."""
    return GET(
        path,
        items="results",
        paging=ByLink("previous", size_param="page_size", begin={"page": "last"}),
        pages=2,
        then=then,
    )
