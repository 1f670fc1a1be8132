"""What is written to a desk, and whose edits survive that."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations.kit.client import Client
from integrations.kit.errors import Gone, Moved, Rejected, Uncertain
from tests.emulators.engine import Emulator
from tests.emulators.vendors.zendesk import ticket
from tests.emulators.vendors.zendesk.forms import API
from tests.emulators.world import Record, World
from tests.integrations import metered
from tests.integrations.providers.zendesk.desk import (
    ANY_TICKET,
    agent_of,
    everything,
    old_ticket,
    pages_of,
    resource_of,
)
from unified_api.models.base import OWN
from unified_api.models.ticketing import Comment, Contact, Ticket


def test_an_edit_of_somebody_else_is_not_overwritten(desk: Emulator, client: Client) -> None:
    """Of another field it stays beside ours; of the same one ours is refused."""
    world = desk.world
    made = old_ticket(world)

    def edited(**told: Any) -> Any:
        def edit(_world: World) -> None:
            world.clock.forward(5)
            ticket.change_ticket(world, made, **told)

        return edit

    desk.faults.meanwhile(ANY_TICKET, edited(subject="Scanner"))
    client.update(resource_of(client, Ticket), str(made["id"]), {"priority": "LOW"})
    assert (made["subject"], made["priority"]) == ("Scanner", "low")
    world.clock.forward(60)
    desk.faults.meanwhile(ANY_TICKET, edited(priority="urgent"))
    with pytest.raises(Moved):
        client.update(resource_of(client, Ticket), str(made["id"]), {"priority": "HIGH"})
    assert made["priority"] == "urgent"


@pytest.mark.parametrize("age", [0, 0.4, 1, 1.5, 2, 10])
def test_a_stamp_of_whole_seconds_hides_no_edit(desk: Emulator, client: Client, age: float) -> None:
    """However soon after one edit we read, another one right before our write is seen, since a second lies between."""
    world = desk.world
    made = old_ticket(world)
    ticket.change_ticket(world, made, priority="low")
    world.clock.forward(age)
    desk.faults.meanwhile(ANY_TICKET, lambda _world: ticket.change_ticket(world, made, subject="Scanner"))

    with pytest.raises(Moved):
        client.update(resource_of(client, Ticket), str(made["id"]), {"name": "Plotter"})
    assert made["subject"] == "Scanner"


def test_what_is_kept_in_another_spelling_is_not_sent_again(desk: Emulator, client: Client) -> None:
    """Tags have no capitals there, and moments no parts of a second."""
    tickets, due = resource_of(client, Ticket), datetime(2026, 3, 2, 9, 15, 30, 123_456, tzinfo=UTC)
    values = {"tags": ["VIP", "2nd-Floor"], "due_date": due}
    made = client.create(tickets, {"name": "Fax", "description": "It hums.", **values})
    client.update(tickets, made.remote_id, values)

    assert set(made.values["tags"]) == {"vip", "2nd-floor"}
    assert desk.asked("PUT", f"{API}/tickets/{made.remote_id}") == []


def test_a_contact_is_known_again_whatever_the_capitals_of_its_address(
    desk: Emulator, client: Client
) -> None:
    """They are no part of it."""
    sent = {"name": "Eve", "email_address": "Eve@Acme.example"}
    made = client.create(resource_of(client, Contact), sent)
    (row,) = [one for one in desk.world.rows("user") if str(one["id"]) == made.remote_id]
    row["email"] = row["email"].lower()

    assert [one.remote_id for one in client.recent(resource_of(client, Contact), sent)] == [made.remote_id]


def test_tags_replace_the_whole_set_and_lose_nothing(desk: Emulator, client: Client) -> None:
    """A tag that somebody adds while we write is not lost: ours is refused, and decided anew on what is there."""
    world = desk.world
    made = old_ticket(world, tags=["vip"], custom_fields=[{"id": 1002, "value": "printer"}])
    before = client.read(resource_of(client, Ticket), str(made["id"])).values["tags"]

    def add(_world: World) -> None:
        world.clock.forward(2)
        ticket.change_ticket(world, made, tags=[*made["tags"], "urgent"])

    desk.faults.meanwhile(ANY_TICKET, add)
    with pytest.raises(Moved):
        client.update(resource_of(client, Ticket), str(made["id"]), {"tags": [*before, "ours"]})
    assert made["tags"] == ["printer", "urgent", "vip"]
    world.clock.forward(10)
    there = client.read(resource_of(client, Ticket), str(made["id"])).values["tags"]
    answer = client.update(resource_of(client, Ticket), str(made["id"]), {"tags": [*there, "ours"]})
    assert answer.values["tags"] == ["ours", "printer", "urgent", "vip"]
    assert answer.raw["custom_fields"]["1002"] == "printer"


def test_what_triggers_change_beside_is_in_the_answer(desk: Emulator, client: Client) -> None:
    """A rule of the customer's runs within our write: what is stored is what stands there afterwards."""

    def rule(_world: World, _kind: str, changed: Record) -> None:
        if "vip" in changed["tags"]:
            changed.update(priority="urgent", tags=sorted({*changed["tags"], "escalated"}))

    desk.world.rules.append(rule)
    values = {"name": "Printer", "description": "It burns.", "priority": "LOW", "tags": ["vip"]}
    made = client.create(resource_of(client, Ticket), values)
    assert (made.values["priority"], made.values["tags"]) == ("URGENT", ["escalated", "vip"])
    desk.world.rules[:] = [lambda _world, _kind, changed: changed.update(status="hold")]
    changed = client.update(resource_of(client, Ticket), made.remote_id, {"name": "Plotter"})
    assert (changed.values["name"], changed.values["status"]) == ("Plotter", "ON_HOLD")


