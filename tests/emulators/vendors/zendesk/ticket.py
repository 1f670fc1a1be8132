"""What can be done to tickets, and what comes of it."""

from __future__ import annotations

from typing import Any, Final

from tests.emulators.exchange import Refused
from tests.emulators.vendors.zendesk.fields import add_tag_of_value, clear_values_without_tag, values_of
from tests.emulators.vendors.zendesk.files import attached
from tests.emulators.vendors.zendesk.forms import API, invalid, moment, spelled
from tests.emulators.vendors.zendesk.people import AGENTS, add_user, me
from tests.emulators.world import Record, World

#: All that a ticket can have.
STATUSES: Final = ("new", "open", "pending", "hold", "solved", "closed")
_WORDS: Final = {
    "status": STATUSES,
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
#: What changes are called in webhooks, where that does not follow from the field.
_CHANGES: Final = {
    "assignee_id": "agent_assignment",
    "group_id": "group_assignment",
    "problem_id": "problem_link",
    "due_at": "task_due_at",
}


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
    check(world, fresh, told)
    ticket = world.add("ticket", fresh)
    ticket["url"] = f"{world.url}{API}/tickets/{ticket['id']}.json"
    change(world, ticket, {"submitter_id": ticket["submitter_id"], **told})
    world.happened("ticket.created", "ticket", ticket)
    return ticket


def shown_audit(world: World, audit: Record) -> Record:
    """An audit as it is answered, with the comments in it as they are now."""
    events = [
        {**shown(world.get("comment", event["id"])), **event} if event["type"] == "Comment" else event
        for event in audit["events"]
    ]
    return {**shown(audit), "events": events}


def change_ticket(world: World, ticket: Record, **told: Any) -> Record:
    """What an agent does there; raises Refused."""
    check(world, ticket, told)
    change(world, ticket, told)
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


def check(world: World, ticket: Record, told: Record) -> None:
    """Raises Refused for what may not be told of a ticket."""
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


def change(world: World, ticket: Record, told: Record) -> Record:
    """Carry it out; the audit of it."""
    before, is_new = dict(ticket), "updated_at" not in ticket
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
        *({"id": one["id"], "type": "Comment"} for one in said),
        *_differences(world, before, ticket, "Create" if is_new else "Change"),
    ]
    touch(world, ticket)
    audit["created_at"] = ticket["updated_at"]
    audit["_at"] = ticket["_generated"]
    return audit


def _differences(world: World, before: Record, ticket: Record, kind: str) -> list[Record]:
    """Events of an audit. The first one of a ticket tells all that it was made with."""
    was = {} if kind == "Create" else before
    names = [name for name in (*_WRITABLE, "tags") if (was.get(name) or None) != (ticket.get(name) or None)]
    for name in names:
        word = _CHANGES.get(name, name.removesuffix("_id"))
        world.happened(f"ticket.{word}_changed", "ticket", ticket)
    return [
        {
            "id": world.next_id("event of audit"),
            "type": kind,
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


def is_fresh(ticket: Record, told: Record) -> None:
    """Refuse what comes too late, if who asks wants that; a stamp tells seconds."""
    if not told.get("safe_update"):
        return
    if not told.get("updated_stamp"):
        raise invalid(updated_stamp="Updated stamp: is required for a safe update")
    if moment(told["updated_stamp"]) != moment(ticket["updated_at"]):
        why = "Safe Update prevented the update due to outdated ticket data. Please fetch the latest."
        raise Refused(409, {"error": "UpdateConflict", "description": why})
