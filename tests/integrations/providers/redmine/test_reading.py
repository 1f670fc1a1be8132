"""What a real Redmine shows, and how it is understood."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from integrations.kit.client import Client
from integrations.kit.errors import Gone, Misconfigured, NeedsReauthorisation
from integrations.kit.provider import Resource
from tests.integrations.providers.redmine.conftest import Desk, lately, resource
from tests.real.conftest import Linked, every
from unified_api.models.ticketing import Attachment, Collection, Comment, Ticket, User


def test_the_account_is_known_by_its_address(client: Client, desk: Desk, linked: Linked) -> None:
    """A wrong key is the owner's to mend, and a wrong address is told as one."""
    assert client.check() == desk.server.origin
    with pytest.raises(NeedsReauthorisation):
        linked("redmine", desk.server, api_key="0" * 40).check()
    with pytest.raises(Misconfigured):
        linked("redmine", desk.server, base_url=f"{desk.server.origin}/nothing").check()


def test_closed_tickets_are_listed_and_say_when(client: Client, desk: Desk) -> None:
    """Redmine itself lists the open ones alone."""
    closed, resolved = desk.issue("Done"), desk.issue("Nearly")
    desk.edit(closed, status_id=5)
    desk.edit(resolved, status_id=3)
    found = every(client, Ticket)

    assert (found[closed]["status"], found[resolved]["status"]) == ("CLOSED", "IN_PROGRESS")
    assert (found[closed]["completed_at"] is None, found[resolved]["completed_at"]) == (False, None)
    assert closed not in {str(one["id"]) for one in desk.server.rest("GET", "issues", limit=100)["issues"]}


def test_changes_are_found_by_the_second_in_which_they_were_made(client: Client, desk: Desk) -> None:
    """Times tell no more than that, and a filter has the whole second in it."""
    desk.issue("Old")
    changed = desk.issue("Changed")
    moment = desk.shown(changed)["updated_on"]

    assert client.read(resource(client, Ticket), changed).values["remote_updated_at"].microsecond == 0
    assert changed in lately(client, Ticket, moment)
    assert changed not in lately(client, Ticket, "2199-01-01T00:00:00Z")


def test_nobodys_api_key_is_kept(client: Client, desk: Desk) -> None:
    """Redmine shows an administrator that of everybody who is asked for by id."""
    shown = desk.server.rest("GET", f"users/{desk.user}")["user"]
    kept = client.read(resource(client, User), str(desk.user)).raw

    assert shown["api_key"] == desk.reporter
    assert kept == {k: v for k, v in shown.items() if k in kept}
    assert set(shown) - set(kept) == {"api_key", "passwd_changed_on", "twofa_scheme"}


def test_no_ticket_is_passed_over_when_pages_shift(client: Client, desk: Desk) -> None:
    """One is deleted behind the first page, and another one made: by offsets, the third would be on no page."""
    first, second, third, fourth = (desk.issue(f"Number {number}") for number in range(4))
    pages = client.pages(_by(resource(client, Ticket), size=1), None, full=True)
    seen = {one.remote_id for one in next(pages).observations}
    while second not in seen:
        seen |= {one.remote_id for one in next(pages).observations}
    desk.server.rest("DELETE", f"issues/{first}")
    made = desk.issue("Number 4")
    seen |= {one.remote_id for page in pages for one in page.observations}

    assert {first, second, third, fourth, made} <= seen


def _by(tickets: Resource, size: int) -> Resource:
    assert tickets.list is not None
    paging: Any = tickets.list.paging
    return replace(tickets, list=replace(tickets.list, paging=replace(paging, size=size)))


