"""Tickets with their comments, audits and tags: the addresses."""

from __future__ import annotations

from typing import Final

from tests.emulators.exchange import Answer, Request
from tests.emulators.vendor import Routes
from tests.emulators.vendors.zendesk.forms import API, inner, paged
from tests.emulators.vendors.zendesk.people import me
from tests.emulators.vendors.zendesk.ticket import (
    add_ticket,
    change,
    change_ticket,
    check,
    delete,
    is_fresh,
    living,
    shown,
    shown_audit,
    touch,
)
from tests.emulators.world import World

on: Final = Routes()


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
    told = {"ticket": shown(ticket), "audit": shown_audit(world, world.rows("audit")[-1])}
    return Answer(201, told, {"Location": ticket["url"], "x-idempotency-lookup": "miss"})


@on("GET", f"{API}/tickets/{{ticket_id}}")
def show_ticket(world: World, request: Request) -> Answer:
    """One."""
    return Answer(200, {"ticket": shown(living(world, request.params["ticket_id"]))})


@on("PUT", f"{API}/tickets/{{ticket_id}}")
def update_ticket(world: World, request: Request) -> Answer:
    """Changes one, if it is as old as who wants that says."""
    ticket, told = living(world, request.params["ticket_id"]), inner(request, "ticket")
    is_fresh(ticket, told)
    check(world, ticket, told)
    audit = change(world, ticket, told)
    return Answer(200, {"ticket": shown(ticket), "audit": shown_audit(world, audit)})


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


@on("GET", f"{API}/tickets/{{ticket_id}}/audits")
def list_audits(world: World, request: Request) -> Answer:
    """What happened to a ticket, oldest first."""
    ticket = living(world, request.params["ticket_id"])
    audits = [shown_audit(world, one) for one in world.rows("audit") if one["ticket_id"] == ticket["id"]]
    return paged(world, request, "audits", audits)


@on("PUT", f"{API}/tickets/{{ticket_id}}/comments/{{comment_id}}/make_private")
def make_private(world: World, request: Request) -> Answer:
    """All that can be done to a comment, besides redacting it."""
    ticket = living(world, request.params["ticket_id"])
    said = world.get("comment", request.params["comment_id"])
    said["public"] = False
    touch(world, ticket)
    world.happened("ticket.comment_made_private", "ticket", ticket, comment={"id": str(said["id"])})
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
