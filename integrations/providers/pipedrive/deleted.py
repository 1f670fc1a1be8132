"""What was deleted lately, behind what changed: of deals alone there is a list of it, of the last thirty days.

It is asked for without a moment, since nobody says whether the last change of a deal moves when it is deleted [?].
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from integrations.kit.paging import State, Turn
from integrations.kit.provider import Resource
from integrations.providers.pipedrive.records import PAGES

_DELETED = "deleted"
_EVER = "1970-01-01T00:00:00Z"


@dataclass(frozen=True)
class _ByDeleted:
    """Pages of what changed, and then of what was deleted."""

    def params(self, state: State | None) -> dict[str, str]:
        """Which of the two, and the cursor."""
        told = {"status": _DELETED, "updated_since": _EVER} if state and _DELETED in state else {}
        return {**told, **PAGES.params(state if state and "cursor" in state else None)}

    def next(self, state: State | None, turn: Turn) -> State | None:
        """The cursor; behind the last one what was deleted, once."""
        second = {_DELETED: True} if state and _DELETED in state else {}
        following = PAGES.next(state if state and "cursor" in state else None, turn)
        if following is not None:
            return {**following, **second}
        return None if second else {_DELETED: True}


def with_deleted(resource: Resource) -> Resource:
    """The same, whose changes go on with what was deleted."""
    assert resource.changes is not None  # noqa: S101 - deals are asked for what changed
    return replace(resource, changes=replace(resource.changes, paging=_ByDeleted()))
