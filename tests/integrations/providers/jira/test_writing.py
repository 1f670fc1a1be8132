"""What is written to a site: fields in one call, the status by a transition, texts without loss."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from integrations.kit.client import Client
from integrations.kit.content import Content, Spool
from integrations.kit.errors import Rejected, RetryLater, Uncertain
from integrations.kit.http import Patience
from integrations.kit.limiter import LocalLimiter
from tests.emulators.engine import Emulator
from tests.emulators.vendors import jira
from tests.emulators.vendors.jira.issues import new_issue, touch
from tests.emulators.vendors.jira.said import document, say
from tests.emulators.world import World
from tests.integrations import metered
from tests.integrations.providers.jira.site import account_at, resource_of, sent
from unified_api.models.base import OWN
from unified_api.models.ticketing import Attachment, Comment, Ticket

MENTION = {"type": "mention", "attrs": {"id": jira.ADA, "text": "@Ada Lovelace"}}
IMAGE = {
    "type": "mediaSingle",
    "content": [{"type": "media", "attrs": {"id": "1", "type": "file", "collection": ""}}],
}


def _line(*nodes: Any) -> dict[str, Any]:
    told = [{"type": "text", "text": one} if isinstance(one, str) else one for one in nodes]
    return {"type": "paragraph", "content": told}


def _doc(*blocks: Any) -> dict[str, Any]:
    return {"type": "doc", "version": 1, "content": [*blocks]}


def _writes(site: Emulator) -> list[str]:
    """What was asked to be changed."""
    reads = ("/search/jql", "/bulkfetch")
    asked = [one.request for one in site.exchanges if one.request.method != "GET"]
    return [one.name.replace("/rest/api/3", "") for one in asked if not one.path.endswith(reads)]


def test_an_issue_lives(site: Emulator, client: Client) -> None:
    """Made, moved to the end of its workflow, opened again, emptied, and deleted."""
    tickets = resource_of(Ticket)
    said = {
        "name": "The printer smokes",
        "collections": [jira.HELP],
        "ticket_type": "Bug",
        "status": "CLOSED",
    }
    made = metered.create(client, tickets, said, spare=2)  # it has no own fields
    changes: list[dict[str, Any]] = [
        {"status": "IN_PROGRESS", "assignees": [jira.GRACE], "priority": "URGENT"},
        {"due_date": datetime(2026, 2, 3, tzinfo=UTC), "description": "Since **today**."},
        {"assignees": [], "description": None, "due_date": None, "tags": []},
    ]

    assert {name: made.values[name] for name in said} == said
    assert made.values["creator"] == jira.ADA
    assert made.values["completed_at"] is not None
    for change in changes:
        shown = metered.update(client, tickets, made.remote_id, change, spare=3)
        assert {name: shown.values[name] for name in change} == change
    site.world.get("issue", made.remote_id)["custom"] = {"customfield_10010": "2nd"}
    with account_at(site) as other:
        metered.delete(other, tickets, made.remote_id)


def test_a_status_is_reached_by_the_transition_that_leads_there(site: Emulator, client: Client) -> None:
    """The first one that needs nothing else; what has the category already is left as it is."""
    one = new_issue(site.world, jira.DEV, status="3")
    closed = client.update(resource_of(Ticket), one["id"], {"status": "CLOSED"})
    opened = client.update(resource_of(Ticket), one["id"], {"status": "OPEN"})
    touch(site.world, one, status="4")
    before = len(_writes(site))
    same = client.update(resource_of(Ticket), one["id"], {"status": "IN_PROGRESS"})

    assert [body["transition"]["id"] for body in sent(site, "POST", f"/issue/{one['id']}/transitions")] == [
        "31",
        "41",
    ]
    assert [seen.values["status"] for seen in (closed, opened, same)] == ["CLOSED", "OPEN", "IN_PROGRESS"]
    assert (one["status"], len(_writes(site))) == ("4", before)


@pytest.mark.parametrize(
    ("status", "wished", "reason"),
    [
        ("5", "IN_PROGRESS", "cannot be reached by any transition.*'Reopen' to 'To Do'"),
        ("1", "CLOSED", "needs Resolution in the transition 'Give up'"),
    ],
)
def test_a_status_without_a_transition_is_refused_by_name(
    site: Emulator, client: Client, status: str, wished: str, reason: str
) -> None:
    """With those that there are; and nothing else of the write is sent either."""
    one = new_issue(site.world, jira.DEV, status=status)
    with pytest.raises(Rejected, match=reason) as caught:
        client.update(resource_of(Ticket), one["id"], {"status": wished, "name": "Renamed"})

    assert set(caught.value.fields) == {"status"}
    assert (one["summary"], _writes(site)) == ("An issue", [])


def test_what_closes_comes_last_and_what_opens_first(site: Emulator, client: Client) -> None:
    """A closed issue may be locked; of two calls the second one may be lost, and is settled by reading back."""
    one = new_issue(site.world, jira.HELP)
    path = f"/issue/{one['id']}"
    client.update(resource_of(Ticket), one["id"], {"status": "CLOSED", "name": "Closed"})
    client.update(resource_of(Ticket), one["id"], {"status": "OPEN", "name": "Open"})
    order = _writes(site)
    site.faults.lose("POST */transitions")
    with pytest.raises(Uncertain) as caught:
        client.update(resource_of(Ticket), one["id"], {"status": "CLOSED", "name": "Lost"})

    assert order == [f"PUT {path}", f"POST {path}/transitions", f"POST {path}/transitions", f"PUT {path}"]
    assert caught.value.remote_id == one["id"]


def test_a_status_that_is_set_as_a_field_would_be_dropped(site: Emulator, client: Client) -> None:
    """Jira does not look at it, and answers that all is well: so it is never sent as one."""
    one = new_issue(site.world, jira.HELP)
    answer = client.raw("PUT", f"/issue/{one['id']}", body={"fields": {"status": {"name": "Done"}}})
    client.update(resource_of(Ticket), one["id"], {"status": "CLOSED", "name": "Closed"})

    assert (answer.status, one["status"]) == (204, "5")
    assert sent(site, "PUT", f"/issue/{one['id']}")[1:] == [{"fields": {"summary": "Closed"}}]


def _label(world: World, issue: dict[str, Any]) -> None:
    touch(world, issue, labels=[*issue["labels"], "theirs"])


def test_labels_that_somebody_else_adds_meanwhile_stay(site: Emulator, client: Client) -> None:
    """They are added and removed one by one; one with a blank is refused before anything is sent."""
    one = new_issue(site.world, jira.HELP, labels=["old", "kept"])
    site.faults.meanwhile("PUT *", partial(_label, issue=one))
    shown = client.update(resource_of(Ticket), one["id"], {"tags": ["kept", "new"]})
    with pytest.raises(Rejected, match="blanks"):
        client.update(resource_of(Ticket), one["id"], {"tags": ["two words"]})

    assert set(shown.values["tags"]) == {"kept", "new", "theirs"}


def test_a_description_keeps_what_no_markdown_tells(site: Emulator, client: Client) -> None:
    """An image, a mention, and colours stay node by node where their lines stay; what is new is written beside them."""
    colour = {"type": "textColor", "attrs": {"color": "#ff0000"}}
    red = _line({"type": "text", "text": "Danger", "marks": [colour]})
    one = new_issue(
        site.world, jira.HELP, description=_doc(_line("Ask ", MENTION, " soon."), IMAGE, red, _line("End."))
    )
    text = client.read(resource_of(Ticket), one["id"]).values["description"]
    changed = text.replace("soon", "*now*").replace("End.", "- one\n- two")
    shown = client.update(resource_of(Ticket), one["id"], {"description": changed})
    asked, image, danger, rest = one["description"]["content"]

    assert text == "Ask @Ada Lovelace soon.\n\n[media]\n\nDanger\n\nEnd."
    assert shown.values["description"] == changed
    assert asked["content"][:2] == [{"type": "text", "text": "Ask "}, MENTION]
    assert (image, danger, rest["type"]) == (IMAGE, red, "bulletList")


@pytest.mark.parametrize("wanted", ["Only this.", None, "", "Ask @Ada Lovelace soon.", "[media]"])
def test_a_text_that_would_lose_a_part_is_refused_by_name(
    site: Emulator, client: Client, wanted: str | None
) -> None:
    """The image or the mention is missing from it; nothing is sent."""
    there = _doc(_line("Ask ", MENTION, " soon."), IMAGE)
    one = new_issue(site.world, jira.HELP, description=copy.deepcopy(there))
    with pytest.raises(Rejected, match=r"would lose what it does not tell \((media|mention)") as caught:
        client.update(resource_of(Ticket), one["id"], {"description": wanted})

    assert set(caught.value.fields) == {"description"}
    assert (one["description"], _writes(site)) == (there, [])


def test_an_unchanged_text_is_not_sent_however_it_is_spelled(site: Emulator, client: Client) -> None:
    """Other signs for the same list, and other ends of lines, make the same document."""
    one = new_issue(site.world, jira.HELP)
    client.update(resource_of(Ticket), one["id"], {"description": "* one\r\n* __two__"})
    before = len(_writes(site))
    shown = client.update(resource_of(Ticket), one["id"], {"description": "- one\n- **two**"})

    assert (shown.values["description"], len(_writes(site))) == ("- one\n- **two**", before)


def test_a_list_that_begins_with_a_list_is_taken(site: Emulator, client: Client) -> None:
    """There it may only stand behind a line, which is empty then."""
    one = new_issue(site.world, jira.HELP)
    shown = client.update(resource_of(Ticket), one["id"], {"description": "- - deep\n- # no title"})

    assert shown.values["description"] == "- - deep\n- # no title"


def test_nobody_is_called_by_what_is_written(site: Emulator, client: Client) -> None:
    """A name behind an @ is a text: only a node would call, and none is made."""
    one = new_issue(site.world, jira.HELP)
    text = f"@Ada Lovelace and [~accountid:{jira.ADA}], look"
    made = client.create(resource_of(Comment), {"ticket": one["id"], "body": text})

    assert made.values["body"] == text
    (body,) = sent(site, "POST", f"/issue/{one['id']}/comment")
    assert body["body"] == document(text)


def test_a_comment_keeps_its_mention_when_it_is_edited(site: Emulator, client: Client) -> None:
    """Comments are edited and removed below their issues."""
    one = new_issue(site.world, jira.HELP)
    said = say(site.world, one, _doc(_line(MENTION, ", please look")), jira.ADA)
    comments, name = resource_of(Comment), f"{one['id']}-{said['id']}"
    shown = metered.update(client, comments, name, {"body": "@Ada Lovelace, please look **today**"})
    metered.delete(client, comments, name)

    assert shown.values["body"] == "@Ada Lovelace, please look **today**"
    assert said["body"]["content"][0]["content"][0] == MENTION
    assert site.world.rows("comment") == []


def test_a_comment_for_few_stays_one_when_it_is_edited(site: Emulator, client: Client) -> None:
    """Who may see it is sent along, as nobody tells whether an edit without that keeps it."""
    one, few = new_issue(site.world, jira.HELP), {"type": "role", "value": "Agents"}
    said = say(site.world, one, document("For few"), jira.ADA, visibility=few)
    shown = client.update(resource_of(Comment), f"{one['id']}-{said['id']}", {"body": "For few still"})

    assert (shown.values["body"], shown.values["is_private"]) == ("For few still", True)
    assert said["visibility"] == few


def test_own_fields_are_documents_or_texts_by_their_kind(site: Emulator, client: Client) -> None:
    """A paragraph is a document there, a line is a text, a choice an object: each is one value here."""
    one = new_issue(site.world, jira.HELP)
    keys = [f"customfield_1001{number}" for number in (0, 1, 2, 4)]
    tickets = resource_of(Ticket, *keys)
    told = dict(zip((OWN + key for key in keys), ("2nd", "Use *stairs*", "North", 2.5), strict=True))
    shown = client.update(tickets, one["id"], told)
    again = len(_writes(site))
    client.update(tickets, one["id"], told)

    assert {name: shown.values[name] for name in told} == told
    assert len(_writes(site)) == again
    assert [one["custom"][key] if key != keys[1] else one["custom"][key]["type"] for key in keys] == [
        "2nd",
        "doc",
        {"value": "North"},
        2.5,
    ]
    with pytest.raises(Rejected, match="'West' is not valid"):
        client.update(tickets, one["id"], {OWN + keys[2]: "West"})


def test_own_fields_are_described_by_their_kinds(client: Client) -> None:
    """Those of kinds that nobody knows here are left out; they can only be read."""
    found = {one.key: (one.name, one.kind) for one in client.field_classes(resource_of(Ticket))}
    sprint = resource_of(Ticket, "customfield_10013")

    assert found["customfield_10012"] == ("Building", "string")
    assert found["customfield_10014"] == ("Points", "number")
    assert "customfield_10013" not in found
    with pytest.raises(Rejected, match="only be read"):
        client.create(
            sprint,
            {"name": "x", "ticket_type": "Task", "collections": [jira.HELP], OWN + "customfield_10013": [1]},
        )


def test_a_paragraph_field_keeps_what_no_markdown_tells(site: Emulator, client: Client) -> None:
    """As a description does."""
    there = _doc(_line("See"), IMAGE)
    one = new_issue(site.world, jira.HELP, custom={"customfield_10011": copy.deepcopy(there)})
    tickets, name = resource_of(Ticket, "customfield_10011"), f"{OWN}customfield_10011"
    client.update(tickets, one["id"], {name: "Look\n\n[media]"})
    with pytest.raises(Rejected, match="would lose"):
        client.update(tickets, one["id"], {name: "Look"})

    assert one["custom"]["customfield_10011"] == _doc(_line("Look"), IMAGE)


def test_a_project_and_a_type_are_named_or_those_of_the_settings(site: Emulator, client: Client) -> None:
    """Without either, a ticket is refused by the names of both."""
    with pytest.raises(Rejected) as caught:
        client.create(resource_of(Ticket), {"name": "Where?"})
    with account_at(site, project="DEV", issue_type="Story") as other:
        made = other.create(resource_of(Ticket), {"name": "There"})

    assert set(caught.value.fields) == {"collections", "ticket_type"}
    assert (made.values["collections"], made.values["ticket_type"]) == ([jira.DEV], "Story")


def test_what_jira_refuses_is_told_by_common_names(site: Emulator, client: Client) -> None:
    """Its own names of fields are translated."""
    one = new_issue(site.world, jira.HELP)
    with pytest.raises(Rejected) as caught:
        client.update(resource_of(Ticket), one["id"], {"name": "two\nlines"})
    with pytest.raises(Rejected) as other:
        client.update(resource_of(Ticket), one["id"], {"assignees": ["nobody"]})

    assert (set(caught.value.fields), set(other.value.fields)) == ({"name"}, {"assignees"})
    assert "newline" in caught.value.fields["name"]


def test_of_a_moment_its_day_is_kept(site: Emulator, client: Client) -> None:
    """In UTC; another moment of that day is no change."""
    one = new_issue(site.world, jira.HELP)
    shown = client.update(resource_of(Ticket), one["id"], {"due_date": datetime(2026, 2, 3, 17, tzinfo=UTC)})
    before = len(_writes(site))
    client.update(resource_of(Ticket), one["id"], {"due_date": datetime(2026, 2, 3, 9, tzinfo=UTC)})

    assert (one["duedate"], shown.values["due_date"]) == ("2026-02-03", datetime(2026, 2, 3, tzinfo=UTC))
    assert len(_writes(site)) == before


@pytest.mark.parametrize("befalls", ["lose", "cut"])
def test_a_create_whose_answer_was_lost_is_found(site: Emulator, client: Client, befalls: str) -> None:
    """An issue among the newest of the account's own, a comment below its issue, also in another spelling."""
    one = new_issue(site.world, jira.HELP, summary="The same", creator=jira.GRACE)
    told: list[tuple[Any, str, dict[str, Any]]] = [
        (Ticket, "POST */issue", {"name": "The same", "collections": [jira.HELP], "ticket_type": "Task"}),
        (Comment, "POST */comment", {"ticket": one["id"], "body": "* Done\n* _Really_"}),
    ]
    for model, path, said in told:
        getattr(site.faults, befalls)(path)
        with pytest.raises(Uncertain):
            client.create(resource_of(model), said)
        (found,) = client.recent(resource_of(model), said)
        assert found.remote_id != one["id"]


