"""A real Redmine as the far side of the adapter: that of this run, where other tests leave things as well."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from demo.servers import Redmine
from tests.conformance.far_side import FarSide, Samples, Started
from unified_api.models.ticketing import Attachment, Comment, Ticket


@contextmanager
def _start(request: pytest.FixtureRequest) -> Iterator[Started]:
    server: Redmine = request.getfixturevalue("redmine")
    samples = _filled(server, uuid.uuid4().hex[:8])
    yield Started(
        values={**server.settings, **server.secrets},
        samples=lambda _client, resource: samples[resource.model],
    )


def _filled(server: Redmine, mark: str) -> dict[Any, Samples]:
    """Two projects, somebody who works in both, issues with notes and files; and samples that name these."""
    facts = {"firstname": "Ada", "lastname": mark, "mail": f"{mark}@example.com"}
    ada = server.rest("POST", "users", {"user": {"login": mark, "generate_password": True, **facts}})["user"][
        "id"
    ]
    one, other = (server.project(f"{name}-{mark}", members=[ada]) for name in ("one", "other"))
    for number in range(3):
        last = server.issue(one, f"Issue {number} {mark}", description="It smokes.")
        server.rest(
            "PUT",
            f"issues/{last}",
            {"issue": {"notes": "Since today.", "uploads": [server.upload("log.txt")]}},
        )
    parent = server.issue(one, f"Parent {mark}")
    another = server.issue(other, f"Another parent {mark}")
    made = {
        "status": "OPEN",
        "priority": "HIGH",
        "ticket_type": "Bug",
        "access_level": "PRIVATE",
        "assignees": [str(ada)],
    }
    changed = {"status": "CLOSED", "priority": "LOW", "ticket_type": "Support", "access_level": "COLLECTION"}
    return {
        Ticket: Samples(
            [
                {
                    "name": f"Printer {mark}",
                    "description": "It smokes.",
                    "collections": [str(one)],
                    "parent_ticket": str(parent),
                    "due_date": datetime(2037, 5, 6, 9, 15, 30, 123_456, tzinfo=UTC),
                    **made,
                }
            ],
            [
                {
                    "name": f"Fax {mark}",
                    "description": "It hums.",
                    "collections": [str(other)],
                    "parent_ticket": str(another),
                    "due_date": datetime(2037, 6, 6, 9, 15, 30, 123_456, tzinfo=UTC),
                    **changed,
                },
                {"assignees": ["1"]},
            ],
        ),
        Comment: Samples(
            [{"ticket": str(last), "body": f"On my way, {mark}.", "is_private": True}],
            [{"body": "There.", "is_private": False}],
        ),
        Attachment: Samples(
            [{"ticket": str(last), "file_name": "new.txt", "content_type": "text/plain"}],
            [{"file_name": "renamed.txt", "content_type": "text/csv"}],
        ),
    }


far_side = FarSide(
    judge="a real Redmine",
    start=_start,
    marks=[pytest.mark.real, pytest.mark.timeout(1800)],
    absent=Redmine.absent,
)
