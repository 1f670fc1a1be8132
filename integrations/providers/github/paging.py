"""How lists go on that are sorted by change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from integrations.kit.paging import ByLink, State, Turn
from integrations.kit.paths import dig

_LINKS = ByLink(size_param="per_page")


def second(moment: datetime) -> str:
    """A moment as GitHub takes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class BySecond:
    """From the last item on, where those that changed longest ago come first.

    The address that a page names may count pages [?]. Then one that changes while they are read moves to the end, the
    others move forward, and one of them is on no page. So the next page begins in the second before the last item's,
    which is right whether `since` includes its second or not [?]. Only where a whole page is of that time the address
    is followed.
    """

    def params(self, state: State | None) -> dict[str, str]:
        """The moment from which on it is read, or the query of the address."""
        if state is None or "query" in state:
            return _LINKS.params(state)
        return {**_LINKS.params(None), "since": state["since"]}

    def next(self, state: State | None, turn: Turn) -> State | None:
        """The moment of the last item, as long as it moves on."""
        following = _LINKS.next(state if state and "query" in state else None, turn)
        before, last = state and state.get("since"), _before(dig(turn.body, f"{turn.count - 1}.updated_at"))
        if following is None or last is None:
            return following
        return {**following, "since": before} if last == before else {"since": last}


def _before(stamp: object) -> str | None:
    try:
        return second(datetime.fromisoformat(str(stamp)) - timedelta(seconds=1))
    except ValueError:
        return None
