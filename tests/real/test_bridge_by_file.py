"""A bridge between real servers, as people have it: told by a file, planned, approved, stopped, put back, restored.

Everything is said by `manage.py`, and looked up in the servers' own APIs and access logs.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.core.management.base import CommandError
from django.db import transaction
from pytest_django.fixtures import Settings

from demo import directly
from demo.servers import HelpDesk, Roundup
from tests.real.systems import CRITICAL, LOW, NORMAL, Real, empty, link
from tests.unified_api.commands.conftest import Call, call
from tests.unified_api.sync.conftest import no_broker, tenant
from unified_api.models.ticketing import Ticket
from unified_api.sync import clock
from unified_api.sync.models import Write
from unified_api.sync.models_bridge import Pair

__all__ = ["call", "no_broker", "tenant"]  # fixtures

FILE = """\
name: tickets
goal: Engineering works on what support escalates
owner: support@example.com
a: {end_user: customer-1, integration: roundup}
b: {end_user: customer-1, integration: django-helpdesk}
models:
  ticketing.Ticket:
    winner: a
    fields:
      name:
      description:
      status: {words: {b: {IN_PROGRESS: OPEN}}}
      priority:
"""


@dataclass
class Told(Real):
    """Both servers, linked, and what the bridge between them is told by `manage.py`. path: of its file."""

    call: Call
    path: Path
    accounts: dict[str, uuid.UUID]

    def apply(self, text: str = FILE, *more: str) -> None:
        """Tell it what stands in the file."""
        self.path.write_text(text)
        (made,) = self.call("bridge", "apply", str(self.path), *more, "--json").document["bridges"]
        self.bridge_id = uuid.UUID(made["bridge_id"])

    def say(self, verb: str, *more: str) -> Any:
        """What one of its verbs answers."""
        return self.call("bridge", verb, str(self.bridge_id), *more, "--json").document

    def of_record(self, name: str, side: str) -> uuid.UUID:
        """The id, in Isthmus, of the ticket of this name of one side that is there."""
        account = {"a": "roundup", "b": "django-helpdesk"}[side]
        with transaction.atomic():
            found: uuid.UUID = Ticket.objects.get(
                name=name, remote_was_deleted=False, linked_account_id=self.accounts[account]
            ).id
        return found


@pytest.fixture
def told(
    systems: tuple[Roundup, HelpDesk], tenant: uuid.UUID, call: Call, settings: Settings, tmp_path: Path
) -> Told:
    """Both servers, emptied and linked; no bridge yet."""
    settings.ALLOW_PRIVATE_HOSTS = ["127.0.0.1"]
    empty(*systems)
    roundup, desk = systems
    linked = {
        slug: link(slug, server).id for slug, server in (("roundup", roundup), ("django-helpdesk", desk))
    }
    return Told(tenant, roundup, desk, uuid.uuid4(), call, tmp_path / "tickets.yaml", linked)


def changed(old: str, new: str) -> str:
    """The file with one place otherwise."""
    assert old in FILE
    return FILE.replace(old, new)


def test_a_mistake_in_the_file_is_reported_with_its_line(told: Told) -> None:
    """Nothing is made; the message leads to the line and says what could stand there."""
    told.path.write_text(changed("winner: a", "winner: c"))

    with pytest.raises(
        CommandError, match=r"tickets\.yaml, line 8: winner: 'c' is none of a, b, newest, ask"
    ):
        told.call("bridge", "apply", str(told.path))


def test_a_plan_is_shown_approved_and_executed_item_by_item(told: Told) -> None:
    """Before the approval, neither server's log has a write; afterwards each ticket holds what its item showed."""
    number = directly.add_issue(told.roundup, "Printer", "It is on fire")
    directly.add_issue(told.roundup, "Both", "Known to both")
    directly.add_ticket(told.desk, "Both", "Known to both", LOW)
    directly.add_ticket(told.desk, "Router", "It blinks", CRITICAL)
    before = told.writes()
    told.apply()
    plan = told.say("plan")
    writes = told.writes()

    assert writes == before
    assert plan["counts"] == {"create": 2, "update": 1}
    shown = {(item["action"], item["side"], item["key"]): item["fields"]["fields"] for item in plan["items"]}
    with pytest.raises(CommandError, match="What was approved is not this plan"):
        told.say("approve", "0" * 64)
    told.say("approve", plan["hash"])
    told.say("run")

    created = shown["create", "b", '["Printer"]']
    ticket = told.ticket("Printer")
    assert (ticket["title"], ticket["description"]) == (
        created["name"]["value"],
        created["description"]["value"],
    )
    assert told.issue("Router")["title"] == shown["create", "a", '["Router"]']["name"]["value"]
    assert shown["update", "b", '["Both"]']["priority"]["was"] == "LOW"
    assert told.ticket("Both")["priority"] == NORMAL
    assert told.issue("Printer")["id"] == number
    assert told.say("plan", "--new")["counts"] == {}


