"""Tickets with their comments and tags."""

from __future__ import annotations

from typing import Any, Final

from tests.emulators.exchange import Answer, Refused, Request
from tests.emulators.vendor import Routes
from tests.emulators.vendors.zendesk.fields import add_tag_of_value, clear_values_without_tag, values_of
from tests.emulators.vendors.zendesk.files import attached
from tests.emulators.vendors.zendesk.forms import API, inner, invalid, moment, paged, spelled
from tests.emulators.vendors.zendesk.people import AGENTS, add_user, me
from tests.emulators.world import Record, World

on: Final = Routes()
_STATUSES: Final = ("new", "open", "pending", "hold", "solved", "closed")
_WORDS: Final = {
    "status": _STATUSES,
    "priority": ("urgent", "high", "normal", "low", None),
    "type": ("problem", "incident", "question", "task", None),
}
_WRITABLE: Final = (
    "subject",
    "status",
    "priority",
    "type",
    "assignee_id",
    "group_id",
    "requester_id",
    "organization_id",
    "external_id",
    "problem_id",
    "due_at",
    "brand_id",
    "custom_status_id",
)


def shown(ticket: Record) -> Record:
    """A ticket as it is answered."""
    return {key: value for key, value in ticket.items() if key[0] != "_"}


def add_ticket(world: World, told: Record) -> Record:
    """A new ticket; raises Refused."""
    said = told.get("comment") or {}
    if not (said.get("body") or said.get("html_body")):
        raise invalid(base="Description: cannot be blank")
    own, now = me(world), spelled(world.clock.now())
    asks = _requester(world, told) or own["id"]
    fresh = {
        **dict.fromkeys(_WRITABLE),
        "status": "open" if told.get("assignee_id") else "new",
        "requester_id": asks,
        "submitter_id": told.get("submitter_id", own["id"]),
        "description": said.get("body") or said.get("html_body"),
        "tags": [],
        "custom_fields": values_of(world),
        "follower_ids": [],
        "collaborator_ids": [],
        "is_public": said.get("public", True),
        "has_incidents": False,
        "via": {"channel": "api", "source": {"from": {}, "to": {}, "rel": None}},
        "created_at": now,
    }
    _check(world, fresh, told)
    ticket = world.add("ticket", fresh)
    ticket["url"] = f"{world.url}{API}/tickets/{ticket['id']}.json"
    _change(world, ticket, {"submitter_id": ticket["submitter_id"], **told})
    world.happened("ticket.created", "ticket", ticket)
    return ticket


def change_ticket(world: World, ticket: Record, **told: Any) -> Record:
    """What an agent does there; raises Refused."""
    _check(world, ticket, told)
    _change(world, ticket, told)
    return ticket


def delete(world: World, ticket: Record) -> None:
    """Only exports show it still."""
    ticket["_deleted"] = True
    touch(world, ticket)
    world.happened("ticket.soft_deleted", "ticket", ticket)


def touch(world: World, ticket: Record, *, silently: bool = False) -> None:
    """Have exports show it again; silently: as the system does, which leaves `updated_at`."""
    now = world.clock.now()
    ticket["_generated"] = now.timestamp()
    if not silently:
        ticket["updated_at"] = spelled(now)


def living(world: World, ticket_id: Any) -> Record:
    """A ticket that is not deleted; raises Refused."""
    ticket = world.get("ticket", ticket_id)
    if ticket.get("_deleted"):
        raise Refused(404, f"ticket {ticket_id} is deleted")
    return ticket


def _check(world: World, ticket: Record, told: Record) -> None:
    if ticket["status"] == "closed" and "_generated" in ticket:
        raise invalid(status="Status: closed prevents ticket update")
    for name, words in _WORDS.items():
        if name in told and told[name] not in words:
            raise invalid(**{name: f"{name.capitalize()}: {told[name]} is not valid"})
    assignee = told.get("assignee_id", ticket.get("assignee_id"))
    if assignee is not None and world.table("user").get(str(assignee), {}).get("role") not in AGENTS:
        raise invalid(assignee_id=f"Assignee: {assignee} is not an agent")
    if told.get("status") == "solved" and assignee is None:
        raise invalid(base="Assignee: is required when solving a ticket")