def test_a_create_whose_answer_was_lost_is_found_at_once(desk: Emulator, client: Client) -> None:
    """By its mark, and it alone, while the search does not show it yet and another has the same subject."""
    values = {"name": 'The "red" printer', "description": "It burns."}
    desk.faults.lose(f"POST {API}/tickets")
    with pytest.raises(Uncertain):
        client.create(resource_of(client, Ticket), values)
    other = old_ticket(desk.world, 'The "red" printer')
    found = [o.remote_id for o in client.recent(resource_of(client, Ticket), values)]

    assert len(desk.world.rows("ticket")) == 2
    assert found == [str(desk.world.rows("ticket")[0]["id"])]
    assert str(other["id"]) not in found
    sent = desk.asked("POST", f"{API}/tickets")
    assert [len(one.headers["idempotency-key"]) for one in sent] == [32]


def test_what_others_made_is_found_by_the_search(desk: Emulator, client: Client) -> None:
    """A ticket with the subject that is sought, as a bridge asks before it makes one."""
    made = old_ticket(desk.world, "Printer")
    old_ticket(desk.world, "Printer burns")

    assert [o.remote_id for o in client.recent(resource_of(client, Ticket), {"name": "Printer"})] == [
        str(made["id"])
    ]


def test_a_lost_answer_to_an_update_is_not_sent_again(desk: Emulator, client: Client) -> None:
    """Repeated, it would meet a stamp that it moved itself, and look like an edit of somebody else."""
    made = old_ticket(desk.world)
    desk.faults.lose(ANY_TICKET)
    with pytest.raises(Uncertain):
        client.update(resource_of(client, Ticket), str(made["id"]), {"name": "Plotter"})

    assert made["subject"] == "Plotter"
    assert len(desk.asked("PUT", f"{API}/tickets/{made['id']}")) == 1


def test_refusals_name_our_fields(desk: Emulator, client: Client) -> None:
    """Closed is final, solved needs an assignee, and only an agent can be one."""
    made = old_ticket(desk.world)
    refused: list[dict[str, str]] = []
    for values in ({"status": "CLOSED"}, {"assignees": [str(made["requester_id"])]}):
        with pytest.raises(Rejected) as caught:
            client.update(resource_of(client, Ticket), str(made["id"]), values)
        refused.append(caught.value.fields)
    made["status"] = "closed"
    with pytest.raises(Rejected) as caught:
        client.update(resource_of(client, Ticket), str(made["id"]), {"name": "Plotter"})

    lacking = "Assignee: is required when solving a ticket"
    assert refused[0] == {"assignees": lacking, "status": lacking}
    assert refused[1] == {"assignees": f"Assignee: {made['requester_id']} is not an agent"}
    assert caught.value.fields == {"status": "Status: closed prevents ticket update"}
    with pytest.raises(Rejected, match="can only be one there"):
        client.update(resource_of(client, Ticket), str(made["id"]), {"assignees": ["1", "2"]})
    with pytest.raises(Rejected) as caught:
        client.update(resource_of(client, Ticket), str(made["id"]), {"tags": ["vip", "two words"]})
    assert caught.value.fields == {"tags": "cannot have a tag with blanks, as 'two words' has"}