def test_what_a_bridge_wrote_is_explained_and_put_back(told: Told) -> None:
    """`why` leads to the side where it was edited; an earlier moment shows the old value; undo returns to it."""
    number = directly.add_issue(told.roundup, "Printer", "It is on fire")
    told.apply(FILE, "--live")
    told.round()
    record, earlier = told.of_record("Printer", "b"), clock.now()
    directly.edit_issue(told.roundup, number, title="Printer upstairs")
    told.round()
    names = ("--tenant", str(told.tenant))

    why = told.call("bridge", "why", *names, str(record), "name").out
    assert "changed from 'Printer' by bridge" in why
    assert "changed from 'Printer' there by its own people" in why
    then = told.call("history", *names, str(record), "--as-of", earlier.isoformat(), "--json").document
    assert then["values"]["name"] == "Printer"

    with transaction.atomic():
        write = Write.objects.get(bridge_id=told.bridge_id, operation="update").id
    undo = told.say("undo", "--write", str(write))
    assert told.ticket("Printer upstairs")
    told.say("approve", undo["hash"])
    told.round()
    assert told.ticket("Printer")
    told.round()
    assert told.ticket("Printer")


def test_half_of_the_tickets_gone_is_braked_and_restored_from_the_counterparts(told: Told) -> None:
    """The brake holds; the tracker keeps all; the desk gets them back as new tickets behind the same ids."""
    titles = [f"Ticket {n}" for n in range(24)]
    for title in titles:
        directly.add_ticket(told.desk, title, "text", NORMAL)
    told.apply(FILE, "--live")
    told.round()
    ids = {title: told.of_record(title, "b") for title in titles}
    for ticket in told.desk.rest("GET", "tickets/", page_size=100)["results"][:14]:
        told.desk.rest("DELETE", f"tickets/{ticket['id']}/")
    told.call("sync", str(told.accounts["django-helpdesk"]), "--full", "--wait")
    with transaction.atomic():
        held = Ticket.objects.filter(
            linked_account_id=told.accounts["django-helpdesk"], remote_was_deleted=True
        )
        assert not held.exists()
    told.round()
    assert len(directly.issues_named(told.roundup, "Ticket")) == 24

    told.call("sync", str(told.accounts["django-helpdesk"]), "--allow-removals", "--wait")
    with transaction.atomic():
        lost = Ticket.objects.filter(remote_was_deleted=True).values("id")
        pair = Pair.objects.filter(record_b__in=lost).first()
    assert pair is not None
    assert told.say("restore", "--to", "b", "--pair", str(pair.id))["counts"] == {"create": 1}
    plan = told.say("restore", "--to", "b")
    assert plan["counts"] == {"create": 14}
    told.say("approve", plan["hash"])
    told.round()
    found = [one["title"] for one in told.desk.rest("GET", "tickets/", page_size=100)["results"]]
    assert sorted(found) == sorted(titles)
    assert {title: told.of_record(title, "b") for title in titles} == ids


def test_what_matches_twice_goes_to_review_and_nothing_is_created(told: Told) -> None:
    """Two issues and one ticket of one name: a person has to say, and no server sees a write."""
    for text in ("One", "Another"):
        directly.add_issue(told.roundup, "Printer", text)
    directly.add_ticket(told.desk, "Printer", "Which?", NORMAL)
    before = told.writes()
    told.apply(FILE, "--live")
    standing = told.round()

    assert told.writes() == before
    assert standing["review"]


def test_a_ticket_that_leaves_the_filter_rests_and_comes_back(told: Told) -> None:
    """Only urgent issues take part; one that is urgent no more is left alone on both sides until it is again."""
    number = directly.add_issue(told.roundup, "Printer", "It is on fire")
    directly.add_issue(told.roundup, "Wish", "Not urgent")
    directly.edit_issue(told.roundup, number, priority="critical")
    told.apply(
        changed("    winner: a\n", "    winner: a\n    filter: {a: {priority: {is: URGENT}}}\n"), "--live"
    )
    told.round()
    assert (len(told.tickets("Printer")), told.tickets("Wish")) == (1, [])

    directly.edit_issue(told.roundup, number, priority="wish", title="Printer again")
    told.round()
    assert (len(told.tickets("Printer")), told.tickets("Printer again")) == (1, [])
    directly.edit_issue(told.roundup, number, priority="critical")
    told.round()
    assert (told.tickets("Printer"), len(told.tickets("Printer again"))) == ([], 1)