def _change(world: World, ticket: Record, told: Record) -> Record:
    """Carry it out; the audit of it."""
    before = dict(ticket)
    ticket.update({name: told[name] for name in _WRITABLE if name in told})
    if "requester" in told:
        ticket["requester_id"] = _requester(world, told)
    if ticket["status"] == "new" and ticket["assignee_id"]:
        ticket["status"] = "open"
    if "tags" in told:
        _set_tags(ticket, told["tags"])
        clear_values_without_tag(world, ticket)
    for value in told.get("custom_fields") or ():
        add_tag_of_value(world, ticket, value)
    world.obey("ticket", ticket)
    audit = world.add("audit", {"ticket_id": ticket["id"], "author_id": me(world)["id"]})
    said = [comment(world, ticket, told["comment"], audit)] if told.get("comment") else []
    audit["events"] = [
        *({"id": one["id"], "type": "Comment", "body": one["body"], "public": one["public"]} for one in said),
        *_differences(world, before, ticket),
    ]
    touch(world, ticket)
    audit["created_at"] = ticket["updated_at"]
    audit["_at"] = ticket["_generated"]
    return audit


def _differences(world: World, before: Record, ticket: Record) -> list[Record]:
    names = [name for name in (*_WRITABLE, "tags") if before.get(name) != ticket.get(name)]
    for name in names:
        world.happened(f"ticket.{name.removesuffix('_id')}_changed", "ticket", ticket)
    return [
        {
            "id": world.next_id("event of audit"),
            "type": "Change",
            "field_name": name,
            "value": str(ticket[name]),
        }
        for name in names
    ]


def _set_tags(ticket: Record, tags: list[str]) -> None:
    """In small letters, and a blank begins another."""
    ticket["tags"] = sorted({word for tag in tags for word in tag.lower().split()})


def _requester(world: World, told: Record) -> int | None:
    """Who asks; by address, made where nobody has it."""
    person = told.get("requester")
    if not person:
        return told.get("requester_id")
    email = person.get("email")
    known = next((user for user in world.rows("user") if email and user["email"] == email), None)
    return int((known or add_user(world, person.get("name") or email, email))["id"])


def comment(world: World, ticket: Record, told: Record, audit: Record) -> Record:
    """A comment; no one can be edited later. Raises Refused."""
    text = told.get("body") or told.get("html_body")
    if not text:
        raise invalid(base="Comment: cannot be blank")
    author = told.get("author_id") or (
        ticket["submitter_id"] if "updated_at" not in ticket else me(world)["id"]
    )
    said = world.add(
        "comment",
        {
            "type": "Comment",
            "author_id": author,
            "body": text.strip(),
            "html_body": told.get("html_body") or f"<p>{text.strip()}</p>",
            "plain_body": text.strip(),
            "public": told.get("public", ticket["is_public"]),
            "attachments": attached(world, told.get("uploads") or ()),
            "audit_id": audit["id"],
            "created_at": spelled(world.clock.now()),
            "_ticket": ticket["id"],
        },
    )
    world.happened("ticket.comment_added", "ticket", ticket, comment={"id": str(said["id"])})
    return said


@on("GET", f"{API}/tickets")
def list_tickets(world: World, request: Request) -> Answer:
    """The living ones; by `external_id`, which several may share."""
    wanted = request.asked("external_id")
    there = [shown(ticket) for ticket in world.rows("ticket") if not ticket.get("_deleted")]
    return paged(world, request, "tickets", [t for t in there if wanted in {None, t["external_id"]}])


