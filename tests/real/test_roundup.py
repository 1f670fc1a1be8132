"""The adapter against a real Roundup.

Everything it can do, and what happens when the tracker does not play along.
"""

from __future__ import annotations

import time
from typing import Any

import pytest

from demo.servers import Roundup
from integrations.kit.client import Client
from integrations.kit.endpoints import Write
from integrations.kit.errors import Gone, Misconfigured, Moved, NeedsReauthorisation, Rejected, RetryLater
from integrations.kit.provider import Resource
from tests.integrations import metered
from tests.real.conftest import Linked, every, small
from unified_api.models.ticketing import Comment, Tag, Ticket, User


@pytest.fixture
def client(roundup: Roundup, linked: Linked) -> Client:
    """A client of the tracker as administrator."""
    return linked("roundup", roundup)


def resource(client: Client, model: Any) -> Resource:
    """What the adapter knows of a model."""
    found = client.provider.resource(model)
    assert found is not None
    return found


def test_check(client: Client, roundup: Roundup) -> None:
    """The credential works, and the tracker is known by its address."""
    assert client.check() == roundup.url


def test_a_wrong_password(roundup: Roundup, linked: Linked) -> None:
    """The owner has to give another one."""
    with pytest.raises(NeedsReauthorisation):
        linked("roundup", roundup, password="wrong").check()


def test_a_wrong_address(roundup: Roundup, linked: Linked) -> None:
    """A tracker that is not there, and a page that is no REST interface."""
    for wrong in (f"{roundup.origin}/nothing", f"{roundup.url}/issue"):
        with pytest.raises(Misconfigured):
            linked("roundup", roundup, base_url=wrong).check()


def test_a_ticket_is_made_read_changed_and_removed(client: Client, roundup: Roundup) -> None:
    """And the tracker itself says so at every step."""
    tickets = resource(client, Ticket)
    roundup.rest("POST", "keyword", {"name": "made-by-hand"})
    made = metered.create(
        client,
        tickets,
        {
            "name": "Printer",
            "description": "It smokes.",
            "status": "OPEN",
            "priority": "HIGH",
            "tags": ["made-by-hand"],
        },
    )
    there = roundup.rest("GET", f"issue/{made.remote_id}", **{"@verbose": "2"})["attributes"]

    assert (there["title"], there["status"]["name"], there["priority"]["name"]) == (
        "Printer",
        "unread",
        "urgent",
    )
    assert [word["name"] for word in there["keyword"]] == ["made-by-hand"]
    assert made.values["description"] == "It smokes."
    assert made.values["tags"] == ["made-by-hand"]
    assert made.values["ticket_url"] == f"{roundup.url}/issue{made.remote_id}"

    changed = metered.update(
        client,
        tickets,
        made.remote_id,
        {"name": "Printers", "status": "CLOSED", "priority": None, "tags": [], "assignees": ["1"]},
        spare=3,  # the tracker's words are known from the create
    )
    there = roundup.rest("GET", f"issue/{made.remote_id}", **{"@verbose": "2"})["attributes"]
    assert (there["title"], there["status"]["name"], there["priority"], there["keyword"]) == (
        "Printers",
        "resolved",
        None,
        [],
    )
    assert changed.values["assignees"] == ["1"]
    assert changed.version is not None
    assert client.read(tickets, made.remote_id).values == changed.values
    assert every(client, Ticket)[made.remote_id] == changed.values

    metered.delete(client, tickets, made.remote_id)
    assert made.remote_id not in every(client, Ticket)
    with pytest.raises(Gone):
        client.read(tickets, made.remote_id)
    with pytest.raises(Gone):
        client.update(tickets, made.remote_id, {"name": "x"})
    with pytest.raises(Gone):
        client.delete(tickets, made.remote_id)


def test_writing_back_what_was_read_writes_nothing(client: Client, roundup: Roundup) -> None:
    """Also where another remote word means the same: `testing` stays `testing`."""
    number = roundup.rest("POST", "issue", {"title": "Same", "status": "testing", "priority": "wish"})["id"]
    values = client.read(resource(client, Ticket), number).values
    before = roundup.writes()

    assert (values["status"], values["priority"]) == ("IN_PROGRESS", "LOW")
    assert client.update(resource(client, Ticket), number, values).values == values
    assert roundup.writes() == before


def test_an_unknown_word_of_this_tracker(client: Client, roundup: Roundup) -> None:
    """It passes through, is counted, and can be written back by its own name; others are refused."""
    roundup.rest("POST", "status", {"name": "parked", "order": "9"})
    number = roundup.rest("POST", "issue", {"title": "Odd", "status": "parked"})["id"]
    tickets = resource(client, Ticket)
    pages = list(client.pages(tickets, None))

    assert pages[-1].unknown_words.get("status: parked") or any(p.unknown_words for p in pages)
    assert client.read(tickets, number).values["status"] == "parked"
    client.update(tickets, number, {"status": "OPEN"})
    assert client.update(tickets, number, {"status": "parked"}).values["status"] == "parked"
    for values in ({"status": "no such"}, {"tags": ["no such"]}):
        with pytest.raises(Rejected) as caught:
            client.update(tickets, number, values)
        assert set(caught.value.fields) == set(values)


