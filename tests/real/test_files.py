"""Files between a real Roundup and a real django-helpdesk: put in through one system, and found in the other."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
import requests
from django.db import transaction
from pytest_django.fixtures import Settings

from demo import directly
from demo.servers import HelpDesk, Roundup
from tenants.models import LinkedAccount
from tests.real.systems import NORMAL, empty, link
from tests.unified_api.sync.bridge import files
from tests.unified_api.sync.conftest import no_broker, tenant
from unified_api.models.ticketing import Attachment
from unified_api.sync.bridge.waiting import Round
from unified_api.sync.models_bridge import Bridge, Pair

__all__ = ["no_broker", "tenant"]  # fixtures

ODD: Final = bytes(range(256)) * 40
FILES: Final = """\
name: files
a: {end_user: customer-1, integration: roundup}
b: {end_user: customer-1, integration: django-helpdesk}
models:
  ticketing.Ticket:
    winner: a
    fields:
      name:
      description:
  ticketing.Comment:
    winner: a
    fields:
      ticket:
      body:
  ticketing.Attachment:
    winner: a
    content: copy
    cap: 20 kB
    fields:
      file_name:
      ticket:
      content_type:
"""


@pytest.fixture(scope="module")
def systems(software: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Roundup, HelpDesk]]:
    """A tracker and a desk of this file's own: a bridge copies whatever other tests leave behind."""
    with (
        Roundup(software, tmp_path_factory.mktemp("files-roundup")) as roundup,
        HelpDesk(software, tmp_path_factory.mktemp("files-desk")) as desk,
    ):
        yield roundup, desk


@dataclass
class Filed:
    """Both servers and the bridges between them."""

    tenant: uuid.UUID
    tracker: Roundup
    desk: HelpDesk

    def bridge(self) -> None:
        """Make the bridges."""
        files.apply(FILES, live=True)
        with transaction.atomic():
            self.bridges = {one.model: one.id for one in Bridge.objects.all()}

    def round(self) -> None:
        """Read both, and settle each bridge after the one that it follows."""
        for model in ("ticketing.Ticket", "ticketing.Comment", "ticketing.Attachment"):
            turn = Round(self.tenant, self.bridges[model], patience=60)
            turn.read(lambda: None)
            assert turn.settle()

    def problems(self) -> set[str]:
        """Kinds of the problems that any pair has."""
        with transaction.atomic():
            return {one["kind"] for pair in Pair.objects.all() for one in pair.problems}

    def writes(self) -> int:
        """Requests that change something, by both servers' own logs."""
        return self.tracker.writes() + self.desk.writes()

    def at_tracker(self) -> dict[str, tuple[str, bytes]]:
        """Media type and content of the files of all issues, by name."""
        base, found = f"{self.tracker.url}/rest/data", {}
        for issue in self.tracker.rest("GET", "issue", **{"@verbose": 2, "@fields": "files"})["collection"]:
            for file in issue["files"]:
                told = self.tracker.rest("GET", f"file/{file['id']}")["attributes"]
                blob = requests.get(
                    f"{base}/file/{file['id']}/binary_content", **self._as("tracker"), timeout=120
                )
                found[told["name"]] = (told["type"], blob.content)
        return found

    def at_desk(self) -> dict[str, tuple[str, bytes]]:
        """The same of the desk."""
        rows = self.desk.rest("GET", "followups-attachments/")["results"]
        return {
            row["filename"]: (row["mime_type"], requests.get(row["file"], timeout=120).content)
            for row in rows
        }

    def ticket(self, title: str, text: str) -> int:
        """A new ticket of the desk; its number."""
        said = {"title": title, "description": text, "queue": 1, "priority": NORMAL}
        return int(self.desk.rest("POST", "tickets/", said)["id"])

    def to_tracker(self, issue: str, name: str, blob: bytes, kind: str) -> None:
        """Put a file into an issue."""
        base, how = f"{self.tracker.url}/rest/data", self._as("tracker")
        form: Any = {"data": {"name": name, "type": kind}, "files": {"content": (name, blob, kind)}}
        made = requests.post(f"{base}/file", **how, **form, timeout=120).json()["data"]["id"]
        self.tracker.rest("PATCH", f"issue/{issue}", {"files": [made], "@op": "add"})

    def to_desk(self, ticket: int, name: str, blob: bytes, *, public: bool = True) -> None:
        """Put a file into a ticket, with a message."""
        form: Any = {"data": {"ticket": ticket, "comment": name, "public": public}}
        sent = {"attachments": (name, blob)}
        requests.post(
            f"{self.desk.origin}/api/followups/", **self._as("desk"), **form, files=sent, timeout=120
        )

    def _as(self, where: str) -> dict[str, Any]:
        server = self.tracker if where == "tracker" else self.desk
        named = {"X-Requested-With": "rest", "Origin": server.origin, "Accept": "*/*"}
        return {"auth": (server.username, server.password), "headers": named}


@pytest.fixture
def filed(systems: tuple[Roundup, HelpDesk], tenant: uuid.UUID, no_broker: None, settings: Settings) -> Filed:
    """Both servers, emptied and linked."""
    settings.ALLOW_PRIVATE_HOSTS = ["127.0.0.1"]
    roundup, desk = systems
    empty(roundup, desk)
    link("roundup", roundup)
    link("django-helpdesk", desk)
    return Filed(tenant, roundup, desk)


def test_files_travel_both_ways(filed: Filed) -> None:
    """Every byte, once; no message is made for it, private ones stay, and one that is too large is named."""
    issue = directly.add_issue(filed.tracker, "From the tracker", "It is on fire")
    ticket = filed.ticket("From the desk", "It is wet")
    filed.to_tracker(issue, 'plan "b" ä.txt', ODD, "application/x-plan")
    filed.to_tracker(issue, "film.txt", bytes(20_001), "video/mp4")
    filed.to_desk(ticket, "photo.png", ODD[::-1])
    filed.to_desk(ticket, "internal.txt", b"eyes only", public=False)
    filed.bridge()
    filed.round()

    assert filed.at_tracker() == {
        'plan "b" ä.txt': ("application/x-plan", ODD),
        "film.txt": ("video/mp4", bytes(20_001)),
        "photo.png": ("image/png", ODD[::-1]),
    }
    assert filed.at_desk() == {
        'plan "b" ä.txt': ("application/x-plan", ODD),
        "photo.png": ("image/png", ODD[::-1]),
        "internal.txt": ("text/plain", b"eyes only"),
    }
    assert filed.problems() == {"too_large"}
    followups = filed.desk.rest("GET", "followups/")["results"]
    assert sorted(one["comment"] for one in followups) == [
        "It is on fire",
        "It is wet",
        "internal.txt",
        "photo.png",
    ]

    before = filed.writes()
    filed.round()
    assert filed.writes() == before


def test_the_desks_addresses_are_not_shown(filed: Filed) -> None:
    """They hold a secret and ask for no login; the tracker's name the page that its users see."""
    issue = directly.add_issue(filed.tracker, "Printer", "It is on fire")
    filed.to_tracker(issue, "log.txt", b"log", "text/plain")
    filed.to_desk(filed.ticket("Printer", "It is on fire"), "log.txt", b"log")
    filed.bridge()
    filed.round()

    with transaction.atomic():
        told = {one.id: one.integration for one in LinkedAccount.objects.all()}
        shown = {
            (told[one.linked_account_id], one.file_url)
            for one in Attachment.objects.filter(file_name="log.txt")
        }
    assert all((integration == "roundup") == (url is not None) for integration, url in shown)
