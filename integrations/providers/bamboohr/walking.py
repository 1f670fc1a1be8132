"""Going through all employees, some at a time, with further requests for each of them.

A report shows everybody, whatever their status; the directory has active ones alone. It comes in one answer, which the
pages here are cut out of: each begins behind the last id of the one before, so that nobody is skipped who stays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from integrations.kit.endpoints import GET, Api
from integrations.kit.paging import State, Turn

REPORT = "/reports/custom"
#: Under which an item is told the page that is asked for.
_PAGE = "page_of_employees"


@dataclass(frozen=True)
class ByEmployee:
    """So many employees at a time, in the order of their ids."""

    size: int

    def params(self, state: State | None) -> dict[str, str]:
        """How many, behind which id."""
        return {_PAGE: f"{self.size}:{state['after'] if state else ''}"}

    def next(self, state: State | None, turn: Turn) -> State | None:
        """Behind the last one of this page, if there are others."""
        shown = [one for one in turn.body["employees"] if isinstance(one, dict)]
        rest = _behind(state["after"] if state else "", [str(one.get("id")) for one in shown])
        return {"after": rest[self.size - 1]} if len(rest) > self.size else None


def _order(remote_id: str) -> tuple[int, str]:
    return len(remote_id), remote_id


def _behind(last: str, ids: list[str]) -> list[str]:
    return [one for one in sorted(set(ids), key=_order) if _order(one) > _order(last)]


def ids(_params: Any) -> dict[str, Any]:
    """A report that shows little more than ids, of everybody, also where the rest of two rows is the same."""
    return {"title": "Isthmus", "fields": ["status"], "filterDuplicates": "no"}


def walk(
    size: int,
    read: Callable[[Api, list[str]], list[Any]],
    *,
    calls: int,
    others: Callable[[Api], list[Any]] = lambda _api: [],
) -> GET:
    """A list that is read of employees by their ids, so many at a time.

    calls: for one page at the most. others: records that are nobody's, on the first page.
    """

    def some(api: Api, items: list[Any]) -> list[Any]:
        if not items:
            return []
        size, _, last = items[0][_PAGE].partition(":")
        found = read(api, _behind(last, [str(one["id"]) for one in items])[: int(size)])
        return found if last else [*others(api), *found]

    return GET(
        REPORT,
        items="employees",
        body=ids,
        paging=ByEmployee(size),
        of=_PAGE,
        then=some,
        calls=1 + calls,
    )


def values_of(answer: Any) -> list[Any]:
    """What stands in an object by ids; an empty list stands for an empty object."""
    return list(answer.values()) if isinstance(answer, dict) else list(answer)
