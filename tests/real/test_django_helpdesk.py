"""The adapter against a real django-helpdesk.

Everything it can do, and what happens when the desk does not play along.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from demo.servers import HelpDesk
from integrations.kit.client import Client
from integrations.kit.content import Content, Spool
from integrations.kit.errors import Gone, Misconfigured, Moved, NeedsReauthorisation, Rejected, RetryLater
from integrations.kit.provider import Resource
from tests.integrations import metered
from tests.real.conftest import Linked, every, small
from unified_api.models.ticketing import Attachment, Comment, Ticket, User


@pytest.fixture
def client(help_desk: HelpDesk, linked: Linked) -> Client:
    """A client of the desk as administrator."""
    return linked("django-helpdesk", help_desk)


def resource(client: Client, model: Any) -> Resource:
    """What the adapter knows of a model."""
    found = client.provider.resource(model)
    assert found is not None
    return found


def by_hand(help_desk: HelpDesk, **fields: Any) -> str:
    """A ticket made through the desk's own API; its id."""
    body = {"queue": 1, "title": "By hand", "description": "by hand", "priority": 3, **fields}
    return str(help_desk.rest("POST", "tickets/", body)["id"])


def test_check(client: Client, help_desk: HelpDesk) -> None:
    """The credential works, and the desk is known by its address."""
    assert client.check() == help_desk.url


def test_a_wrong_password(help_desk: HelpDesk, linked: Linked) -> None:
    """The owner has to give another one."""
    with pytest.raises(NeedsReauthorisation):
        linked("django-helpdesk", help_desk, password="wrong").check()


def test_a_wrong_address(help_desk: HelpDesk, linked: Linked) -> None:
    """A path under which no desk answers."""
    with pytest.raises(Misconfigured):
        linked("django-helpdesk", help_desk, base_url=f"{help_desk.url}/nothing").check()


def test_a_ticket_is_made_read_changed_and_removed(client: Client, help_desk: HelpDesk) -> None:
    """And the desk itself says so at every step."""
    tickets = resource(client, Ticket)
    due = datetime(2027, 5, 6, 7, 8, 9, tzinfo=UTC)
    made = metered.create(
        client,
        tickets,
        {
            "name": "Printer",
            "description": "It smokes.",
            "status": "CLOSED",
            "priority": "URGENT",
            "due_date": due,
        },
    )
    there = help_desk.rest("GET", f"tickets/{made.remote_id}/")

    assert (there["title"], there["description"], there["status"], there["priority"]) == (
        "Printer",
        "It smokes.",
        4,
        1,
    )
    assert (made.values["status"], made.values["due_date"], made.values["collections"]) == (
        "CLOSED",
        due,
        ["1"],
    )
    changed = metered.update(
        client,
        tickets,
        made.remote_id,
        {"name": "Printers", "status": "ON_HOLD", "due_date": None, "assignees": ["1"]},
    )
    there = help_desk.rest("GET", f"tickets/{made.remote_id}/")
    assert (there["title"], there["status"], there["on_hold"], there["due_date"]) == (
        "Printers",
        2,
        True,
        None,
    )
    assert there["assigned_to"] == 1
    assert client.read(tickets, made.remote_id).values == changed.values
    assert every(client, Ticket)[made.remote_id] == changed.values

    metered.delete(client, tickets, made.remote_id)
    assert made.remote_id not in every(client, Ticket)
    for refused in (
        lambda: client.read(tickets, made.remote_id),
        lambda: client.update(tickets, made.remote_id, {"name": "x"}),
        lambda: client.delete(tickets, made.remote_id),
    ):
        with pytest.raises(Gone):
            refused()


def test_a_merged_ticket_names_the_one_that_it_went_into(client: Client, help_desk: HelpDesk) -> None:
    """It is listed on, but no record any more; its fields are those that the desk's own page for merging sets."""
    tickets = resource(client, Ticket)
    loser, winner = by_hand(help_desk), by_hand(help_desk)
    help_desk.rest("PATCH", f"tickets/{loser}/", {"merged_to": int(winner), "status": 5})

    with pytest.raises(Gone) as caught:
        client.read(tickets, loser)
    assert caught.value.merged_into == winner
    listed = {o.remote_id: o.merged_into for page in client.pages(tickets, None) for o in page.observations}
    assert (listed[loser], listed[winner]) == (winner, None)


