"""The search, an index that comes behind: what was made in the last half minute is not found."""

from __future__ import annotations

import re
from typing import Final

from tests.emulators.exchange import Answer, Refused, Request
from tests.emulators.vendor import Routes
from tests.emulators.vendors.zendesk.forms import API, moment
from tests.emulators.vendors.zendesk.ticket import shown
from tests.emulators.world import Record, World

on: Final = Routes()
#: Seconds by which it comes behind.
LAG: Final = 30
_FARTHEST: Final = 1000


@on("GET", f"{API}/search")
def search(world: World, request: Request) -> Answer:
    """Tickets by words of their subject; pages by number, which end behind a thousand results."""
    size, page = min(request.number("per_page", 100), 100), request.number("page", 1)
    if size * page > _FARTHEST:
        raise Refused(422, f"pages end behind {_FARTHEST} results")
    found = [shown(t) for t in world.rows("ticket") if _is_found(world, t, request.asked("query") or "")]
    if request.asked("sort_by") == "created_at":
        found.sort(key=lambda t: (t["created_at"], t["id"]), reverse=request.asked("sort_order") != "asc")
    hits = [{**ticket, "result_type": "ticket"} for ticket in found[size * (page - 1) : size * page]]
    following = f"{world.url}{request.path}?page={page + 1}" if size * page < len(found) else None
    return Answer(
        200,
        {"results": hits, "count": len(found), "facets": None, "next_page": following, "previous_page": None},
    )


def _is_found(world: World, ticket: Record, query: str) -> bool:
    if ticket.get("_deleted") or (world.clock.now() - moment(ticket["created_at"])).total_seconds() < LAG:
        return False
    quoted = re.search(r'subject:"([^"]*)"', query)
    words = re.findall(r"\w+", (quoted[1] if quoted else query.replace("type:ticket", "")).lower())
    return all(word in re.findall(r"\w+", (ticket["subject"] or "").lower()) for word in words)
