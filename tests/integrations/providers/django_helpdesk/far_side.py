"""A real desk as the far side of the adapter: that of this run, where other tests leave things as well."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from demo.servers import HelpDesk
from integrations.kit.client import Client
from integrations.kit.content import Content, Spool
from tests.conformance.far_side import FarSide, Samples, Started
from tests.integrations.lines import connection
from unified_api import registry
from unified_api.models.ticketing import Attachment, Comment, Ticket


@contextmanager
def _start(request: pytest.FixtureRequest) -> Iterator[Started]:
    desk: HelpDesk = request.getfixturevalue("help_desk")
    samples = _filled(desk, uuid.uuid4().hex[:8])
    yield Started(
        values={**desk.settings, **desk.secrets},
        samples=lambda _client, resource: samples[resource.model],
    )


def _filled(desk: HelpDesk, mark: str) -> dict[Any, Samples]:
    """Tickets with a comment, one of them with a file; and samples that name that one."""
    for number in range(4):
        facts = {"queue": 1, "title": f"Ticket {number} {mark}", "description": "It smokes.\n", "priority": 3}
        last = str(desk.rest("POST", "tickets/", facts)["id"])
        said = {"ticket": last, "title": "Comment", "comment": f"Still, {number}.", "public": True}
        desk.rest("POST", "followups/", said)
    _attach(desk, last)
    alone = {"assignees": ["1"], "collections": [desk.queue]}
    made = {"status": "CLOSED", "priority": "URGENT", **alone}
    changed = {"status": "ON_HOLD", "priority": "LOW", **alone}
    return {
        Ticket: Samples(
            [
                {
                    "name": f" Printer {mark}",
                    "description": "It smokes.",
                    "due_date": datetime(2027, 5, 6, 7, 8, 9, 123_456, tzinfo=UTC),
                    **made,
                }
            ],
            [
                {
                    "name": f"Fax {mark}",
                    "description": "It hums.",
                    "due_date": datetime(2027, 6, 6, 7, 8, 9, tzinfo=UTC),
                    **changed,
                }
            ],
            only=frozenset(alone),  # over its API no second queue can be made, and nobody's id is told
        ),
        Comment: Samples(
            [{"ticket": last, "body": f"On my way, {mark}.\n", "is_private": True}],
            [{"body": "There.", "is_private": False}],
        ),
        Attachment: Samples(
            [{"ticket": last, "file_name": "new.txt", "content_type": "text/plain"}],
            [{"file_name": "renamed.txt", "content_type": "text/csv"}],
        ),
    }


def _attach(desk: HelpDesk, ticket: str) -> None:
    """A file can only be sent as a form, which the adapter does."""
    provider = registry.by_slug("django-helpdesk")
    settings, secrets = provider.accept({**desk.settings, **desk.secrets})
    with Client(provider, connection(settings, secrets)) as client, Spool(100) as spool:
        spool.write(b"smoke")
        values = {"ticket": ticket, "file_name": "log.txt"}
        client.create(provider.resource(Attachment), values, Content(spool, "text/plain"))


far_side = FarSide(judge="a real django-helpdesk", start=_start, marks=[pytest.mark.real])
