"""Lists together with what is archived, which has an address of its own.

A list goes through one address, so the first page of it brings all that is archived. That takes memory where many
thousands are; the runs between complete ones ask for none of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from integrations.kit.endpoints import Api
from integrations.kit.paging import ByCursor, State, Turn
from integrations.kit.provider import Resource
from integrations.providers.pipedrive.paging import ByStart
from integrations.providers.pipedrive.walking import identity, walk

#: What the items of a first page are told.
_FIRST = "is_of_first_page"


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


def _nothing(_api: Api) -> list[Any]:
    return []


def with_archived(
    resource: Resource, further: Callable[[Api], list[Any]] = _nothing, calls: int = 0
) -> Resource:
    """The same, whose complete list has what is archived as well; what changed is asked for without it.

    further: what stands in neither of the two lists. calls: requests that this takes.
    """
    live = resource.list
    assert live is not None  # noqa: S101 - what cannot be listed has no archive
    assert isinstance(live.paging, ByCursor | ByStart)  # noqa: S101 - as all lists there
    paging, params, then = live.paging, live.params, live.then

    def all_of(api: Api, items: list[Any]) -> list[Any]:
        if not items or _FIRST in items[0]:
            shown = [{name: value for name, value in one.items() if name != _FIRST} for one in items]
            archived = list(walk(api, f"{live.path}/archived", params, paging))
            items = _overruled(_overruled(shown, archived), further(api))
        return then(api, items) if then else items

    first = _First(paging, paging.size)
    whole = replace(
        live, since=None, behind=None, paging=first, of=_FIRST, then=all_of, calls=live.calls + 1 + calls
    )
    return replace(resource, list=whole, changes=live)


def _overruled(items: list[Any], later: list[Any]) -> list[Any]:
    """Both; of what stands in both, as what moved just now, what was asked for later."""
    ids = {identity(one) for one in later}
    return [*(one for one in items if identity(one) not in ids), *later]