@on("POST", f"{API}/tickets")
def create_ticket(world: World, request: Request) -> Answer:
    """A new one; where the same key comes again, the one that it made."""
    key = request.headers.get("idempotency-key")
    known = world.table("key of create").get(str(key)) if key else None
    if known:
        ticket = world.get("ticket", known["ticket"])
        return Answer(201, {"ticket": shown(ticket)}, {"x-idempotency-lookup": "hit"})
    ticket = add_ticket(world, inner(request, "ticket"))
    if key:
        world.add("key of create", {"id": key, "ticket": ticket["id"]})
    return Answer(201, {"ticket": shown(ticket)}, {"Location": ticket["url"], "x-idempotency-lookup": "miss"})


@on("GET", f"{API}/tickets/{{ticket_id}}")
def show_ticket(world: World, request: Request) -> Answer:
    """One."""
    return Answer(200, {"ticket": shown(living(world, request.params["ticket_id"]))})


@on("PUT", f"{API}/tickets/{{ticket_id}}")
def update_ticket(world: World, request: Request) -> Answer:
    """Changes one, if it is as old as who wants that says."""
    ticket, told = living(world, request.params["ticket_id"]), inner(request, "ticket")
    is_fresh(ticket, told)
    _check(world, ticket, told)
    audit = _change(world, ticket, told)
    return Answer(200, {"ticket": shown(ticket), "audit": shown(audit)})


def is_fresh(ticket: Record, told: Record) -> None:
    """Refuse what comes too late, if who asks wants that; a stamp tells seconds."""
    if not told.get("safe_update"):
        return
    if not told.get("updated_stamp"):
        raise invalid(updated_stamp="Updated stamp: is required for a safe update")
    if moment(told["updated_stamp"]) != moment(ticket["updated_at"]):
        why = "Safe Update prevented the update due to outdated ticket data. Please fetch the latest."
        raise Refused(409, {"error": "UpdateConflict", "description": why})


@on("DELETE", f"{API}/tickets/{{ticket_id}}")
def delete_ticket(world: World, request: Request) -> Answer:
    """Deletes one, softly."""
    delete(world, living(world, request.params["ticket_id"]))
    return Answer(204)


@on("GET", f"{API}/tickets/{{ticket_id}}/comments")
def list_comments(world: World, request: Request) -> Answer:
    """Those of a ticket, oldest first unless asked otherwise."""
    ticket = living(world, request.params["ticket_id"])
    said = [shown(one) for one in world.rows("comment") if one["_ticket"] == ticket["id"]]
    return paged(world, request, "comments", said[::-1] if request.asked("sort_order") == "desc" else said)


@on("PUT", f"{API}/tickets/{{ticket_id}}/comments/{{comment_id}}/make_private")
def make_private(world: World, request: Request) -> Answer:
    """All that can be done to a comment, besides redacting it."""
    ticket = living(world, request.params["ticket_id"])
    said = world.get("comment", request.params["comment_id"])
    said["public"] = False
    touch(world, ticket)
    told = {"id": world.next_id("event of audit"), "type": "CommentPrivacyChange", "comment_id": said["id"]}
    moment_of_it = {"created_at": ticket["updated_at"], "_at": ticket["_generated"]}
    world.add(
        "audit", {"ticket_id": ticket["id"], "author_id": me(world)["id"], "events": [told], **moment_of_it}
    )
    return Answer(200, {})


@on("GET", f"{API}/tags")
def list_tags(world: World, request: Request) -> Answer:
    """Those in use, with how often."""
    used = [tag for t in world.rows("ticket") if not t.get("_deleted") for tag in t["tags"]]
    rows = [{"name": name, "count": used.count(name)} for name in sorted(set(used))]
    return paged(world, request, "tags", rows)


@on("PUT", f"{API}/tickets/{{ticket_id}}/tags")
def add_tags(world: World, request: Request) -> Answer:
    """Adds some to those of a ticket."""
    ticket, told = living(world, request.params["ticket_id"]), request.body
    is_fresh(ticket, told)
    change_ticket(world, ticket, tags=[*ticket["tags"], *told.get("tags", ())])
    return Answer(200, {"tags": ticket["tags"]})