def test_a_word_that_the_other_side_has_not_is_a_problem_and_no_null(told: Told) -> None:
    """The status stays what it was, the problem names it; the title of the same ticket travels."""
    number = directly.add_issue(told.roundup, "Printer", "It is on fire")
    told.apply(changed("status: {words: {b: {IN_PROGRESS: OPEN}}}", "status:"), "--live")
    told.round()
    status = told.ticket("Printer")["status"]
    directly.edit_issue(told.roundup, number, status="in-progress", title="Printer upstairs")
    (problem,) = told.round()["problems"]

    assert told.ticket("Printer upstairs")["status"] == status
    assert (problem["field"], problem["kind"]) == ("status", "unmapped")


def test_a_changed_winner_is_obeyed_by_a_running_bridge(told: Told) -> None:
    """The same contest, once before and once after the file says otherwise."""
    number = directly.add_issue(told.roundup, "Printer", "It is on fire")
    told.apply(FILE, "--live")
    told.round()
    ticket = told.ticket("Printer")["id"]

    def contest(n: int) -> str:
        directly.edit_issue(told.roundup, number, title=f"Tracker's {n}")
        directly.edit_ticket(told.desk, ticket, title=f"Desk's {n}")
        told.round()
        return str(told.roundup.rest("GET", f"issue/{number}")["attributes"]["title"])

    assert contest(1) == "Tracker's 1"
    told.apply(changed("winner: a", "winner: b"), "--live")
    assert contest(2) == "Desk's 2"


def test_an_account_that_is_linked_again_goes_on_with_its_pairs(told: Told) -> None:
    """Nothing is created anew, and what a person paused stays paused."""
    number = directly.add_issue(told.roundup, "Printer", "It is on fire")
    told.apply(FILE, "--live")
    told.round()
    told.say("pause")
    link("django-helpdesk", told.desk)
    directly.edit_issue(told.roundup, number, title="Printer upstairs")
    standing = told.round()
    assert (standing["status"], len(told.tickets("Printer"))) == ("paused", 1)

    told.say("resume")
    told.round()
    assert (told.tickets("Printer"), len(told.tickets("Printer upstairs"))) == ([], 1)
    assert standing["pairs"] == {"paired": 1}


def test_a_side_that_was_away_gets_all_it_missed(told: Told) -> None:
    """Rounds fail while the desk is stopped; edits of both sides from before and meanwhile arrive once it is back."""
    number = directly.add_issue(told.roundup, "Printer", "It is on fire")
    told.apply(FILE, "--live")
    told.round()
    directly.edit_ticket(told.desk, told.ticket("Printer")["id"], priority=CRITICAL)
    told.desk.stop()
    try:
        directly.edit_issue(told.roundup, number, title="Printer upstairs")
        made = directly.add_issue(told.roundup, "Router", "It blinks")
        for _ in range(3):
            told.turn().read(lambda: None)
    finally:
        told.desk.start()
    told.round()

    assert told.ticket("Printer upstairs")["priority"] == CRITICAL
    assert told.issue("Printer upstairs")["priority"] == "critical"
    assert len(told.tickets("Router")) == 1
    assert told.issue("Router")["id"] == made


def test_the_document_of_a_bridge_tells_what_is_live(told: Told) -> None:
    """Goal, owner, systems, fields and winners stand in it, and how far either direction got."""
    directly.add_issue(told.roundup, "Printer", "It is on fire")
    told.apply(FILE, "--live")
    told.round()
    document = told.call("bridge", "document", str(told.bridge_id), "--format", "markdown").out

    for word in ("Engineering works on what support escalates", "support@example.com", "Roundup", "priority"):
        assert word in document
    assert re.search(r"Last success Roundup → .* UTC \(create\)", document)
    assert re.search(r"Last success .* → Roundup\W+nothing was written yet", document)
    told.apply(changed("support@example.com", "platform@example.com"), "--live")
    assert (
        "platform@example.com" in told.call("bridge", "document", str(told.bridge_id), "--format", "html").out
    )
