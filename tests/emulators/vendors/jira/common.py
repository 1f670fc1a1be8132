"""What the addresses of a site have in common: who asks, how moments are told, pages that count."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from tests.emulators.exchange import Answer, Refused, Request
from tests.emulators.pieces import piece
from tests.emulators.vendor import Routes
from tests.emulators.world import Record, World

on = Routes()
API: Final = "/rest/api/3"
CLOUD: Final = "11223344-a1b2-3b33-c444-def123456789"


def canonical(path: str) -> str:
    """A path as it is described: what an application asks for stands below the site's id."""
    return path.removeprefix(f"/ex/jira/{CLOUD}")


def viewer(world: World, request: Request) -> Record | None:
    """The user who asks: by an API token, or by what an application was given."""
    scheme, _, told = request.headers.get("authorization", "").partition(" ")
    if scheme == "Basic":
        email, _, token = base64.b64decode(told).decode().partition(":")
        return next((u for u in world.rows("user") if (u["email"], u["token"]) == (email, token)), None)
    grant = next((g for g in world.rows("grant") if g["access"] == told), None)
    if scheme != "Bearer" or grant is None or grant["ends"] < world.clock.now().timestamp():
        return None
    return world.get("user", grant["user"])


def asker(world: World, request: Request) -> Record:
    """The same, of one who came in."""
    found = viewer(world, request)
    if found is None:
        raise Refused(401)
    return found


def is_app(request: Request) -> bool:
    """Whether an application asks for a user."""
    return request.headers.get("authorization", "").startswith("Bearer ")


def told(moment: str, who: Record) -> str:
    """A moment in the time zone of who asks, whose offset has no colon."""
    there = datetime.fromisoformat(moment).astimezone(ZoneInfo(who["zone"]))
    return there.isoformat(timespec="milliseconds")[:-3] + there.strftime("%z")[-2:]


def stamp(world: World) -> str:
    """Now, as it is kept."""
    return world.clock.now().astimezone(UTC).isoformat()


#: What is told of an issue that is not there, and of one that may not be seen.
HIDDEN: Final = "Issue does not exist or you do not have permission to see it."


def issue_named(world: World, name: str) -> Record:
    """An issue by its id or key; raises Refused."""
    for one in world.rows("issue"):
        if name in {one["id"], one["key"]} and not world.get("project", one["project"])["hidden"]:
            return one
    raise Refused(404, HIDDEN)


def invalid(*messages: str, **errors: str) -> Refused:
    """A refusal of values."""
    return Refused(400, {"errorMessages": [*messages], "errors": errors})


def counted(
    request: Request, rows: Sequence[Record], shape: Callable[[Record], Any], most: int = 100
) -> Answer:
    """A page that says how many there are."""
    size = min(request.number("maxResults", 50), most)
    shown = piece(rows, request.number("startAt", 0), size)
    values = [shape(one) for one in shown.items]
    facts = {"startAt": shown.first, "maxResults": size, "total": shown.total, "isLast": shown.is_last}
    return Answer(200, {**facts, "values": values})
