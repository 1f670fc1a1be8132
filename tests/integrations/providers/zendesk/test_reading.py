"""What is read of a desk, and the traps in reading it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from integrations.kit.client import Client
from integrations.kit.content import Content, Spool
from integrations.kit.errors import Gone, NeedsReauthorisation, RetryLater
from tests.emulators.engine import Emulator
from tests.emulators.vendors.zendesk import exports, ticket
from tests.integrations import metered
from tests.integrations.providers.zendesk.desk import (
    account_at,
    everything,
    old_ticket,
    pages_of,
    resource_of,
)
from unified_api.models.ticketing import Account, Attachment, Comment, Contact, Tag, Team, Ticket, User


def test_the_account_is_known_by_its_address(desk: Emulator, client: Client) -> None:
    """A good token is taken; with another one the system answers 200 as to a stranger, and that is a refusal."""
    assert client.check() == desk.url
    with account_at(desk, "wrong") as other, pytest.raises(NeedsReauthorisation):
        other.check()


def test_whoever_is_there_is_read(desk: Emulator, client: Client) -> None:
    """Agents as users, end users as contacts, organizations as accounts, groups as teams."""
    customer = next(user for user in desk.world.rows("user") if user["role"] == "end-user")
    desk.world.clock.forward(60)
    contact = everything(client, Contact)[str(customer["id"])]

    assert {o.values["name"] for o in everything(client, User).values()} == {"Ada Admin", "Ben Agent"}
    assert (contact.values["email_address"], contact.values["account"]) == ("cleo@acme.example", "1001")
    assert [o.values for o in everything(client, Account).values()] == [
        {"name": "Acme", "domains": ["acme.example"]}
    ]
    assert [o.values["name"] for o in everything(client, Team).values()] == ["Support"]


def test_a_ticket_is_read_with_all_that_hangs_on_it(desk: Emulator, client: Client) -> None:
    """Its fields, the customer's own fields by their ids, comments by whom they are, and files."""
    world = desk.world
    made = old_ticket(world, tags=["vip"], priority="high", custom_fields=[{"id": 1002, "value": "printer"}])
    ticket.change_ticket(world, made, comment={"body": "Still.", "author_id": made["requester_id"]})
    with Spool(100) as spool:
        spool.write(b"smoke")
        values = {"ticket": str(made["id"]), "file_name": "log ä.txt", "is_private": True}
        file = metered.create(client, resource_of(client, Attachment), values, Content(spool, "text/plain"))
    world.clock.forward(90)
    shown = everything(client, Ticket)[str(made["id"])]
    said = list(everything(client, Comment).values())
    files = everything(client, Attachment)

    assert shown.values["status"] == "OPEN"
    assert (shown.values["creator"], shown.values["contact"]) == (None, str(made["requester_id"]))
    assert shown.values["tags"] == ["printer", "vip"]
    assert shown.values["ticket_url"] == f"{desk.url}/agent/tickets/{made['id']}"
    assert shown.raw["custom_fields"] == {"1002": "printer", "1003": None}
    assert [(o.values["body"], o.values["contact"], o.values["is_private"]) for o in said] == [
        ("Still.", str(made["requester_id"]), False),
        ("log ä.txt", None, True),
    ]
    assert [o.values["user"] for o in said] == [None, "1001"]
    assert files[file.remote_id].values == {
        "file_name": "log ä.txt",
        "ticket": str(made["id"]),
        "content_type": "text/plain",
        "size": 5,
        "is_private": True,
        "uploaded_by": "1001",
        "remote_created_at": datetime(2026, 1, 31, 11, 5, tzinfo=UTC),
    }
    assert {o.values["name"] for o in everything(client, Tag).values()} == {"printer", "vip"}
    with Spool(100) as spool:
        assert client.download(resource_of(client, Attachment), file.remote_id, spool) == "text/plain"
        assert b"".join(spool.read()) == b"smoke"


def test_the_last_minute_is_withheld_and_nothing_of_it_is_lost(desk: Emulator, client: Client) -> None:
    """What changes at any second before, during or after a run is in that run or in the next."""
    made = old_ticket(desk.world)
    cursor: dict[str, Any] | None = pages_of(client, Ticket)[-1].cursor
    for seconds in (1, 20, 59, 60, 61, 119, 121, 300):
        ticket.change_ticket(desk.world, made, subject=f"after {seconds}")
        desk.world.clock.forward(seconds)
        pages = pages_of(client, Ticket, cursor)
        shown = {o.values["name"] for page in pages for o in page.observations}
        assert (f"after {seconds}" in shown) is (seconds >= exports.WITHHELD)
        desk.world.clock.forward(exports.WITHHELD)
        behind = pages_of(client, Ticket, pages[-1].cursor)
        shown |= {o.values["name"] for page in behind for o in page.observations}
        assert f"after {seconds}" in shown
        cursor = behind[-1].cursor
        desk.world.clock.forward(3600)