def test_a_field_that_was_emptied_is_null_and_not_absent(client: Client, desk: Desk) -> None:
    """Redmine leaves it out; a record that said nothing of it would keep its old value."""
    parent = desk.issue("Parent")
    made = desk.issue("Child", assigned_to_id=1, parent_issue_id=parent, due_date="2037-05-06")
    before = client.read(resource(client, Ticket), made).values
    desk.edit(made, assigned_to_id="", parent_issue_id="", due_date="")
    after = every(client, Ticket)[made]

    assert (before["assignees"], before["parent_ticket"]) == (["1"], parent)
    assert before["due_date"] == datetime(2037, 5, 6, tzinfo=UTC)
    assert (after["assignees"], after["parent_ticket"], after["due_date"]) == ([], None, None)


def test_a_deleted_ticket_is_gone_with_its_subtasks(client: Client, desk: Desk) -> None:
    """Both are 404 then, and on no list."""
    parent = desk.issue("Parent")
    child = desk.issue("Child", parent_issue_id=parent)
    client.delete(resource(client, Ticket), parent)

    for one in (parent, child):
        with pytest.raises(Gone):
            client.read(resource(client, Ticket), one)
    assert not {parent, child} & set(every(client, Ticket))


def test_who_may_not_sign_in_is_listed_as_such(client: Client, desk: Desk) -> None:
    """Lists tell nobody's state, and hide who is locked unless all are asked for."""
    facts = {
        "login": f"{desk.project}x",
        "firstname": "Eve",
        "lastname": "Gone",
        "mail": f"{desk.project}@example.org",
    }
    locked = desk.server.rest("POST", "users", {"user": {**facts, "generate_password": True}})["user"]["id"]
    desk.server.rest("PUT", f"users/{locked}", {"user": {"status": 3}})
    found = every(client, User)

    assert (found[str(locked)]["is_active"], found["1"]["is_active"]) == (False, True)
    assert client.read(resource(client, User), str(locked)).values["is_active"] is False
    assert found[str(locked)]["name"] == "Eve Gone"


def test_projects_are_collections_with_their_parents(client: Client, desk: Desk) -> None:
    """And say who sees them."""
    told = {
        "name": "Below",
        "identifier": f"below-{desk.project}",
        "parent_id": desk.project,
        "is_public": False,
    }
    below = str(desk.server.rest("POST", "projects", {"project": told})["project"]["id"])
    found = every(client, Collection)

    assert (found[below]["parent_collection"], found[below]["access_level"]) == (str(desk.project), "PRIVATE")
    assert (found[str(desk.project)]["parent_collection"], found[str(desk.project)]["access_level"]) == (
        None,
        "PUBLIC",
    )
    assert found[below]["collection_url"] == f"{desk.server.origin}/projects/below-{desk.project}"


def test_private_notes_stay_with_those_who_may_read_them(
    client: Client, reporter: Client, desk: Desk
) -> None:
    """They are listed as private to the administrator, and not at all to somebody who may not see them."""
    issue = desk.issue("Talk")
    desk.edit(issue, notes="For all.")
    desk.edit(issue, notes="For few.", private_notes=True, priority_id=3)
    since = desk.shown(issue)["updated_on"]
    seen, public = (_said(lately(one, Comment, since), issue) for one in (client, reporter))

    assert seen == [("For all.", False), ("For few.", True)]
    assert public == [("For all.", False)]


def _said(comments: dict[str, Any], issue: str) -> list[tuple[str, bool]]:
    return [(one["body"], one["is_private"]) for one in comments.values() if one["ticket"] == issue]


def test_a_file_that_was_deleted_is_missed_by_the_next_complete_reading(client: Client, desk: Desk) -> None:
    """Its issue does not look changed."""
    issue = desk.issue("Smoke")
    desk.edit(issue, uploads=[desk.server.upload("log.txt")])
    [(file, values)] = ((k, v) for k, v in every(client, Attachment).items() if v["ticket"] == issue)
    before = desk.shown(issue)["updated_on"]
    desk.server.rest("DELETE", f"attachments/{file}")

    assert (values["file_name"], values["size"], values["uploaded_by"]) == ("log.txt", 5, "1")
    assert desk.shown(issue)["updated_on"] == before
    assert file not in every(client, Attachment, full=True)
    with pytest.raises(Gone):
        client.read(resource(client, Attachment), file)
