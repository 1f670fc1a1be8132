"""Forty seconds of the soak; `make soak` plays five minutes with two hundred tickets, under the same judge."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chaos.points import POSTMASTER
from tests.chaos.processes import command

pytestmark = [pytest.mark.real, pytest.mark.processes, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the command says of forty seconds."""
    folder = tmp_path_factory.mktemp("soak")
    return command(folder, "--seconds", "40", "--tickets", "40", "--seed", "1", module="tests.soak")


def test_every_edit_of_two_sides_is_accounted_for(told: dict[str, Any]) -> None:
    """Both sides are equal, nothing is there twice, and no edit was lost without a trace."""
    assert told["violations"] == []
    assert sum(told["fates"].values()) == told["edits"]
    assert {name[-1] for name, count in told["edits_by_field"].items() if count and " at " in name} == {
        "a",
        "b",
    }


def test_everything_was_killed(told: dict[str, Any]) -> None:
    """The web, a worker, Postgres and both servers, while people edited."""
    assert set(told["kills_by_victim"]) >= {"web", "worker-1", POSTMASTER, "roundup", "django-helpdesk"}


def test_ten_more_rounds_are_quiet(told: dict[str, Any]) -> None:
    """No request that changes something in the servers' access logs, and no entry in the change log."""
    assert told["quiet"] == {"rounds": 10, "writes": 0, "changes": 0}


def test_the_window_is_measured_where_nothing_else_guards_a_write(told: dict[str, Any]) -> None:
    """The desk has no conditional writes, so how long an edit is in danger is told; the tracker has them."""
    assert set(told["windows"]) == {"django-helpdesk"}
    assert told["windows"]["django-helpdesk"]["writes"] > 0
