"""How the list of members goes on: in the order in which they changed, from the last one's moment on.

Who changes meanwhile moves to the end, and is met there. Members of one moment have no order of their own, and offsets
among such can pass over some: they are counted only where more than a page changed at once. That of signing up, which
no change moves, would not do: of who was imported that moment is often not known, and all these are tied.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from integrations.kit.errors import SHAPELESS
from integrations.kit.paging import State, Turn
from integrations.kit.paths import dig
from integrations.providers.mailchimp.lenses import changed

SINCE = "since_last_changed"


@dataclass(frozen=True)
class ByChange:
    """The members who changed when the last one of a page did, or later."""

    size: int = 1_000

    def params(self, state: State | None) -> dict[str, str]:
        """From which moment on, and behind how many of those."""
        since = {SINCE: state["since"]} if state and state["since"] else {}
        order = {"sort_field": "last_changed", "sort_dir": "ASC"}
        return {**order, **since, "offset": str(state["offset"] if state else 0), "count": str(self.size)}

    def next(self, state: State | None, turn: Turn) -> State | None:
        """From the last one's moment on; further by what came, where that is no later one."""
        before = state or {"since": None, "offset": 0}
        behind = before["offset"] + turn.count
        total = dig(turn.body, "total_items")
        if turn.count == 0 or (behind >= total if isinstance(total, int) else turn.count < self.size):
            return None
        since = _moment(dig(turn.body, f"members.{turn.count - 1}"))
        if since is None or (before["since"] and since <= before["since"]):
            return {**before, "offset": behind}
        return {"since": since, "offset": 0}


def _moment(member: Any) -> str | None:
    try:
        found: datetime | None = changed.read(member) or None
    except SHAPELESS:
        return None
    return found.astimezone(UTC).isoformat(timespec="seconds") if found else None