def test_an_issue_with_others_below_is_not_deleted(site: Emulator, client: Client) -> None:
    """What stands below it would go with it; the refusal says so."""
    above = new_issue(site.world, jira.HELP)
    new_issue(site.world, jira.HELP, parent=above["id"], type="Subtask")
    with pytest.raises(Rejected, match="subtasks"):
        client.delete(resource_of(Ticket), above["id"])


def test_a_file_needs_a_header_that_no_browser_sends(site: Emulator, client: Client) -> None:
    """Its bytes are on another host, which is let in by the address alone."""
    one, files = new_issue(site.world, jira.HELP), resource_of(Attachment)
    with Spool(100) as spool, Spool(100) as brought:
        spool.write(b"smoke")
        made = client.create(files, {"ticket": one["id"], "file_name": "a.txt"}, Content(spool, "text/plain"))
        kind = client.download(files, made.remote_id, brought)
        shown = b"".join(brought.read())
    (upload,) = site.asked("POST", f"/rest/api/3/issue/{one['id']}/attachments")
    metered.delete(client, files, made.remote_id)

    assert (shown, kind) == (b"smoke", "text/plain")
    assert upload.headers["x-atlassian-token"] == "no-check"
    assert site.world.rows("file") == []


def test_an_issue_that_is_written_too_often_keeps_no_other_waiting(site: Emulator) -> None:
    """Its limit is its own, by the reason that the refusal tells."""
    first, second = (str(new_issue(site.world, jira.HELP)["id"]) for _ in range(2))
    limiter, tickets = LocalLimiter(per_second=1_000, clock=lambda: 0.0), resource_of(Ticket)
    told = {"RateLimit-Reason": "jira-per-issue-on-write", "Retry-After": "600"}
    site.faults.refuse(429, f"PUT */issue/{first}", headers={**told, "X-RateLimit-Remaining": "0"})
    with account_at(site) as account:
        line = replace(account.connection, limiter=limiter)
    with Client(account.provider, line, patience=Patience(attempts=1)) as client:
        with pytest.raises(RetryLater):
            client.update(tickets, first, {"name": "Too much"})
        assert client.update(tickets, second, {"name": "Fine"}).values["name"] == "Fine"