def test_a_ticket_is_made_and_changed_with_every_field(desk: Emulator, client: Client) -> None:
    """What was sent is what stands there."""
    world = desk.world
    problem = old_ticket(world, "Fire", type="problem")
    contact, group = str(problem["requester_id"]), str(world.rows("group")[0]["id"])
    values = {
        "name": "Printer",
        "description": "It burns.",
        "status": "ON_HOLD",
        "priority": "HIGH",
        "ticket_type": "incident",
        "assignees": [str(agent_of(world))],
        "assigned_teams": [group],
        "contact": contact,
        "account": "1001",
        "parent_ticket": str(problem["id"]),
        "tags": ["burning"],
        "due_date": datetime(2026, 2, 1, 12, tzinfo=UTC),
    }
    resource = resource_of(client, Ticket)
    made = metered.create(client, resource, values)
    assert {name: made.values[name] for name in values} == values
    world.clock.forward(60)
    later = {
        **{name: value for name, value in values.items() if name != "description"},
        "name": "Plotter",
        "status": "OPEN",
        "priority": None,
        "tags": [],
        "due_date": values["due_date"] + timedelta(days=1),  # type: ignore[operator]
        "assigned_teams": [],
    }
    changed = metered.update(
        client, resource, made.remote_id, later, spare=1
    )  # it has been left alone for a while
    assert {name: changed.values[name] for name in later} == later
    metered.delete(client, resource, made.remote_id)
    with pytest.raises(Gone):
        client.read(resource, made.remote_id)


def test_the_customers_own_fields_are_described_and_written(desk: Emulator, client: Client) -> None:
    """Those that the customer made, with what they can be; a drop-down brings its tag."""
    made = old_ticket(desk.world)
    resource = resource_of(client, Ticket)
    known = {one.key: one for one in client.field_classes(resource)}
    changed = client.update(
        resource.with_own(["1002", "1003"]), str(made["id"]), {f"{OWN}1002": "scanner", f"{OWN}1003": 5}
    )

    assert {(one.name, one.kind) for one in known.values()} == {("Product", "string"), ("Seats", "number")}
    assert known["1002"].choices == (("printer", "Printer"), ("scanner", "Scanner"))
    assert (changed.raw["custom_fields"], changed.raw["tags"]) == (
        {"1002": "scanner", "1003": 5},
        ["scanner"],
    )


def test_comments_are_made_and_found_and_become_private(desk: Emulator, client: Client) -> None:
    """A comment is known by its ticket and itself; who hides it later is seen by the next run."""
    world, resource = desk.world, resource_of(client, Comment)
    made = old_ticket(world)
    values = {"ticket": str(made["id"]), "body": "On my way.", "is_private": False}
    said = metered.create(client, resource, values)
    assert said.remote_id.startswith(f"{made['id']}-")
    assert {name: said.values[name] for name in values} == values
    assert said.values["user"] == "1001"
    assert [o.remote_id for o in client.recent(resource, values)] == [said.remote_id]
    world.clock.forward(90)
    cursor = pages_of(client, Comment)[-1].cursor
    client.raw(
        "PUT", f"/tickets/{made['id']}/comments/{said.remote_id.partition('-')[2]}/make_private", body={}
    )
    world.clock.forward(90)
    assert everything(client, Comment, cursor)[said.remote_id].values["is_private"] is True
    for unknown in ("nonsense", f"{made['id']}-7", "7-7"):
        with pytest.raises(Gone):
            client.read(resource, unknown)


def test_a_comment_behind_the_first_page_is_found(desk: Emulator, client: Client) -> None:
    """By its id, among more than stand on one page."""
    made = old_ticket(desk.world)
    for number in range(105):
        ticket.change_ticket(desk.world, made, comment={"body": f"number {number}"})
    last = desk.world.rows("comment")[-1]

    found = client.read(resource_of(client, Comment), f"{made['id']}-{last['id']}")
    assert found.values["body"] == "number 104"


def test_a_contact_is_made_once(desk: Emulator, client: Client) -> None:
    """An address is nobody else's: a second create is refused by it, and the first one is found."""
    resource = resource_of(client, Contact)
    values = {"name": "Eve", "email_address": "eve@acme.example", "account": "1001"}
    made = metered.create(client, resource, values)
    with pytest.raises(Rejected) as caught:
        client.create(resource, values)

    assert {name: made.values[name] for name in values} == values
    assert "already being used" in caught.value.fields["email_address"]
    assert [o.remote_id for o in client.recent(resource, values)] == [made.remote_id]
    assert client.update(resource, made.remote_id, {"phone_number": "+1"}).values["phone_number"] == "+1"
