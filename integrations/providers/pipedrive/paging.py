"""How lists of the first version go on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from integrations.kit.paging import State, Turn
from integrations.kit.paths import dig

#: Where it says that there is more: the one or the other.
_MORE = (
    "additional_data.more_items_in_collection",
    "additional_data.pagination.more_items_in_collection",
)


@dataclass(frozen=True)
class ByStart:
    """Offsets, each page of which begins with the last item of the one before.

    No answer tells how many there are. If one is deleted behind us, later ones move forward, and the first item of a
    page is another one: then a page is read again from further in front.
    """

    size: int = 100

    def params(self, state: State | None) -> dict[str, str]:
        """Offset and limit."""
        return {"start": str(state["start"] if state else 0), "limit": str(self.size)}

    def next(self, state: State | None, turn: Turn) -> State | None:
        """Further by what came, but one; back where items moved; the end where it says that there is no more."""
        start, last = (int(state["start"]), state["last"]) if state else (0, None)
        if last is not None and _id(turn, 0) != last:
            return {"start": max(0, start - self.size), "last": None}
        if turn.count == 0 or not any(dig(turn.body, place) is True for place in _MORE):
            return None
        if turn.count == 1:  # of which none can be seen again
            return {"start": start + 1, "last": None}
        return {"start": start + turn.count - 1, "last": _id(turn, turn.count - 1)}


def _id(turn: Turn, place: int) -> Any:
    found = dig(turn.body, f"data.{place}.id")
    return found if isinstance(found, str | int) else None