def test_pages_of_exports_are_read_to_their_end_within_the_limit(
    desk: Emulator, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Small pages, some records twice; where the eleventh request of a minute is refused, it goes on behind that."""
    monkeypatch.setattr(exports, "_SIZE", 2)
    for number in range(23):
        made = old_ticket(desk.world, f"number {number}")
        ticket.change_ticket(desk.world, made, comment={"body": "More."})
        desk.world.clock.forward(1)
    seen, refusals = _patiently(desk, client, Ticket)
    said, _ = _patiently(desk, client, Comment)

    assert (len(seen), len(said), refusals) == (23, 23, 1)


def _patiently(desk: Emulator, client: Client, model: Any) -> tuple[set[str], int]:
    """All records that a run shows, and how often it was asked to wait."""
    seen: set[str] = set()
    cursor: dict[str, Any] | None = None
    refusals = 0
    while cursor is None or "state" in cursor:
        try:
            for page in client.pages(resource_of(client, model), cursor):
                cursor = page.cursor
                seen |= {o.remote_id for o in page.observations}
        except RetryLater as error:
            refusals += 1
            desk.world.clock.forward(error.after or 0)
    return seen, refusals


def test_the_description_is_no_comment(desk: Emulator, client: Client) -> None:
    """Though it is the first one there: not in lists, by its id, or when a comment is made private; its file is one."""
    world, said = desk.world, resource_of(client, Comment)
    upload = client.raw(
        "POST",
        "/uploads",
        params={"filename": "log.txt"},
        body=b"smoke",
        headers={"Content-Type": "text/plain"},
    ).body["upload"]["token"]
    made = old_ticket(world, comment={"body": "It burns.", "uploads": [upload]})
    ticket.change_ticket(world, made, comment={"body": "Still."})
    first, second = (f"{made['id']}-{one['id']}" for one in world.rows("comment"))
    world.clock.forward(90)
    cursor = pages_of(client, Comment)[-1].cursor
    path = f"/tickets/{made['id']}/comments/{second.partition('-')[2]}/make_private"
    client.raw("PUT", path, body={})
    world.clock.forward(90)

    assert set(everything(client, Comment)) == set(everything(client, Comment, cursor)) == {second}
    assert client.recent(said, {"ticket": str(made["id"]), "body": "It burns."}) == []
    with pytest.raises(Gone):
        client.read(said, first)
    assert [file.values["file_name"] for file in everything(client, Attachment).values()] == ["log.txt"]
    assert everything(client, Ticket)[str(made["id"])].values["description"] == "It burns."


def test_a_ticket_that_the_system_touched_comes_again_unchanged(desk: Emulator, client: Client) -> None:
    """Exports go by another stamp than `updated_at`: what comes again says the same."""
    made = old_ticket(desk.world)
    first = pages_of(client, Ticket)
    ticket.touch(desk.world, made, silently=True)
    desk.world.clock.forward(120)
    again = everything(client, Ticket, first[-1].cursor)[str(made["id"])]

    assert (again.values, again.version) == (
        first[0].observations[0].values,
        first[0].observations[0].version,
    )


def test_what_is_deleted_is_told_as_such(desk: Emulator, client: Client) -> None:
    """Tickets by a status of their own, users as inactive, groups by a mark; nobody finds them by id."""
    world = desk.world
    made = old_ticket(world)
    customer = next(user for user in world.rows("user") if user["role"] == "end-user")
    ticket.delete(world, made)
    customer.update(active=False, updated_at=made["updated_at"])
    group = world.rows("group")[0]
    group["deleted"] = True
    world.clock.forward(60)

    for model, record in ((Ticket, made), (Contact, customer), (Team, group)):
        assert everything(client, model)[str(record["id"])].gone
        with pytest.raises(Gone):
            client.read(resource_of(client, model), str(record["id"]))


def test_who_becomes_an_agent_is_no_contact_any_more(desk: Emulator, client: Client) -> None:
    """The same id is a user from then on."""
    customer = next(user for user in desk.world.rows("user") if user["role"] == "end-user")
    customer["role"] = "agent"
    desk.world.clock.forward(60)

    assert everything(client, Contact)[str(customer["id"])].gone
    assert not everything(client, User)[str(customer["id"])].gone
