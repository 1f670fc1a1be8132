"""What is written into a real Redmine, and what becomes of it there."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.kit.client import Client
from integrations.kit.content import Content, Spool
from integrations.kit.errors import Gone, Rejected
from integrations.kit.provider import Resource
from tests.integrations import metered
from tests.integrations.providers.redmine.conftest import Desk, lately, resource
from tests.real.conftest import every
from unified_api.models.base import OWN
from unified_api.models.ticketing import Attachment, Comment, Ticket


def test_a_ticket_is_made_changed_and_removed(client: Client, desk: Desk) -> None:
    """And Redmine itself says so at every step; a change is answered without a body, and read back."""
    tickets = resource(client, Ticket)
    values = {"name": "Printer", "description": "It smokes.", "priority": "HIGH", "ticket_type": "Support"}
    made = client.create(tickets, {**values, "assignees": ["1"], "status": "IN_PROGRESS"})
    there = desk.shown(made.remote_id)
    changed = client.update(
        tickets, made.remote_id, {"status": "CLOSED", "assignees": [], "name": "Printers"}
    )
    now = desk.shown(made.remote_id)

    assert (there["subject"], there["priority"]["name"], there["tracker"]["name"]) == (
        "Printer",
        "High",
        "Support",
    )
    assert (made.values["status"], there["status"]["name"]) == (
        "IN_PROGRESS",
        "In Progress",
    )  # not by the create itself
    assert (there["project"]["id"], there["assigned_to"]["id"]) == (desk.project, 1)
    assert (now["subject"], now["status"]["name"], "assigned_to" in now) == ("Printers", "Closed", False)
    assert (
        changed.values == client.read(tickets, made.remote_id).values == every(client, Ticket)[made.remote_id]
    )
    assert made.remote_id in [one.remote_id for one in client.recent(tickets, {"name": "Printers"})]
    client.delete(tickets, made.remote_id)
    with pytest.raises(Gone):
        client.update(tickets, made.remote_id, {"name": "x"})


def test_refusals_name_common_fields(client: Client, desk: Desk) -> None:
    """They are sentences there."""
    parent = "999999"
    with pytest.raises(Rejected) as caught:
        client.create(
            resource(client, Ticket), {"name": "x", "assignees": ["999999"], "parent_ticket": parent}
        )

    assert caught.value.fields == {
        "assignees": "Assignee is invalid",
        "parent_ticket": "Parent task is invalid",
    }
    with pytest.raises(Rejected) as unknown:
        client.update(resource(client, Ticket), desk.issue("Odd"), {"ticket_type": "Wish"})
    assert unknown.value.fields == {"ticket_type": "cannot be 'Wish' there; known are Bug, Feature, Support"}


def test_what_is_not_permitted_is_dropped_in_silence_and_shows(reporter: Client, desk: Desk) -> None:
    """The answer to a change says nothing; what is read back has the old value."""
    issue = desk.issue("Theirs")
    after = reporter.update(resource(reporter, Ticket), issue, {"status": "CLOSED"})

    assert after.values["status"] == "OPEN"
    assert desk.shown(issue)["status"]["name"] == "New"


@pytest.mark.parametrize(
    ("model", "values", "field"),
    [
        (Comment, {"body": "For few.", "is_private": True}, "is_private"),
        (Ticket, {"name": "For few", "access_level": "PRIVATE"}, "access_level"),
    ],
)
def test_what_would_be_public_without_a_permission_is_not_sent(
    reporter: Client, desk: Desk, model: Any, values: dict[str, Any], field: str
) -> None:
    """Redmine drops the mark of a private note or issue in silence, and shows it to all."""
    issue, before = desk.issue("Talk"), desk.server.writes()
    where = {"ticket": issue} if model is Comment else {}
    with pytest.raises(Rejected) as caught:
        reporter.create(resource(reporter, model), {**values, **where})

    assert set(caught.value.fields) == {field}
    assert desk.server.writes() == before
    assert desk.shown(issue)["journals"] == []


@pytest.mark.parametrize(
    ("model", "values", "field"),
    [
        (Comment, {"body": "For few.", "is_private": True}, "is_private"),
        (Ticket, {"description": "For few.", "access_level": "PRIVATE"}, "access_level"),
    ],
)
def test_an_edit_that_would_be_public_without_a_permission_is_not_sent(
    reporter: Client, desk: Desk, model: Any, values: dict[str, Any], field: str
) -> None:
    """What it says beside the mark would be shown to all."""
    issue = desk.issue("Talk")
    desk.edit(issue, notes="For all.")
    note = f"{issue}-{desk.shown(issue)['journals'][0]['id']}"
    before = desk.server.writes()
    with pytest.raises(Rejected) as caught:
        reporter.update(resource(reporter, model), note if model is Comment else issue, values)

    assert set(caught.value.fields) == {field}
    assert desk.server.writes() == before


def test_a_note_is_said_found_and_edited(client: Client, desk: Desk) -> None:
    """The answer does not name it: of two with one text it is the new one. Without a text it would be removed."""
    comments, issue = resource(client, Comment), desk.issue("Talk")
    desk.edit(issue, notes="Hello")
    made = metered.create(client, comments, {"ticket": issue, "body": "Hello"}, spare=3)
    edited = client.update(comments, made.remote_id, {"body": "Hello, all.", "is_private": True})

    assert (edited.values["body"], edited.values["is_private"], edited.values["user"]) == (
        "Hello, all.",
        True,
        "1",
    )
    assert [entry["notes"] for entry in desk.shown(issue)["journals"]] == ["Hello", "Hello, all."]
    with pytest.raises(Rejected) as caught:
        client.update(comments, made.remote_id, {"body": " "})
    assert set(caught.value.fields) == {"body"}


def test_notes_are_in_their_order_whatever_the_user_prefers(client: Client, desk: Desk) -> None:
    """Who likes the newest first gets them so over the interface, too."""
    issue = desk.issue("Talk")
    for text in ("one", "two"):
        desk.edit(issue, notes=text)
    comments, since = resource(client, Comment), desk.shown(issue)["updated_on"]
    desk.server.prefer_newest_first(wanted=True)
    try:
        turned = [entry["notes"] for entry in desk.shown(issue)["journals"]]
        found = [one["body"] for one in lately(client, Comment, since).values() if one["ticket"] == issue]
        made = client.create(comments, {"ticket": issue, "body": "two"})
    finally:
        desk.server.prefer_newest_first(wanted=False)

    assert (turned, found) == (["two", "one"], ["one", "two"])
    assert made.remote_id == f"{issue}-{desk.shown(issue)['journals'][-1]['id']}"


def test_a_file_is_hung_on_its_issue_and_found_there(client: Client, desk: Desk) -> None:
    """It does not tell on which; a file of another issue has the same name. Some signs of names are replaced."""
    files, issue = resource(client, Attachment), desk.issue("Smoke")
    desk.edit(desk.issue("Other"), uploads=[desk.server.upload("what_.txt")])
    made = _attached(client, files, {"ticket": issue, "file_name": "what?.txt", "content_type": "text/plain"})

    assert (made.values["ticket"], made.values["file_name"], made.values["size"]) == (issue, "what_.txt", 5)
    assert client.update(files, made.remote_id, {"file_name": "log.txt"}).values["file_name"] == "log.txt"
    client.delete(files, made.remote_id)
    assert desk.shown(issue)["attachments"] == []
    with pytest.raises(Gone):
        _attached(client, files, {"ticket": "999999", "file_name": "lost.txt"})


def _attached(client: Client, files: Resource, values: dict[str, Any]) -> Any:
    with Spool(100) as spool:
        spool.write(b"smoke")
        return metered.create(client, files, values, Content(spool, "text/plain"))


def test_custom_fields_are_described_read_and_written(client: Client, desk: Desk) -> None:
    """By their ids; one of several values is a list."""
    issue, tickets = desk.issue("Room"), resource(client, Ticket)
    known = {one.name: one for one in client.field_classes(tickets)}
    room, floors = known["Room"].key, known["Floors"].key
    after = client.update(
        tickets.with_own([room, floors]), issue, {f"{OWN}{room}": "2.07", f"{OWN}{floors}": ["one", "two"]}
    )

    assert (known["Room"].kind, known["Floors"].kind) == ("string", "list")
    assert known["Colour"].choices == (("red", "red"), ("blue", "blue"))
    assert (after.raw["values"][room], after.raw["values"][floors]) == ("2.07", ["one", "two"])
    assert {one["name"]: one["value"] for one in desk.shown(issue)["custom_fields"]}["Room"] == "2.07"