def test_every_status_and_priority_comes_back(client: Client, help_desk: HelpDesk) -> None:
    """From each common word to each other."""
    tickets = resource(client, Ticket)
    number = by_hand(help_desk)
    for _round in range(2):
        for word in ("OPEN", "ON_HOLD", "CLOSED", "ON_HOLD", "OPEN"):
            assert client.update(tickets, number, {"status": word}).values["status"] == word
    for word in ("URGENT", "HIGH", "NORMAL", "LOW"):
        assert client.update(tickets, number, {"priority": word}).values["priority"] == word


@pytest.mark.parametrize("status", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("on_hold", [False, True])
def test_writing_back_what_was_read_writes_nothing(
    client: Client, help_desk: HelpDesk, status: int, *, on_hold: bool
) -> None:
    """Also where another number means the same: a resolved ticket is not closed by saying CLOSED."""
    tickets = resource(client, Ticket)
    number = by_hand(help_desk, priority=5)
    help_desk.rest("PATCH", f"tickets/{number}/", {"status": status, "on_hold": on_hold})
    values = client.read(tickets, number).values
    before = help_desk.writes()

    assert client.update(tickets, number, values).values == values
    assert help_desk.writes() == before


def test_the_desk_refuses_values(client: Client) -> None:
    """Its reason is handed on, with the common field that it is about; unknown words never leave."""
    tickets = resource(client, Ticket)
    good = {"name": "x", "description": "y"}
    for wrong in (
        {"collections": ["999"]},
        {"assignees": ["999"]},
        {"status": "IN_PROGRESS"},
        {"name": "x" * 300},
    ):
        with pytest.raises(Rejected) as caught:
            client.create(tickets, {**good, **wrong})
        assert set(caught.value.fields) == set(wrong)


def test_comments(client: Client, help_desk: HelpDesk) -> None:
    """Made, in public if nothing is said, changed, removed; in a ticket's answer they are the same as in their list."""
    tickets, comments = resource(client, Ticket), resource(client, Comment)
    ticket = by_hand(help_desk)
    made = metered.create(client, comments, {"ticket": ticket, "body": "an answer"})

    assert (made.values["ticket"], made.values["body"], made.values["is_private"]) == (
        ticket,
        "an answer",
        False,
    )
    assert made.values["user"] == "1"
    inside = {o.remote_id: o.values for o in client.read(tickets, ticket).embedded}
    assert inside[made.remote_id] == every(client, Comment)[made.remote_id] == made.values
    changed = metered.update(client, comments, made.remote_id, {"body": "better", "is_private": True})
    assert (changed.values["body"], changed.values["is_private"]) == ("better", True)
    assert [o.remote_id for o in client.recent(comments, {"ticket": ticket, "body": "better"})] == [
        made.remote_id
    ]
    metered.delete(client, comments, made.remote_id)
    with pytest.raises(Gone):
        client.read(comments, made.remote_id)
    client.delete(tickets, ticket)
    assert client.recent(comments, {"ticket": ticket, "body": "better"}) == []


def test_what_is_no_comment(client: Client, help_desk: HelpDesk) -> None:
    """The follow-up of a new ticket that is its description, also when that was edited, and those without a text."""
    tickets, comments = resource(client, Ticket), resource(client, Comment)
    ticket = by_hand(help_desk, description="It smokes.")
    help_desk.rest("POST", "followups/", {"ticket": ticket, "public": True, "new_status": 4})
    said = str(help_desk.rest("POST", "followups/", {"ticket": ticket, "comment": "It smokes."})["id"])
    help_desk.rest("PATCH", f"tickets/{ticket}/", {"description": "It burns."})
    followups = [str(one["id"]) for one in help_desk.rest("GET", f"tickets/{ticket}/")["followup_set"]]

    assert len(followups) == 3
    assert [one for one in followups if one in every(client, Comment)] == [said]
    assert [one.remote_id for one in client.read(tickets, ticket).embedded] == [said]
    changed = client.update(tickets, ticket, {"name": "Printers", "description": "It burned."})
    assert [one.remote_id for one in changed.embedded] == [said]
    for other in followups[:2]:
        with pytest.raises(Gone):
            client.read(comments, other)


@pytest.mark.parametrize(
    "text", ["{{ ticket.secret_key }}, {{ }} and }}", "{% if %} {# no #}", "lone {%", "lone %} and { }"]
)
def test_a_comment_is_no_template(client: Client, help_desk: HelpDesk, text: str) -> None:
    """The desk runs what is written to it; the text comes out as it was."""
    made = client.create(resource(client, Comment), {"ticket": by_hand(help_desk), "body": text})

    assert help_desk.rest("GET", f"followups/{made.remote_id}/")["comment"] == text


def test_a_file_of_a_ticket_without_public_followups(client: Client, help_desk: HelpDesk) -> None:
    """It gets one that is no comment, and keeps its title."""
    ticket = by_hand(help_desk, title="Quiet")
    [opened] = help_desk.rest("GET", f"tickets/{ticket}/")["followup_set"]
    help_desk.rest("DELETE", f"followups/{opened['id']}/")
    with Spool(100) as spool:
        spool.write(b"log")
        client.create(
            resource(client, Attachment),
            {"ticket": ticket, "file_name": "log.txt"},
            Content(spool, "text/plain"),
        )
    there = help_desk.rest("GET", f"tickets/{ticket}/")

    assert there["title"] == "Quiet"
    assert [one["followupattachment_set"][0]["filename"] for one in there["followup_set"]] == ["log.txt"]
    assert ticket not in {one["ticket"] for one in every(client, Comment).values()}


def test_users_are_not_offered(client: Client) -> None:
    """The desk's API lists none."""
    assert client.provider.resource(User) is None


def test_pages_and_sweeps(client: Client, help_desk: HelpDesk) -> None:
    """Every ticket once over more than two pages; every run is complete; a deletion is an absence."""
    made = [by_hand(help_desk, title=f"Many {n}") for n in range(25)]
    tickets = small(resource(client, Ticket))
    first = next(client.pages(tickets, None))
    rest = list(client.pages(tickets, first.cursor))
    numbers = [o.remote_id for page in (first, *rest) for o in page.observations]

    assert len(rest) >= 2
    assert set(made) <= set(numbers)
    assert len(numbers) == len(set(numbers))
    assert [o.remote_id for o in client.recent(tickets, {"name": "Many 24"})] == [made[24]]
    help_desk.rest("DELETE", f"tickets/{made[3]}/")
    again = list(client.pages(tickets, rest[-1].cursor))
    assert again[-1].complete
    assert made[3] not in {o.remote_id for page in again for o in page.observations}


def test_an_edit_before_ours_is_seen(client: Client, help_desk: HelpDesk) -> None:
    """The desk has no conditions.

    The ticket is read just before, and an edit that was not expected stops the write.
    """
    tickets = resource(client, Ticket)
    number = by_hand(help_desk)
    help_desk.rest("PATCH", f"tickets/{number}/", {"title": "Theirs"})
    with pytest.raises(Moved) as caught:
        client.update(tickets, number, {"name": "Ours"}, expected={"name": "By hand"})
    assert caught.value.fields == {"name": "is 'Theirs' by now"}

    help_desk.rest("PATCH", f"tickets/{number}/", {"description": "theirs, too"})
    after = client.update(tickets, number, {"name": "Ours"}, expected={"name": "Theirs"})
    assert (after.values["name"], after.values["description"]) == ("Ours", "theirs, too")


def test_a_desk_that_is_down_and_comes_back(client: Client, help_desk: HelpDesk) -> None:
    """Down is `later`, for reads and for writes that never left; back is back, with everything in it."""
    tickets = resource(client, Ticket)
    number = by_hand(help_desk, title="Survivor")
    help_desk.kill()
    with pytest.raises(RetryLater):
        client.read(tickets, number)
    with pytest.raises(RetryLater):
        client.create(tickets, {"name": "Never left", "description": "x"})
    help_desk.start()

    assert client.read(tickets, number).values["name"] == "Survivor"
    assert client.recent(tickets, {"name": "Never left"}) == []
