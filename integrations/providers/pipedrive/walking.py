"""Lists that are read whole behind another one, all pages of them at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from integrations.kit.endpoints import Api
from integrations.kit.errors import Misconfigured
from integrations.kit.paging import Paging, State, Turn
from integrations.kit.paths import dig

#: So many pages in a row that show nothing new are the end, whatever they say of more.
_BARREN = 3


def walk(api: Api, path: str, params: Mapping[str, Any], paging: Paging) -> Iterator[Any]:
    """The items of a list, page by page."""
    state: State | None = None
    seen: set[str] = set()
    barren = 0
    while barren < _BARREN:
        answer = api.get(path, {**params, **paging.params(state)})
        found = dig(answer, "data")
        if not isinstance(found, list):
            raise Misconfigured("a list is due", request=f"GET {path}")
        ids = {identity(one) for one in found}
        barren = barren + 1 if ids <= seen else 0
        seen |= ids
        yield from found
        try:
            state = paging.next(state, Turn(answer, {}, len(found)))
        except Misconfigured:  # it leads in a circle: whatever it has not shown is read by its id then
            return
        if state is None:
            return


def identity(item: Any) -> str:
    """The id of an item of a list."""
    return str(dig(item, "id"))
