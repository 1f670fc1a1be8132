"""A real tracker as the far side of the adapter: that of this run, where other tests leave things as well."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from demo.servers import Roundup
from tests.conformance.far_side import FarSide, Samples, Started
from unified_api.models.ticketing import Attachment, Comment, Tag, Ticket


@contextmanager
def _start(request: pytest.FixtureRequest) -> Iterator[Started]:
    tracker: Roundup = request.getfixturevalue("roundup")
    samples = _filled(tracker, uuid.uuid4().hex[:8])
    yield Started(
        values={**tracker.settings, **tracker.secrets},
        samples=lambda _client, resource: samples[resource.model],
    )


def _filled(tracker: Roundup, mark: str) -> dict[Any, Samples]:
    """Issues with messages and files, two keywords, a second user; and samples that name these."""
    words = [f"{word}-{mark}" for word in ("red", "blue")]
    for word in words:
        tracker.rest("POST", "keyword", {"name": word})
    other = tracker.rest("POST", "user", {"username": f"ada-{mark}", "address": f"ada-{mark}@example.com"})
    for number in range(4):
        file = tracker.rest("POST", "file", {"name": "log.txt", "type": "text/plain", "content": "smoke"})[
            "id"
        ]
        # The second message is no description, whenever it was written.
        told: tuple[dict[str, str], ...] = (
            {"content": "It smokes."},
            {"content": "Still.", "inreplyto": "<issue0>"},
        )
        said = [tracker.rest("POST", "msg", {**one, "author": "admin"})["id"] for one in told]
        facts = {"title": f"Issue {number} {mark}", "messages": said, "files": [file]}
        last = tracker.rest("POST", "issue", facts)["id"]
    made = {"description": "Since today.\n", "status": "OPEN", "priority": "HIGH", "assignees": ["1"]}
    changed = {"status": "CLOSED", "priority": "LOW", "assignees": [other["id"]], "tags": [words[1]]}
    return {
        Ticket: Samples(
            [{"name": f" Printer {mark} ", "tags": [words[0]], **made}], [{"name": f"Fax {mark}", **changed}]
        ),
        Comment: Samples([{"ticket": last, "body": "On its way.\n"}], [{"body": "It is here."}]),
        Attachment: Samples(
            [{"ticket": last, "file_name": " new.txt", "content_type": "text/plain"}],
            [{"file_name": "renamed.txt"}],
        ),
        Tag: Samples([{"name": f" green-{mark}"}], [{"name": f"yellow-{mark}"}]),
    }


far_side = FarSide(judge="a real Roundup", start=_start, marks=[pytest.mark.real])
