"""Incremental exports: what changed since a moment, save in the last minute.

Tickets and users come by a cursor, organizations and events of tickets by the time of the last one, so that some come
twice. A ticket is exported when something touched it, be it the system itself; deleted ones are exported as well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from tests.emulators.exchange import Answer, Request
from tests.emulators.pieces import opened, piece, sealed
from tests.emulators.vendor import Routes
from tests.emulators.vendors.zendesk.forms import API, invalid, moment
from tests.emulators.vendors.zendesk.ticket import shown
from tests.emulators.world import Record, World

on: Final = Routes()
#: Records on a page.
_SIZE: Final = 1000
#: Seconds until a change is exported.
WITHHELD: Final = 60
Key = tuple[float, int]


@on("GET", f"{API}/incremental/tickets/cursor")
def tickets(world: World, request: Request) -> Answer:
    """Tickets, deleted ones with a status of their own."""
    found = [(_key(ticket["_generated"], ticket), ticket) for ticket in world.rows("ticket")]
    return _by_cursor(world, request, "tickets", found, _exported)


@on("GET", f"{API}/incremental/users/cursor")
def users(world: World, request: Request) -> Answer:
    """Users, also those that are not active any more."""
    found = [(_key(_seconds(user), user), user) for user in world.rows("user")]
    return _by_cursor(world, request, "users", found, dict)


@on("GET", f"{API}/incremental/organizations")
def organizations(world: World, request: Request) -> Answer:
    """Organizations."""
    found = [(_seconds(one), one) for one in world.rows("organization")]
    return _by_time(world, request, "organizations", found, dict)


@on("GET", f"{API}/incremental/ticket_events")
def ticket_events(world: World, request: Request) -> Answer:
    """What happened to tickets; with the comments themselves where somebody asks for these."""
    whole = request.asked("include") == "comment_events"
    found = [(audit["_at"], audit) for audit in world.rows("audit")]
    return _by_time(world, request, "ticket_events", found, lambda audit: _event(world, audit, whole=whole))


def _exported(ticket: Record) -> Record:
    bare = {**shown(ticket), "generated_timestamp": int(ticket["_generated"])}
    return {**bare, "status": "deleted"} if ticket.get("_deleted") else bare


def _event(world: World, audit: Record, *, whole: bool) -> Record:
    events = [_child(world, audit, event, whole=whole) for event in audit["events"]]
    told = {"ticket_id": audit["ticket_id"], "updater_id": audit["author_id"], "event_type": "Audit"}
    moments = {"timestamp": int(audit["_at"]), "created_at": audit["created_at"]}
    return {"id": audit["id"], **told, **moments, "child_events": events}


def _child(world: World, audit: Record, event: Record, *, whole: bool) -> Record:
    facts = {"id": event["id"], "event_type": event["type"], "via": "API"}
    if event["type"] == "Comment":
        said = shown(world.get("comment", event["id"])) if whole else {}
        public = world.get("comment", event["id"])["public"]
        return {**said, **facts, "comment_present": True, "comment_public": public}
    if event["type"] == "CommentPrivacyChange":
        return {**facts, "comment_id": event["comment_id"], "created_at": audit["created_at"]}
    return {**facts, event["field_name"]: event["value"]}


def _seconds(record: Record) -> float:
    return moment(record["updated_at"]).timestamp()


def _key(seconds: float, record: Record) -> Key:
    return seconds, record["id"]


def _start(world: World, request: Request) -> int:
    """Since when; raises Refused."""
    start = request.number("start_time", -1)
    if start < 0:
        raise invalid(start_time="start_time: is required")
    if start > world.clock.now().timestamp() - WITHHELD:
        raise invalid(start_time="Too recent start_time. Use a start_time older than 60 seconds")
    return start


def _by_cursor(
    world: World,
    request: Request,
    name: str,
    found: Sequence[tuple[Key, Record]],
    exported: Callable[[Record], Record],
) -> Answer:
    cursor = request.asked("cursor")
    seconds, last = opened(cursor, 2) if cursor else (_start(world, request), -1)
    behind, until = (float(seconds), int(last)), world.clock.now().timestamp() - WITHHELD
    ready = sorted(((key, one) for key, one in found if behind < key and key[0] <= until), key=lambda e: e[0])
    page = ready[: request.number("per_page", _SIZE)]
    after = sealed(*page[-1][0]) if page else cursor
    told = {
        "after_cursor": after,
        "after_url": f"{world.url}{request.path}?cursor={after}" if after else None,
        "before_cursor": None,
        "before_url": None,
        "end_of_stream": len(page) == len(ready),
    }
    return Answer(200, {name: [exported(one) for _, one in page], **told})


def _by_time(
    world: World,
    request: Request,
    name: str,
    found: Sequence[tuple[float, Record]],
    exported: Callable[[Record], Any],
) -> Answer:
    start, until = _start(world, request), world.clock.now().timestamp() - WITHHELD
    ready = sorted(((at, one) for at, one in found if start <= at <= until), key=lambda e: (e[0], e[1]["id"]))
    size = request.number("per_page", _SIZE)
    # What came in one second is not parted, and no page ends where it began, or nobody would get beyond it.
    while size < len(ready) and int(ready[size - 1][0]) in {int(ready[size][0]), start}:
        size += 1
    page = piece(ready, 0, size)  # type: ignore[arg-type]
    end = int(ready[page.behind - 1][0]) if page.items else start
    include = f"&include={told}" if (told := request.asked("include")) else ""
    sized = f"&per_page={per}" if (per := request.asked("per_page")) else ""
    link = f"{world.url}{request.path}?start_time={end}{include}{sized}"
    facts = {"count": len(page.items), "end_time": end, "end_of_stream": page.is_last, "next_page": link}
    return Answer(200, {name: [exported(one) for _, one in ready[: page.behind]], **facts})
