"""The adapter against GitHub as its description has it: every exchange is judged by that, where it is at hand.

What SEMANTICS.md says of GitHub with a source, and the test that stands for it:

    per_page, Link rel=next                                test_what_moves_while_pages_are_read…
    state=all; since is inclusive, in seconds              test_changes_are_found…
    pull requests in the list                              test_pull_requests…
    deleted is 410 or 404, transferred 301                 test_without_a_feed…, test_who_loses_sight…
    closed with a reason; ignored unless the state changes test_a_reason_counts…, test_an_issue_lives…
    labels, assignees and type dropped without push        test_labels_are_dropped…
    labels and assignees replace                           test_an_issue_lives…
    unknown labels are made, unknown assignees dropped     test_an_issue_lives…, test_writing (before they leave)
    65,536 characters; issues switched off are 410         test_what_is_refused…
    no deletion of issues, no attachments                  there is no such address: meta has neither
    signed deliveries, the same name when sent again       test_webhooks…
    issue types                                            test_an_issue_lives…

Not looked at here, as the adapter does not use it: adding and removing single labels, milestones by number, fields of
an organisation's issues, which are read out of `remote_data`.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from integrations.kit.client import Client
from integrations.kit.errors import Forbidden, Gone, Misconfigured, Rejected, Uncertain
from integrations.kit.http import Patience
from integrations.kit.signatures import Delivery
from integrations.kit.webhooks import Callback
from tests.emulators.engine import Emulator
from tests.emulators.vendors import github as desk
from tests.emulators.vendors.github.common import CURSORS, HIDDEN_REFUSALS, NO_PERMISSIONS
from tests.emulators.vendors.github.issues import new_comment
from tests.integrations import metered
from tests.integrations.lines import NOW, Key, connection
from tests.integrations.listener import Seen, Told, listening
from tests.integrations.providers.github.hub import PROVIDER, ids, resource
from unified_api.models.base import OWN
from unified_api.models.ticketing import Collection, Comment, Tag, Team, Ticket, User


def account(emulator: Emulator, role: str = "admin") -> Client:
    """An account that is linked with the token of somebody in this role."""
    settings = {"base_url": emulator.url, "owner": desk.OWNER, "repository": desk.NAME}
    line = connection(settings, {"token": desk.TOKENS[role]})
    return Client(PROVIDER, line, patience=Patience(attempts=1))


def test_a_label_in_capitals_is_the_same_one(github: Emulator) -> None:
    """What differs by them alone is not sent."""
    client, tickets = account(github), resource(Ticket)
    made = client.create(tickets, {"name": "The printer smokes", "tags": ["Bug"]})
    client.update(tickets, made.remote_id, {"tags": ["BUG"]})

    assert [one.request.method for one in github.exchanges if one.request.method != "GET"] == ["POST"]


def test_an_issue_lives(github: Emulator) -> None:
    """Made with all that can be said, changed, closed, opened again; labels and assignees are replaced whole."""
    client, tickets = account(github), resource(Ticket)
    said = {
        "name": "The printer smokes",
        "description": "Since this morning.",
        "tags": ["Bug", "2nd floor"],
        "assignees": ["1024025"],
        "ticket_type": "Task",
        "status": "CLOSED",
    }
    made = metered.create(client, tickets, said)

    assert {name: made.values[name] for name in said} == {**said, "tags": ["bug", "2nd floor"]}
    assert made.values["creator"] == "583231"
    assert made.values["collections"] == ["acme/support"]
    changes: list[dict[str, Any]] = [
        {"status": "OPEN"},
        {"tags": [], "assignees": []},
        {"description": None, "ticket_type": None},
    ]
    for change in changes:
        shown = metered.update(client, tickets, made.remote_id, change, spare=2)  # its words are known by now
        assert {name: shown.values[name] for name in change} == change
    assert ids(client, Tag) == ["2nd floor", "bug", "question"]


def test_a_conversation(github: Emulator) -> None:
    """Comments are made, edited and removed; labels are made and removed."""
    client, comments = account(github), resource(Comment)
    number = str(desk.ghost(github.world, "Order toner")["number"])
    made = metered.create(client, comments, {"ticket": number, "body": "On its way."})
    edited = metered.update(client, comments, made.remote_id, {"body": "It is here."})
    assert (edited.values["ticket"], edited.values["body"]) == (number, "It is here.")
    assert [one.remote_id for one in client.recent(comments, edited.values)] == [made.remote_id]
    metered.delete(client, comments, made.remote_id)
    with pytest.raises(Gone):
        client.read(comments, made.remote_id)

    tag = metered.create(client, resource(Tag), {"name": "2nd floor / left"})
    with pytest.raises(Rejected, match="already_exists"):
        client.create(resource(Tag), {"name": "2ND FLOOR / left"})
    client.delete(resource(Tag), tag.remote_id)
    assert ids(client, Tag) == ["bug", "question"]


def test_who_is_there(github: Emulator) -> None:
    """The repository, those who can be assigned, and the teams of the organisation."""
    client = account(github, "read")
    assert client.check() == f"{github.url}/repositories/1296269"
    assert ids(client, Collection) == ["acme/support"]
    assert ids(client, User) == ["583231", "1024025", "1024026"]
    assert len(ids(client, Team)) == 1


def test_pull_requests_are_not_read(github: Emulator) -> None:
    """They and what is said on them stand in the lists, and are left out."""
    issue, pull = desk.ghost(github.world, "An issue"), desk.ghost(github.world, "A pull request", pull=True)
    there, _beside = (new_comment(github.world, one, None, "Hello") for one in (issue, pull))
    client = account(github)

    assert ids(client, Ticket) == [str(issue["number"])]
    assert ids(client, Comment) == [str(there["id"])]
    with pytest.raises(Gone):
        client.read(resource(Ticket), str(pull["number"]))


def test_changes_are_found_in_the_second_in_which_they_happened(github: Emulator) -> None:
    """What was edited in the very second of the last reading is read again, closed issues as well; others are not."""
    client, tickets = account(github), resource(Ticket)
    for title in ("first", "second", "third"):
        desk.ghost(github.world, title)
        github.world.clock.forward(1_000)
    (page,) = client.pages(tickets, None)
    github.world.clock.forward(1_000)
    desk.edit(github.world, 1, state="closed", state_reason="completed")
    (later,) = client.pages(tickets, page.cursor)

    assert page.complete
    assert not later.complete
    assert [one.remote_id for one in later.observations] == ["3", "1"]


@pytest.mark.parametrize("quirk", ["numbers", CURSORS])
def test_what_moves_while_pages_are_read_is_on_one_of_them(github: Emulator, quirk: str) -> None:
    """Whether addresses of pages count or name a place; somebody edits behind each page."""
    github.world.add("quirk", {"id": quirk})
    for number in range(230):
        desk.ghost(github.world, f"Issue {number}")
        github.world.clock.forward(number % 2)
    for number in (1, 2, 150):
        github.faults.meanwhile(
            "GET */issues",
            partial(desk.edit, number=number, title="Edited"),
            every=number % 2 + 1,
        )
    pages = list(account(github).pages(resource(Ticket), None))

    assert {int(one.remote_id) for page in pages for one in page.observations} == set(range(1, 231))
    assert len(pages) > 2


def test_without_a_feed_of_deletions_an_issue_says_itself_that_it_is_gone(github: Emulator) -> None:
    """Deleted, transferred; a comment that was removed. The next complete list lacks them."""
    client = account(github)
    for title in ("deleted", "transferred", "kept"):
        desk.ghost(github.world, title)
    said = new_comment(github.world, desk.at(github.world, 3), None, "Hello")
    desk.delete(github.world, 1)
    desk.transfer(github.world, 2)
    del github.world.table("comment")[str(said["id"])]

    for model, remote_id in ((Ticket, "1"), (Ticket, "2"), (Comment, str(said["id"])), (Tag, "nothing")):
        with pytest.raises(Gone):
            client.read(resource(model), remote_id)
    assert ids(client, Ticket) == ["3"]


def test_who_loses_sight_of_the_repository_deletes_nothing(github: Emulator) -> None:
    """All that was there is a 404, lists too: a lack of permission."""
    desk.ghost(github.world, "There")
    client = account(github, "none")

    with pytest.raises(Forbidden):
        client.read(resource(Ticket), "1")
    for model in (Ticket, Comment, Tag, User, Collection):
        with pytest.raises(Forbidden):
            ids(client, model)


def test_a_renamed_repository_is_read_on_and_not_written_to(github: Emulator) -> None:
    """Its former name redirects reads; a write says what is to be corrected."""
    desk.ghost(github.world, "There")
    client = account(github)
    desk.rename(github.world, "helpdesk")

    assert ids(client, Ticket) == ["1"]
    assert client.read(resource(Ticket), "1").values["collections"] == ["acme/helpdesk"]
    assert client.check() == f"{github.url}/repositories/1296269"
    with pytest.raises(Misconfigured, match="correct the address"):
        client.update(resource(Ticket), "1", {"name": "Still there"})


@pytest.mark.parametrize(("role", "quirk"), [("triage", "none"), ("read", NO_PERMISSIONS)])
def test_labels_are_dropped_without_a_word_and_the_answer_says_so(
    github: Emulator, role: str, quirk: str
) -> None:
    """Where the repository does not tell that they will be: the issue is made, and shown as it is."""
    github.world.add("quirk", {"id": quirk})
    made = account(github, role).create(
        resource(Ticket), {"name": "New", "tags": ["bug"], "ticket_type": "Task"}
    )

    assert (made.values["tags"], made.values["ticket_type"]) == ([], None)


def test_labels_that_would_be_dropped_are_refused(github: Emulator) -> None:
    """Who may only read can write an issue, and no labels: nothing is sent, and the field is named."""
    client = account(github, "read")
    with pytest.raises(Rejected) as caught:
        client.create(resource(Ticket), {"name": "New", "tags": ["bug"], "assignees": ["583231"]})

    assert set(caught.value.fields) == {"tags", "assignees"}
    assert github.world.rows("issue") == []


@pytest.mark.parametrize("quirk", ["plain", HIDDEN_REFUSALS])
def test_who_may_not_change_an_issue_is_told_so(github: Emulator, quirk: str) -> None:
    """By a 403, or by a 404 that hides it: no deletion in either case."""
    github.world.add("quirk", {"id": quirk})
    desk.ghost(github.world, "Of somebody else")
    with pytest.raises(Forbidden):
        account(github, "read").update(resource(Ticket), "1", {"name": "Mine"})


def test_an_issue_is_closed_for_a_reason(github: Emulator) -> None:
    """As a field of GitHub's own, beside the status or without it; refused where it would be ignored."""
    desk.ghost(github.world, "No")
    client, own = account(github), resource(Ticket).with_own(["state_reason"])
    reason = f"{OWN}state_reason"
    for values in ({"status": "CLOSED", reason: "not_planned"}, {reason: "reopened"}, {reason: "duplicate"}):
        shown = client.update(own, "1", values)
        assert {name: shown.values[name] for name in values} == values
    for told in ("not_planned", "because"):
        with pytest.raises(Rejected) as caught:
            client.update(own, "1", {reason: told})
        assert set(caught.value.fields) == {reason}
    with pytest.raises(Rejected, match="not when it is made"):
        client.create(own, {"name": "New", reason: "not_planned"})


