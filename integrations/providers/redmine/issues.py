"""Lists of issues, out of which tickets, comments and attachments come."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from integrations.kit.endpoints import GET, Api, Since, Then
from integrations.kit.errors import Misconfigured
from integrations.kit.lenses import instant
from integrations.kit.paging import State, Turn
from integrations.kit.paths import dig

PATH = "/issues/{remote_id}.json"
#: Closed ones as well; and in a single one its journal and its files.
ALL, WHOLE = {"status_id": "*", "include": "attachments"}, {"include": "attachments,journals"}
#: As many as Redmine shows at once.
_MOST = 100


@dataclass(frozen=True)
class ById:
    """From the id behind the last one on: whatever is deleted or changed meanwhile, none is passed over."""

    size: int = _MOST

    def params(self, state: State | None) -> dict[str, str]:
        """The lowest id, the order and the size."""
        return {"issue_id": f">={state['from'] if state else 1}", "sort": "id", "limit": str(self.size)}

    def next(self, state: State | None, turn: Turn) -> State | None:
        """The id behind the last one, until an answer holds all that there are; raises Misconfigured in a circle."""
        if turn.count == 0 or turn.count >= dig(turn.body, "total_count"):
            return None
        last = dig(turn.body, f"issues.{turn.count - 1}.id")
        if not isinstance(last, int) or last < (state["from"] if state else 1):
            raise Misconfigured(
                "the issues do not come in the order of their ids; their list would never end"
            )
        return {"from": last + 1}


def since(moment: datetime) -> str:
    """What a filter takes for a moment and all that is later."""
    return f">={moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def listed(then: Then, calls: int = 1) -> GET:
    """All issues, or those that changed. calls: requests of a page, with those of `then`."""
    changes = Since("updated_on", spell=since, stamp=instant("updated_on"))
    return GET(
        "/issues.json", items="issues", params=ALL, paging=ById(), since=changes, then=then, calls=calls
    )


def found(api: Api, params: dict[str, str]) -> Iterator[Any]:
    """The issues that a filter finds, in the order of their ids."""
    paging, state = ById(), None
    while True:
        answer = api.get("/issues.json", {**ALL, **params, **paging.params(state)})
        yield from answer["issues"]
        state = paging.next(state, Turn(answer, {}, len(answer["issues"])))
        if state is None:
            return