def test_the_tracker_refuses_values(client: Client) -> None:
    """Its reason is handed on, with the common field that it is about."""
    with pytest.raises(Rejected) as caught:
        client.create(resource(client, Ticket), {"name": "x", "assignees": ["9999"]})

    assert set(caught.value.fields) == {"assignees"}


def test_comments(client: Client, roundup: Roundup) -> None:
    """Those made here and those made there; the description is none of them; removed ones are gone."""
    tickets, comments = resource(client, Ticket), resource(client, Comment)
    ticket = client.create(tickets, {"name": "Talk", "description": "the question"}).remote_id
    bare = client.create(tickets, {"name": "No question"}).remote_id
    ours = metered.create(client, comments, {"ticket": ticket, "body": "an answer"})
    alone = client.create(comments, {"ticket": bare, "body": "out of the blue"})
    time.sleep(1.1)  # the tracker tells time in seconds, and tells by it what came later
    theirs = roundup.rest("POST", "msg", {"content": "by hand", "author": "admin"})["id"]
    roundup.rest("PATCH", f"issue/{bare}", {"messages": [theirs], "@op": "add"})
    found = every(client, Comment)

    assert {n: v["body"] for n, v in found.items() if v["ticket"] in {ticket, bare}} == {
        ours.remote_id: "an answer",
        alone.remote_id: "out of the blue",
        theirs: "by hand",
    }
    assert found[ours.remote_id] == ours.values
    assert ours.values["user"] == "1"
    assert client.read(tickets, bare).values["description"] is None
    assert [c.remote_id for c in client.recent(comments, {"ticket": ticket, "body": "an answer"})] == [
        ours.remote_id
    ]
    edited = client.update(comments, ours.remote_id, {"body": "a better answer"})
    assert (
        edited.values == ours.values | {"body": "a better answer"} == every(client, Comment)[ours.remote_id]
    )
    metered.delete(client, comments, ours.remote_id)
    with pytest.raises(Gone):
        client.read(comments, ours.remote_id)
    client.delete(tickets, ticket)
    with pytest.raises(Gone):
        client.create(comments, {"ticket": ticket, "body": "too late"})
    assert ours.remote_id not in every(client, Comment)


@pytest.mark.parametrize("status", ["unread", "resolved"])
def test_a_comment_leaves_the_status_of_its_issue(client: Client, roundup: Roundup, status: str) -> None:
    """The tracker would make it `chatting`, and take a ticket that was closed with a last word up again."""
    number = roundup.rest("POST", "issue", {"title": "Talk", "status": status})["id"]
    client.create(resource(client, Comment), {"ticket": number, "body": "a last word"})

    there = roundup.rest("GET", f"issue/{number}", **{"@verbose": "2"})["attributes"]
    assert (there["status"]["name"], len(there["messages"])) == (status, 1)


def test_users_and_tags(client: Client, roundup: Roundup) -> None:
    """Users with name and address; tags can be made, renamed and removed."""
    number = roundup.rest(
        "POST", "user", {"username": "ada", "realname": "Ada L", "address": "ada@example.com"}
    )["id"]
    assert every(client, User)[number] == {"name": "Ada L", "email_address": "ada@example.com"}
    assert every(client, User)["1"]["name"] == "admin"

    tags = resource(client, Tag)
    made = metered.create(client, tags, {"name": "urgent-thing"})
    renamed = metered.update(client, tags, made.remote_id, {"name": "calm-thing"})
    assert renamed.values == {"name": "calm-thing"}
    assert [tag.remote_id for tag in client.recent(tags, {"name": "calm-thing"})] == [made.remote_id]
    client.delete(tags, made.remote_id)
    assert made.remote_id not in every(client, Tag)


def test_a_user_who_may_see_less(roundup: Roundup, linked: Linked) -> None:
    """What may not be seen is absent, not null."""
    roundup.rest(
        "POST",
        "user",
        {"username": "eve", "password": "pw-of-eve", "roles": "User", "address": "e@example.com"},
    )
    eve = linked("roundup", roundup, username="eve", password="pw-of-eve")

    assert eve.check() == roundup.url
    assert every(eve, User)["1"] == {"name": "admin"}


def test_pages(client: Client, roundup: Roundup) -> None:
    """Every ticket once over more than two pages, also when the run is resumed in the middle."""
    made = {roundup.rest("POST", "issue", {"title": f"Many {n}"})["id"] for n in range(25)}
    tickets = small(resource(client, Ticket))
    pages = client.pages(tickets, None)
    first = next(pages)
    rest = list(client.pages(tickets, first.cursor))
    numbers = [o.remote_id for page in (first, *rest) for o in page.observations]

    assert len(rest) >= 2
    assert made <= set(numbers)
    assert len(numbers) == len(set(numbers))
    assert rest[-1].complete