def test_a_reason_counts_only_where_the_state_changes(github: Emulator) -> None:
    """An issue that was closed as not planned is closed: it is not touched."""
    desk.ghost(github.world, "No", state="closed", state_reason="not_planned")
    client = account(github)
    assert client.update(resource(Ticket), "1", {"status": "CLOSED"}).raw["state_reason"] == "not_planned"
    client.raw("PATCH", "/repos/acme/support/issues/1", body={"state_reason": "duplicate"})

    assert desk.at(github.world, 1)["state_reason"] == "not_planned"


def test_what_is_refused_is_named(github: Emulator) -> None:
    """A text that is too long by its field; a repository whose issues are switched off as a lack of permission."""
    client = account(github)
    with pytest.raises(Rejected) as caught:
        client.create(resource(Ticket), {"name": "Long", "description": "x" * 65_537})
    desk.home(github.world)["has_issues"] = False
    with pytest.raises(Forbidden, match="switched off"):
        client.create(resource(Ticket), {"name": "New"})
    with pytest.raises(Forbidden, match="switched off"):
        ids(client, Ticket)

    assert set(caught.value.fields) == {"description"}


@pytest.mark.parametrize("befalls", ["lose", "cut"])
def test_a_create_whose_answer_was_lost_is_found(github: Emulator, befalls: str) -> None:
    """Made once, and found by its title; so is the comment."""
    client = account(github)
    getattr(github.faults, befalls)("POST */issues")
    getattr(github.faults, befalls)("POST */comments")
    values: list[tuple[Any, dict[str, Any]]] = [
        (Ticket, {"name": "Order paper"}),
        (Comment, {"ticket": "1", "body": "Done"}),
    ]
    for model, said in values:
        with pytest.raises(Uncertain):
            client.create(resource(model), said)
        assert len(client.recent(resource(model), said)) == 1


