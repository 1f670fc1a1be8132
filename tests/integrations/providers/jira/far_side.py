"""An emulated site as the far side of the adapter, with a few issues, something said on each, and a file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.conformance.far_side import Samples, Started, emulated
from tests.emulators.engine import emulating
from tests.emulators.vendors import jira
from tests.emulators.vendors.jira import hooks
from tests.emulators.vendors.jira.files import attach
from tests.emulators.vendors.jira.issues import new_issue
from tests.emulators.vendors.jira.said import document, say
from tests.emulators.world import Clock, World
from tests.integrations.providers.jira.site import START
from unified_api.models.ticketing import Attachment, Comment, Ticket

#: The first issue that is there.
_FIRST = "1001"


def _ticket(number: int, **more: Any) -> dict[str, Any]:
    """A ticket that says something in every field."""
    return {
        "name": f"The printer smokes {number}",
        "description": f"Since **{number}** days.\n\n- smoke\n- noise",
        "status": ("OPEN", "CLOSED", "IN_PROGRESS")[number],
        "priority": ("LOW", "URGENT", "HIGH")[number],
        "ticket_type": ("Story", "Bug", "Task")[number],
        "assignees": [(jira.ADA, jira.GRACE, jira.ALAN)[number]],
        "parent_ticket": str(int(_FIRST) + number),
        "tags": ["printer", f"floor-{number}"],
        "due_date": datetime(2026, 2, 1 + number, 9, 15, 30, 123_456, tzinfo=UTC),
        **more,
    }


_SAMPLES: dict[Any, Samples] = {
    Ticket: Samples([_ticket(1, collections=[jira.HELP])], [_ticket(2)]),
    Comment: Samples([{"ticket": _FIRST, "body": "On its way."}], [{"body": "It is *here*."}]),
    Attachment: Samples([{"ticket": _FIRST, "file_name": "smoke.txt"}]),
}


@contextmanager
def _start(_request: pytest.FixtureRequest) -> Iterator[Started]:
    with emulating(jira.vendor, Clock(START)) as site:
        fill(site.world)
        yield Started(
            values={"base_url": site.url, "email": jira.EMAIL, "api_token": jira.TOKEN},
            samples=lambda _client, resource: _SAMPLES[resource.model],
            now=site.world.clock.now,
            sleep=site.world.clock.forward,
            refusal=lambda status: jira.vendor.error(status, "no luck"),
            asks=("/search/jql", "/bulkfetch"),
            deliveries=site.packed,
            set_up=lambda url, secret: hooks.set_up(site.world, url, secret),
        )


def fill(world: World) -> None:
    """Issues, each of another time, and more said on them than they show."""
    for number in range(6):
        made = new_issue(
            world, (jira.HELP, jira.DEV)[number % 2], summary=f"Issue {number}", labels=[f"n{number}"]
        )
        for word in ("first", "second", "third")[: number % 4]:
            say(world, made, document(f"The {word} word"), jira.GRACE)
        attach(world, made, f"{number}.txt", b"smoke", jira.ALAN)
        world.clock.forward(100)


_OTHERS = "the issues that are read by their ids are others than those that were found"
far_side = emulated(
    jira.vendor,
    _start,
    drawn={"Ticket list": {"id": "1"}},
    undrawn=dict.fromkeys(("Comment list", "Attachment list"), _OTHERS),
)
