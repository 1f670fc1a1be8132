"""Zendesk and GitHub, kept equal as `zendesk-github.yaml` says: only what support passes on."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import psycopg
import pytest
from pytest_django.fixtures import Settings

from tests.emulators.engine import Emulator
from tests.emulators.faults import PAGE
from tests.emulators.vendors import github as hub
from tests.emulators.vendors import zendesk as desk
from tests.emulators.vendors.github import issues
from tests.emulators.vendors.zendesk import ticket as tickets
from tests.emulators.vendors.zendesk.forms import API, EMAIL, TOKEN
from tests.emulators.world import Record
from tests.integrations.bridged.house import House, Party, hasten, housed, link
from tests.unified_api.commands.conftest import Call, call
from tests.unified_api.sync.conftest import no_broker, tenant
from unified_api.engine.mention import JOINER
from unified_api.events import receiving

__all__ = ["call", "no_broker", "tenant"]  # fixtures

FILE: Final = "zendesk-github.yaml"
PARTIES: Final = (
    Party(desk.vendor, "zendesk", {"email": EMAIL, "api_token": TOKEN, "exports_per_minute": "6000"}),
    Party(hub.vendor, "github", {"owner": hub.OWNER, "repository": hub.NAME, "token": hub.TOKENS["admin"]}),
)
#: Of the emulated people: the agent and the customer there, an engineer here.
BEN, CLEO, GRACE = 1002, 1003, 1024025
PASSED_ON: Final = "engineering"
SECONDARY: Final = {
    "message": "You have exceeded a secondary rate limit. Please wait.",
    "documentation_url": "",
}


class Both(House):
    """A desk and a repository, and what people do there."""

    def ask(self, subject: str, *tags: str, **told: Any) -> Record:
        """Have the customer ask for something; Ben sees to it."""
        said = {"body": f"{subject}: please help.", "author_id": CLEO}
        usual = {"requester_id": CLEO, "submitter_id": CLEO, "assignee_id": BEN, "tags": list(tags)}
        return tickets.add_ticket(self.a.world, {"subject": subject, "comment": said, **usual, **told})

    def reply(self, ticket: Record, text: str, *, public: bool = True) -> None:
        """Have Ben say something there."""
        self.edit(ticket, comment={"body": text, "public": public, "author_id": BEN})

    def edit(self, ticket: Record, **told: Any) -> None:
        """Have Ben change a ticket."""
        tickets.change_ticket(self.a.world, ticket, **told)

    def open(self, title: str, **values: Any) -> Record:
        """Have Grace open an issue, or with `pull` a pull request."""
        made = hub.ghost(self.b.world, title, user=GRACE, **values)
        self.b.world.happened("opened", "issues", made)
        return made

    def remark(self, issue: Record, text: str) -> None:
        """Have Grace say something there."""
        issues.new_comment(self.b.world, issue, GRACE, text)

    def change(self, issue: Record, **values: Any) -> None:
        """Have Grace change an issue; a label that is not there yet is made."""
        names = values.get("labels", ())
        named = {"labels": [issues.label_named(self.b.world, hub.REPOSITORY_ID, name) for name in names]}
        hub.edit(self.b.world, issue["number"], **(values | named if names else values))

    def close(self, issue: Record) -> None:
        """Have Grace close an issue."""
        self.change(issue, state="closed", state_reason="completed")

    def issues(self) -> list[Record]:
        """Those that are no pull requests."""
        return [one for one in self.b.world.rows("issue") if not one["pull"]]

    def issue(self, title: str) -> Record:
        """The issue of this title, of which there has to be one."""
        (found,) = [one for one in self.issues() if one["title"] == title]
        return found

    def remarks(self, issue: Record) -> list[str]:
        """What is said on an issue."""
        return [one["body"] for one in self.b.world.rows("comment") if one["issue"] == issue["id"]]

    def replies(self, ticket: Record) -> list[Record]:
        """What is said on a ticket behind its description."""
        return [one for one in self.a.world.rows("comment") if one["_ticket"] == ticket["id"]][1:]

    def shared(self, ticket: Record) -> list[str]:
        """What of that both sides are to know: all but the notes of agents."""
        return [one["body"] for one in self.replies(ticket) if one["public"] or one["author_id"] != BEN]

    def differences(self) -> list[str]:
        """Of the tickets that are passed on, what their issues say otherwise."""
        passed_on = [one for one in self.a.world.rows("ticket") if PASSED_ON in one["tags"]]
        return [text for one in passed_on for text in self._differences(one)]

    def _differences(self, ticket: Record) -> Iterator[str]:
        issue = self.issue(ticket["subject"])
        closed = ticket["status"] in {"solved", "closed"}
        if closed is not (issue["state"] == "closed"):
            yield f"{ticket['subject']}: {ticket['status']}, {issue['state']}"
        if set(ticket["tags"]) != {name.lower() for name in issue["labels"]}:
            yield f"{ticket['subject']}: {ticket['tags']}, {issue['labels']}"
        here, there = (
            Counter(_bare(text) for text in some) for some in (self.shared(ticket), self.remarks(issue))
        )
        if here != there:
            yield f"{ticket['subject']}: said {here - there} there, {there - here} here alone"


def _bare(text: str) -> str:
    return text.replace(JOINER, "")


@pytest.fixture
def both(
    tenant: uuid.UUID,
    call: Call,
    database: psycopg.Connection,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Both]:
    """Both systems, running, and neither linked yet."""
    with housed(PARTIES, tenant, call, database) as house:
        hasten(house, settings, monkeypatch)
        yield Both(**vars(house))


def test_what_support_passes_on_is_planned_and_then_followed_at_both_sides(both: Both) -> None:
    """Tagged tickets alone, with what customers may know; states, labels, comments go both ways; notes stay notes."""
    printer = both.ask("Printer burns", PASSED_ON, "vip")
    both.reply(printer, "We look into it, says @ada.")
    both.reply(printer, "The customer is angry.", public=False)
    known, invoice = both.ask("Known matter", PASSED_ON), both.ask("Invoice is wrong", "billing")
    both.open("Known matter", body="Seen before.", labels=["bug"])
    both.open("Refactor the driver")
    both.open("Printer burns", pull=True)
    link(both, PARTIES)
    both.apply(FILE)
    plan = both.plan("Ticket")
    assert (plan["counts"], both.writes()) == ({"create": 1, "update": 2}, 0)
    both.approve(plan)
    both.rounds()
    both.approve(both.plan("Comment"))
    both.rounds()

    issue = both.issue("Printer burns")
    assert (issue["body"], issue["labels"]) == ("Printer burns: please help.", [PASSED_ON, "vip"])
    assert both.remarks(issue) == [f"We look into it, says @{JOINER}ada."]
    assert known["tags"] == ["bug", PASSED_ON]
    assert {one["title"] for one in both.issues()} == {"Printer burns", "Known matter", "Refactor the driver"}
    assert len(both.a.world.rows("ticket")) == 3

    both.remark(issue, "It is the fuse, @ben.")
    both.change(issue, labels=[*issue["labels"], "Hardware"])
    both.edit(printer, status="hold")
    both.edit(known, status="solved")
    both.reply(invoice, "Paid.")
    both.rounds()
    assert [(one["body"], one["public"]) for one in both.replies(printer)][2:] == [
        ("It is the fuse, @ben.", False)
    ]
    assert (printer["tags"], printer["status"]) == ([PASSED_ON, "hardware", "vip"], "hold")
    assert (issue["state"], both.issue("Known matter")["state"]) == ("open", "closed")
    both.close(issue)
    both.change(both.issue("Known matter"), state="open", state_reason="reopened")
    both.rounds()
    assert (printer["status"], known["status"]) == ("solved", "open")
    assert both.differences() == []
    assert (both.problems("Ticket"), both.problems("Comment")) == (set(), set())

    both.change(issue, labels=["Hardware", "vip"])
    both.rounds()
    both.reply(printer, "Between us.")
    both.rounds()
    assert printer["tags"] == ["hardware", "vip"]
    assert "Between us." not in both.remarks(issue)
    both.edit(printer, tags=[*printer["tags"], PASSED_ON])
    both.rounds()
    assert "Between us." in both.remarks(issue)
    assert both.differences() == []
    assert "angry" not in json.dumps([both.b.world.rows("comment"), both.issues()])


def test_whatever_goes_wrong_both_sides_end_equal_and_at_rest(both: Both) -> None:
    """Limits, failures, lost and halved answers, lists that come behind; edits meanwhile; then not a write any more."""
    there = [both.ask(f"Matter {n}", PASSED_ON, f"area-{n}") for n in range(4)]
    link(both, PARTIES)
    _trouble(both.a, both.b)
    both.apply(FILE, "--live")
    for one in there:
        both.reply(one, f"About {one['subject']}.")
    both.round()
    later = both.ask("Matter 4", PASSED_ON, "area-4")
    both.rounds(still=2)
    assert both.differences() == []

    found = [both.issue(one["subject"]) for one in there]
    both.edit(there[0], subject="Matter 0 of the desk", tags=[PASSED_ON, "urgent"])
    both.remark(found[0], "Seen.\r\n\r\nWe look into it.")
    both.change(found[1], labels=["bug"], title="Matter 1 of the repository")
    both.edit(there[1], priority="high", status="pending")
    both.edit(there[2], subject="Matter 2 of the desk")
    both.change(found[2], title="Matter 2 of the repository")
    both.round()
    both.close(found[0])
    both.reply(there[0], "Thanks.")
    both.remark(found[3], "Merged.")
    both.edit(there[3], status="solved", comment={"body": "Told the customer.", "author_id": BEN})
    both.edit(later, tags=[])
    both.rounds(still=2)
    assert [
        f"{one.on}: {one.times}" for side in (both.a, both.b) for one in side.faults.all if one.times
    ] == []
    both.remark(both.issue("Matter 4"), "Too late.")
    before = both.writes()
    for _ in range(10):
        both.round()
    assert (both.differences(), both.writes()) == ([], before)
    assert [len(both.issues()), len(both.a.world.rows("ticket"))] == [5, 5]
    assert (both.problems("Ticket"), both.problems("Comment")) == (set(), set())


def _trouble(zendesk: Emulator, github: Emulator) -> None:
    """What may go wrong, some times each."""
    zendesk.faults.lose(f"PUT {API}/tickets/*", every=2, times=2)
    zendesk.faults.refuse(429, "*", every=9, times=4, headers={"Retry-After": "3"})
    zendesk.faults.refuse(503, "*", every=8, times=5, body=PAGE)
    zendesk.faults.cut("GET *", every=11, times=4)
    github.faults.lose("POST */issues", every=2, times=2)
    github.faults.lose("POST */comments", every=2, times=2)
    github.faults.lose("PATCH */issues/*", every=2)
    github.faults.refuse(403, "*", every=10, times=4, body=SECONDARY, headers={"Retry-After": "5"})
    github.faults.refuse(502, "*", every=9, times=5, body=PAGE)
    github.faults.cut("GET *", every=13, times=4)
    github.world.lags.update(issue=8.0, comment=8.0)


def test_what_the_desk_refuses_is_named_and_holds_up_nothing_else(both: Both) -> None:
    """Unassigned is not solved, a label of two words is no tag, closed stays closed; a new title goes over."""
    unassigned = both.ask("Unassigned", PASSED_ON, assignee_id=None)
    labelled, final = both.ask("Labelled", PASSED_ON), both.ask("Final", PASSED_ON)
    link(both, PARTIES)
    both.apply(FILE, "--live")
    both.rounds()
    one, two, three = (both.issue(title) for title in ("Unassigned", "Labelled", "Final"))
    both.close(one)
    both.change(one, title="Still unassigned")
    both.change(two, title="Well labelled", labels=[PASSED_ON, "good first issue"])
    final["status"] = "closed"
    tickets.touch(both.a.world, final)
    both.rounds()
    both.change(three, state="open", state_reason="reopened")
    both.rounds()

    assert (unassigned["subject"], unassigned["status"]) == ("Still unassigned", "new")
    assert (labelled["subject"], labelled["tags"]) == ("Well labelled", [PASSED_ON])
    assert (final["status"], three["state"]) == ("closed", "open")
    assert both.problems("Ticket") == {("b", "refused", "status"), ("b", "refused", "tags")}


def test_a_signed_webhook_brings_an_edit_over_at_once(
    both: Both, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From either side, before any list is read again; what is not signed so is counted, and nothing follows."""
    settings.PUBLIC_URL = "http://isthmus.example"
    monkeypatch.setattr(receiving, "clock", both.clock)
    printer = both.ask("Printer burns", PASSED_ON)
    link(both, PARTIES)
    both.apply(FILE, "--live")
    both.rounds()
    issue = both.issue("Printer burns")
    both.deliver(both.a)
    both.deliver(both.b)
    both.clock.forward(5)

    both.edit(printer, subject="Printer smokes")
    assert set(both.deliver(both.a)) == {202}
    assert issue["title"] == "Printer smokes"
    both.deliver(both.b)
    both.clock.forward(5)
    both.remark(issue, "It is the fuse.")
    both.close(issue)
    assert set(both.deliver(both.b)) == {202}
    assert (printer["status"], both.shared(printer)) == ("solved", ["It is the fuse."])
    both.reply(printer, "Forged.")
    assert set(both.deliver(both.a, forged=True)) == {401}
    assert both.remarks(issue) == ["It is the fuse."]
