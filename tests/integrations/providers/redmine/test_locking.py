"""No edit is overwritten that was made between our reading and our writing."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from integrations.kit.client import Client
from integrations.kit.errors import Moved
from integrations.providers.redmine import locking
from tests.integrations.providers.redmine.conftest import Desk, resource
from unified_api.models.ticketing import Attachment, Ticket


def test_an_edit_in_between_is_kept(client: Client, desk: Desk) -> None:
    """Somebody changes another field in the same second; the version that we name is passed then, and both survive."""
    issue = desk.issue("Both")
    edits = iter([lambda: desk.edit(issue, priority_id=4)])
    after = client.update(
        resource(client, Ticket), issue, {"name": "Ours"}, before=lambda _there: next(edits, lambda: None)()
    )

    assert (after.values["name"], after.values["priority"]) == ("Ours", "URGENT")


def test_an_edit_of_the_same_field_in_between_is_a_conflict(client: Client, desk: Desk) -> None:
    """Theirs stays, and we are told what it is."""
    issue = desk.issue("Mine")
    with pytest.raises(Moved) as caught:
        client.update(
            resource(client, Ticket),
            issue,
            {"name": "Ours"},
            before=lambda _there: desk.edit(issue, subject="Theirs"),
        )

    assert caught.value.fields == {"name": "is 'Theirs' by now"}
    assert desk.shown(issue)["subject"] == "Theirs"


def test_the_version_is_counted_so_that_the_first_write_is_taken(client: Client, desk: Desk) -> None:
    """Notes and changes count, of which one with a private note has two entries; removed files and subtasks do not."""
    issue = desk.issue("Counted")
    desk.edit(issue, notes="For few.", private_notes=True, priority_id=3)
    desk.edit(issue, uploads=[desk.server.upload("log.txt")])
    [file] = desk.shown(issue)["attachments"]
    client.delete(resource(client, Attachment), str(file["id"]))
    journals = desk.shown(issue)["journals"]
    for entry, at in zip(journals, ("one", "one", "two", "three"), strict=True):
        entry["created_on"] = at  # by the clock, two changes may share a second, and one may have two
    asked: list[int] = []
    api: Any = SimpleNamespace(send=lambda *told, **_how: asked.append(told[2]["issue"]["lock_version"]))
    locking.put(api, issue, {"subject": "First"}, {"journals": journals})

    assert asked == [desk.server.version_of(issue)]


@pytest.mark.parametrize(("silent", "writes"), [(2, 3), (20, locking.TRIES + 1)])
def test_changes_that_left_no_trace_cost_some_tries(
    client: Client, desk: Desk, silent: int, writes: int
) -> None:
    """Redmine refuses each version that is passed; where there are too many, it is told none."""
    issue = desk.issue("Touched")
    for _touch in range(silent):
        desk.edit(issue)
    before = desk.server.writes()
    after = client.update(resource(client, Ticket), issue, {"name": "Ours"})

    assert after.values["name"] == "Ours"
    assert desk.server.writes() == before + writes
