"""Lists of ours with the newest first."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import Q, QuerySet

from unified_api.api import cursors
from unified_api.api.cursors import Key, Window


def page(window: Window, rows: QuerySet[Any], column: str) -> tuple[list[Any], dict[str, Any]]:
    """The rows of a window, newest by a column with a time first, and `next` and `previous` of the page."""

    def fetch(key: Key | None, backwards: bool, limit: int) -> list[Any]:  # noqa: FBT001 - cursors.Fetch
        order = (column, "id") if backwards else (f"-{column}", "-id")
        return list(_beyond(rows, column, key, "gt" if backwards else "lt").order_by(*order)[:limit])

    return cursors.turn(window, fetch, lambda row: (getattr(row, column).isoformat(), str(row.id)))


def _beyond(rows: QuerySet[Any], column: str, key: Key | None, side: str) -> QuerySet[Any]:
    if key is None:
        return rows
    at, last = dt.datetime.fromisoformat(key[0]), key[1]
    return rows.filter(Q(**{f"{column}__{side}": at}) | Q(**{column: at, f"id__{side}": last}))
