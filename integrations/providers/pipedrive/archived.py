"""Lists together with what is archived, which has an address of its own.

A list goes through one address, so the first page of it brings all that is archived. That takes memory where many
thousands are; the runs between complete ones ask for none of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from integrations.kit.endpoints import Api
from integrations.kit.errors import Misconfigured
from integrations.kit.paging import ByCursor, State, Turn
from integrations.kit.paths import dig
from integrations.kit.provider import Resource
from integrations.providers.pipedrive.paging import ByStart

#: What the items of a first page are told.
_FIRST = "is_of_first_page"
#: So many pages in a row that show nothing new are the end, whatever they say of more.
_BARREN = 3


@dataclass(frozen=True)
class _First:
    """The pages of `inner`, of which the first one is told that it is. size: of a page."""

    inner: ByCursor | ByStart
    size: int

    def params(self, state: State | None) -> dict[str, str]:
        """Those of `inner`."""
        return {**({} if state else {_FIRST: "yes"}), **self._sized.params(state)}

    def next(self, state: State | None, turn: Turn) -> State | None:
        """That of `inner`."""
        return self._sized.next(state, turn)

    @property
    def _sized(self) -> ByCursor | ByStart:
        return replace(self.inner, size=self.size)


def with_archived(resource: Resource) -> Resource:
    """The same, whose complete list has what is archived as well; what changed is asked for without it."""
    live = resource.list
    assert live is not None  # noqa: S101 - what cannot be listed has no archive
    assert isinstance(live.paging, ByCursor | ByStart)  # noqa: S101 - as all lists there
    paging, params, then = live.paging, live.params, live.then

    def archived(api: Api) -> Iterator[Any]:
        state: State | None = None
        seen: set[str] = set()
        barren = 0
        while barren < _BARREN:
            answer = api.get(f"{live.path}/archived", {**params, **paging.params(state)})
            found = dig(answer, "data")
            if not isinstance(found, list):
                raise Misconfigured("a list of what is archived is due", request=f"GET {live.path}/archived")
            ids = {str(dig(one, "id")) for one in found}
            barren = barren + 1 if ids <= seen else 0
            seen |= ids
            yield from found
            try:
                state = paging.next(state, Turn(answer, {}, len(found)))
            except Misconfigured:  # it leads in a circle: whatever it has not shown is read by its id then
                return
            if state is None:
                return

    def both(api: Api, items: list[Any]) -> list[Any]:
        if not items or _FIRST in items[0]:
            shown = [{name: value for name, value in one.items() if name != _FIRST} for one in items]
            there = list(archived(api))
            ids = {str(dig(one, "id")) for one in there}  # what was archived just now stands in both
            items = [*(one for one in shown if str(one.get("id")) not in ids), *there]
        return then(api, items) if then else items

    first = _First(paging, paging.size)
    whole = replace(live, since=None, paging=first, of=_FIRST, then=both, calls=live.calls + 1)
    return replace(resource, list=whole, changes=live)