def test_rows_that_vanish_while_pages_are_read(client: Client, roundup: Roundup) -> None:
    """Nothing is skipped when earlier rows go and later ones move forward."""
    made = [roundup.rest("POST", "issue", {"title": f"Row {n}"})["id"] for n in range(25)]
    pages = client.pages(small(resource(client, Ticket)), None)
    seen = {o.remote_id for o in next(pages).observations}
    for number in sorted(seen, key=int)[:4]:
        roundup.rest("DELETE", f"issue/{number}")
    seen |= {o.remote_id for page in pages for o in page.observations}

    assert set(made) <= seen


def test_only_changes_are_read(client: Client, roundup: Roundup) -> None:
    """A run after another one sees what was made, edited or commented, and little else; in any time zone."""
    old = roundup.rest("POST", "issue", {"title": "Old"})["id"]
    tickets = resource(client, Ticket)
    cursor = list(client.pages(tickets, None))[-1].cursor
    for zone in ("", "5", "-11"):
        roundup.rest("PATCH", "user/1", {"timezone": zone})
        new = roundup.rest("POST", "issue", {"title": f"New {zone}"})["id"]
        roundup.rest("PATCH", f"issue/{old}", {"title": f"Edited {zone}."})
        pages = list(client.pages(tickets, cursor))
        found = {o.remote_id: o.values["name"] for page in pages for o in page.observations}
        assert found[old] == f"Edited {zone}."
        assert new in found
        assert not pages[-1].complete
        cursor = pages[-1].cursor
    roundup.rest("PATCH", "user/1", {"timezone": ""})


def test_changes_stop_at_what_is_known(client: Client, roundup: Roundup) -> None:
    """With many tickets older than the lookback, one page is enough."""
    for number in range(5):
        roundup.rest("POST", "issue", {"title": f"Late {number}"})
    pages = list(client.pages(small(resource(client, Ticket), 2), {"since": "2199-01-01T00:00:00+00:00"}))

    assert len(pages) == 1


def test_an_edit_in_between_is_kept(client: Client, roundup: Roundup) -> None:
    """Between our reading and our writing somebody changes another field.

    The tracker says 412, and both survive.
    """
    tickets = resource(client, Ticket)
    number = roundup.rest("POST", "issue", {"title": "Both", "priority": "wish"})["id"]
    edits = iter([lambda: roundup.rest("PATCH", f"issue/{number}", {"priority": "critical"})])
    after = client.update(
        tickets, number, {"name": "Ours"}, before=lambda _there: next(edits, lambda: None)()
    )

    assert (after.values["name"], after.values["priority"]) == ("Ours", "URGENT")


def test_an_edit_of_the_same_field_in_between_is_a_conflict(client: Client, roundup: Roundup) -> None:
    """Theirs stays, and we are told what it is."""
    number = roundup.rest("POST", "issue", {"title": "Mine"})["id"]
    with pytest.raises(Moved) as caught:
        client.update(
            resource(client, Ticket),
            number,
            {"name": "Ours"},
            before=lambda _there: roundup.rest("PATCH", f"issue/{number}", {"title": "Theirs"}),
        )

    assert caught.value.fields == {"name": "is 'Theirs' by now"}
    assert client.read(resource(client, Ticket), number).values["name"] == "Theirs"


def test_the_tracker_insists_on_etags(client: Client, roundup: Roundup) -> None:
    """A write without a condition is refused: our conditions are not for show."""
    number = roundup.rest("POST", "issue", {"title": "Strict"})["id"]
    assert isinstance(resource(client, Ticket).update, Write)
    with pytest.raises(Moved):
        client._session.send("PATCH", f"/issue/{number}", {"title": "x"})


def test_a_create_is_asked_for_twice_and_done_once(client: Client, roundup: Roundup) -> None:
    """The tracker's "post once exactly": the second use of an address is refused."""
    link = client._session.send("POST", "/issue/@poe", {})["data"]["link"]
    path = link[link.index("/issue/@poe") :]
    client._session.send("POST", path, {"title": "Exactly once"})
    with pytest.raises(Rejected, match="not valid"):
        client._session.send("POST", path, {"title": "Exactly once"})

    assert len(client.recent(resource(client, Ticket), {"name": "Exactly once"})) == 1
    assert roundup.running


def test_a_tracker_that_is_down_and_comes_back(client: Client, roundup: Roundup) -> None:
    """Down is `later`, for reads and for writes that never left; back is back, with everything in it."""
    tickets = resource(client, Ticket)
    number = client.create(tickets, {"name": "Survivor"}).remote_id
    roundup.kill()
    with pytest.raises(RetryLater):
        client.read(tickets, number)
    with pytest.raises(RetryLater):
        client.create(tickets, {"name": "Never left"})
    roundup.start()

    assert client.read(tickets, number).values["name"] == "Survivor"
    assert client.recent(tickets, {"name": "Never left"}) == []
