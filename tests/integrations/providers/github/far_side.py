"""An emulated repository as the far side of the adapter, with a few issues, and short pages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from unittest import mock

import pytest

from tests.conformance.far_side import Samples, Started, emulated
from tests.emulators.engine import emulating
from tests.emulators.vendors import github as desk
from tests.emulators.vendors.github import common
from tests.emulators.vendors.github.issues import new_comment
from tests.emulators.world import Clock, World
from unified_api.models.ticketing import Comment, Tag, Ticket

_BEGAN = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
#: Records on a page, whatever is asked for.
_ONE = 1
#: What addresses say of the repository that the description is about.
_HERE = "https://api.github.com/repos/octocat/Hello-World"
_SAID = MappingProxyType(
    {
        "issue_url": f"{_HERE}/issues/1347",
        "html_url": "https://github.com/octocat/Hello-World/issues/1347",
    }
)
_SAMPLES: dict[Any, Samples] = {
    Ticket: Samples(
        [
            {
                "name": "The printer smokes",
                "description": "Since this morning.",
                "status": "CLOSED",
                "ticket_type": "Task",
                "assignees": ["1024025"],
                "tags": ["Bug"],
            }
        ],
        [
            {
                "name": "The printer burns",
                "description": "By now.",
                "status": "OPEN",
                "ticket_type": "Bug",
                "assignees": ["583231", "1024026"],
                "tags": ["question", "2nd floor"],
            }
        ],
    ),
    Comment: Samples([{"ticket": "1", "body": "On its way."}], [{"body": "It is here."}]),
    Tag: Samples([{"name": "3rd floor / left"}]),
}


@contextmanager
def _start(_request: pytest.FixtureRequest) -> Iterator[Started]:
    with mock.patch.object(common, "_MOST", _ONE), emulating(desk.vendor, Clock(_BEGAN)) as hub:
        _fill(hub.world)
        yield Started(
            values={
                "base_url": hub.url,
                "owner": desk.OWNER,
                "repository": desk.NAME,
                "token": desk.TOKENS["admin"],
            },
            samples=lambda _client, resource: _SAMPLES[resource.model],
            now=hub.world.clock.now,
            sleep=hub.world.clock.forward,
            refusal=lambda status: desk.vendor.error(status, ""),
            deliveries=hub.packed,
        )


def _fill(world: World) -> None:
    """Issues and a pull request, each of another time, and something said on all of them."""
    for number in range(4):
        made = desk.ghost(world, f"Issue {number}", pull=number == 1)
        new_comment(world, made, 583231, f"Comment {number}")
        world.clock.forward(100)


far_side = emulated(
    desk.vendor,
    _start,
    drawn={
        **dict.fromkeys(("Ticket list", "Ticket get"), MappingProxyType({"repository_url": _HERE})),
        **dict.fromkeys(("Comment list", "Comment get"), _SAID),
    },
    owner="octocat",
    repository="Hello-World",
)
