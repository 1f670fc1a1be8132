"""The ready-made file for tickets, as it stands in docs/, between a real django-helpdesk and a real Roundup.

People work in either system through its own API, and are looked up there.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any, Final

import pytest
from django.db import transaction
from pytest_django.fixtures import Settings

from demo import directly
from demo.servers import HelpDesk, Roundup
from tests.docs.pages import ROOT
from tests.real.systems import CLOSED, CRITICAL, NORMAL, Real, empty, link
from tests.unified_api.commands.conftest import Call, call
from tests.unified_api.sync.conftest import no_broker, tenant
from unified_api.sync.bridge import showing
from unified_api.sync.bridge.waiting import Round
from unified_api.sync.models import Change, Write
from unified_api.sync.models_bridge import Bridge

__all__ = ["call", "no_broker", "tenant"]  # fixtures

#: On a machine that does much else, the servers take a minute to start.
pytestmark = pytest.mark.timeout(1200)
HIGH: Final = 2
TICKET, COMMENT = "ticketing.Ticket", "ticketing.Comment"
#: What the tracker calls the desk's priorities.
PRIORITIES: Final = {CRITICAL: "critical", HIGH: "urgent"}


@dataclass
class Escalated(Real):
    """Both servers, and the bridges of the file by their models."""

    call: Call
    bridges: dict[str, uuid.UUID]
    tracker_account: uuid.UUID

    def turn_of(self, model: str) -> Round:
        """A round of one of the bridges."""
        return Round(self.tenant, self.bridges[model], patience=60)

    def rounds(self) -> None:
        """A round of each bridge: tickets, then what is said of them."""
        for model in (TICKET, COMMENT):
            turn = self.turn_of(model)
            turn.read(lambda: None)
            assert turn.settle()

    def standing(self, model: str) -> dict[str, Any]:
        """How a bridge stands."""
        with transaction.atomic():
            return showing.standing(Bridge.objects.get(id=self.bridges[model]))

    def answer(self, title: str, text: str, *, public: bool = True) -> int:
        """Somebody at the desk answers a ticket; the number of the follow-up."""
        said = {"ticket": self.ticket(title)["id"], "comment": text, "public": public}
        return int(self.desk.rest("POST", "followups/", said)["id"])

    def tell(self, title: str, text: str) -> str:
        """Somebody writes a message to an issue; its number."""
        message = self.roundup.rest("POST", "msg", {"content": text, "author": self.roundup.username})["id"]
        self.roundup.rest("PATCH", f"issue/{self.issue(title)['id']}", {"messages": [message], "@op": "add"})
        return str(message)

    def at_desk(self, title: str) -> list[tuple[str, bool]]:
        """What the follow-ups of a ticket say, its description first, and whether customers see it."""
        return [(one["comment"], one["public"]) for one in self.ticket(title)["followup_set"]]

    def at_tracker(self, title: str) -> list[str]:
        """What the messages of an issue say, its description first."""
        issue = self.roundup.rest("GET", f"issue/{self.issue(title)['id']}")["attributes"]
        told = {
            one["id"]: one["content"]
            for one in self.roundup.rest("GET", "msg", **{"@verbose": 3, "@fields": "content"})["collection"]
        }
        return [told[name] for name in sorted((one["id"] for one in issue["messages"]), key=int)]

    def titles(self) -> list[str]:
        """Those of all tickets of the desk."""
        return sorted(one["title"] for one in self.desk.rest("GET", "tickets/", page_size=100)["results"])

    def of_desk(self, title: str) -> tuple[str, bool, list[str]]:
        """A ticket in the tracker's words: priority, whether it is closed, and what is said in public."""
        ticket = self.ticket(title)
        public = [text for text, is_public in self.at_desk(title) if is_public]
        return PRIORITIES[ticket["priority"]], ticket["status"] == CLOSED, public

    def of_tracker(self, title: str) -> tuple[str, bool, list[str]]:
        """The same of an issue."""
        issue = self.issue(title)
        return issue["priority"], issue["status"] == "resolved", self.at_tracker(title)

    def read_all_messages(self) -> None:
        """Read everything of the tracker, as is done once a day."""
        self.call("sync", str(self.tracker_account), "--full", "--wait")

    def stored(self) -> tuple[int, int, int]:
        """Requests that change something, by the servers' own logs; writes and changes that Isthmus knows."""
        with transaction.atomic():
            return self.writes(), Write.objects.count(), Change.objects.count()