def test_webhooks_are_signed_and_name_what_is_read_again(github: Emulator) -> None:
    """Asked for once, whatever was there before; sent again under the same name; removed."""
    seen: list[Seen] = []

    def takes(one: Seen) -> Told:
        seen.append(one)
        return Told()

    with listening(takes) as server:
        client = account(github)
        client.subscribe(Callback(server.url, Key("former")))
        made = client.subscribe(Callback(server.url, Key("s3cret")))
        desk.ghost(github.world, "The printer smokes")
        desk.edit(github.world, 1, title="The printer burns")
        client.create(resource(Comment), {"ticket": "1", "body": "Out."})
        github.deliver()
        ((hook),) = github.world.rows("hook")
        sent = github.world.rows("delivery")[-1]["id"]
        client.raw("POST", f"/repos/acme/support/hooks/{hook['id']}/deliveries/{sent}/attempts")
        github.deliver()
        client.unsubscribe(made.id)

    assert PROVIDER.webhooks is not None
    deliveries = [Delivery({k.lower(): v for k, v in one.headers.items()}, one.body) for one in seen]
    ours = [one for one in deliveries if PROVIDER.webhooks.proof.holds(one, [Key("s3cret")], NOW)]
    hints = [(hint.model, hint.remote_id) for one in ours for hint in PROVIDER.webhooks.hints(one)]
    said = str(github.world.rows("comment")[0]["id"])
    assert hints == [(None, None), (Ticket, "1"), (Comment, said), (Comment, said)]
    assert PROVIDER.webhooks.name_of(ours[-1]) == PROVIDER.webhooks.name_of(ours[-2])
    assert github.world.rows("hook") == []
