"""What a plan costs in calls: as many as its execution makes, also where one write takes several."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from integrations.kit.endpoints import GET, PATCH, Api
from integrations.kit.lenses import choice
from integrations.kit.mapping import Mapping
from tests import stub
from tests.unified_api.sync.bridge.conftest import PLAIN, Bridged
from tests.unified_api.sync.bridge.test_plans import approve, items, planning, the_plan
from tests.unified_api.sync.memory.test_undo import make
from unified_api import registry
from unified_api.models.ticketing import Ticket
from unified_api.sync.memory import deeds
from unified_api.sync.models_plan import Plan

__all__ = ["planning"]  # a fixture


def _joined(api: Api, rows: list[Any]) -> list[Any]:
    """What is shown of a ticket takes another call."""
    api.get("/me")
    return rows


def _made_in_steps(api: Api, body: dict[str, Any]) -> str:
    made = str(api.send("POST", "/tickets", {"title": body["title"]})["id"])
    api.send("PATCH", f"/tickets/{made}", {name: told for name, told in body.items() if name != "title"})
    return made


@pytest.fixture
def laborious(desks: Bridged, monkeypatch: pytest.MonkeyPatch) -> None:
    """Side b makes tickets in steps, without their status, reads each by two calls, and shows none in an answer."""
    tickets = replace(
        stub.TICKETS,
        mapping=Mapping(
            Ticket,
            name="title",
            description="text",
            status=choice("state", {"OPEN": "open", "CLOSED": "done"}, after_create=True),
            priority=choice("priority", {"URGENT": "p1", "NORMAL": "p2", "LOW": "p3"}),
        ),
        get=GET("/tickets/{remote_id}", item="", then=_joined, calls=2),
        create=_made_in_steps,
        create_calls=2,
        update=PATCH("/tickets/{remote_id}"),
        custom=(),
    )
    monkeypatch.setitem(registry._providers, "plain", replace(PLAIN, resources=(tickets,)))


def executed(desks: Bridged, plan: Plan) -> int:
    """Approve a plan and have it executed, without a reading of lists; calls that side b got."""
    before = len(desks.b.log)
    approve(plan)
    while desks.standing()["status"] != "quiet":
        desks.work_once()
    assert {one.state for one in items(plan)} == {"done"}
    return len(desks.b.log) - before


@pytest.mark.usefixtures("laborious")
def test_the_calls_that_are_told_are_the_calls_that_are_made(planning: Bridged) -> None:
    """Two searched creates and an update, and the same undone: no call more than is shown, and none less."""
    plan = the_plan(planning)
    made = executed(planning, plan)
    undoing = make(planning, deeds.of_plan, plan.id)
    unmade = executed(planning, undoing)

    assert (plan.counts, undoing.counts) == ({"create": 2, "update": 1}, {"delete": 2, "update": 1})
    assert (made, unmade) == (plan.cost["b"]["calls"], undoing.cost["b"]["calls"])
    assert (plan.cost["a"]["calls"], undoing.cost["a"]["calls"]) == (0, 0)