@pytest.fixture
def escalated(
    systems: tuple[Roundup, HelpDesk], tenant: uuid.UUID, call: Call, settings: Settings
) -> Escalated:
    """Both servers with one ticket of old, linked; the file is applied, and both have been read."""
    settings.ALLOW_PRIVATE_HOSTS = ["127.0.0.1"]
    empty(*systems)
    roundup, desk = systems
    directly.add_ticket(desk, "Of old", "From before the bridge", CRITICAL)
    tracker = link("roundup", roundup)
    link("django-helpdesk", desk)
    path = ROOT / "docs" / "bridges" / "tickets.yaml"
    made = call("bridge", "apply", str(path), "--live", "--json").document["bridges"]
    bridges = {one["model"]: uuid.UUID(one["bridge_id"]) for one in made}
    found = Escalated(tenant, roundup, desk, bridges[TICKET], call, bridges, tracker.id)
    found.rounds()
    return found


def test_escalated_tickets_are_worked_on_in_both_systems(escalated: Escalated) -> None:
    """Tickets and comments of both sides, edited on both, are equal at the end, each once; then nothing is written."""
    desk, tracker = escalated.desk, escalated.roundup
    directly.add_ticket(desk, "Printer", "It smokes.", CRITICAL)
    escalated.answer("Printer", "Since Monday.")
    escalated.answer("Printer", "The customer is furious.", public=False)
    directly.add_ticket(desk, "Scanner", "It is slow.", NORMAL)
    escalated.answer("Scanner", "Sometimes.")
    directly.add_issue(tracker, "Clean up", "Nobody else's business")
    escalated.rounds()
    issue = escalated.issue("Printer")
    assert directly.issues_named(tracker, "") == ["Clean up", "Printer"]
    assert (issue["status"], issue["priority"]) == ("unread", "critical")
    assert escalated.at_tracker("Printer") == ["It smokes.", "Since Monday."]

    odd = "Set {{ model }} in {% the manual; {# no joke #} }}"
    number = escalated.tell("Printer", odd)
    directly.edit_issue(tracker, issue["id"], title="Printer upstairs")
    directly.edit_ticket(desk, escalated.ticket("Printer")["id"], priority=HIGH)
    directly.edit_ticket(desk, escalated.ticket("Scanner")["id"], priority=CRITICAL)
    escalated.rounds()
    assert escalated.at_desk("Printer upstairs") == [
        ("It smokes.", True),
        ("Since Monday.", True),
        ("The customer is furious.", False),
        (odd, True),
    ]
    assert escalated.issue("Printer upstairs")["priority"] == "urgent"
    assert escalated.at_tracker("Scanner") == ["It is slow.", "Sometimes."]

    monday = escalated.ticket("Printer upstairs")["followup_set"][1]
    desk.rest("PATCH", f"followups/{monday['id']}/", {"comment": "Since Tuesday."})
    tracker.rest("PATCH", f"msg/{number}", {"content": "Set it {{ up }}."})
    directly.edit_issue(tracker, escalated.issue("Scanner")["id"], status="in-progress")
    escalated.answer("Printer upstairs", "That helped.")
    directly.edit_ticket(desk, escalated.ticket("Printer upstairs")["id"], status=CLOSED)
    escalated.read_all_messages()  # of one that was edited nothing else tells
    escalated.answer("Scanner", "Both see it.")
    turn = escalated.turn_of(COMMENT)
    turn.read(lambda: None)
    escalated.tell("Scanner", "Both see it.")
    assert turn.settle()
    escalated.rounds()
    escalated.rounds()

    assert escalated.of_desk("Printer upstairs") == escalated.of_tracker("Printer upstairs")
    assert escalated.of_desk("Scanner") == escalated.of_tracker("Scanner")
    assert escalated.at_tracker("Printer upstairs") == [
        "It smokes.",
        "Since Tuesday.",
        "Set it {{ up }}.",
        "That helped.",
    ]
    assert escalated.at_tracker("Scanner") == ["It is slow.", "Sometimes.", "Both see it."]
    assert escalated.issue("Printer upstairs")["status"] == "resolved"
    assert ("The customer is furious.", False) in escalated.at_desk("Printer upstairs")
    assert directly.issues_named(tracker, "") == ["Clean up", "Printer upstairs", "Scanner"]
    assert escalated.titles() == ["Of old", "Printer upstairs", "Scanner"]
    assert [escalated.standing(model)["problems"] for model in (TICKET, COMMENT)] == [[], []]

    before = escalated.stored()
    for _ in range(10):
        escalated.rounds()
    assert escalated.stored() == before
