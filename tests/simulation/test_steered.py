"""What leaves although it was stopped is blamed, and nothing else."""

from __future__ import annotations

import uuid
from typing import Any, Final

import pytest

from tests.simulation.steered import Standing
from unified_api.engine.policy import Policy
from unified_api.engine.values import Side
from unified_api.sync.models import Write

POLICY: Final = Policy.parse(
    {"fields": {"name": {}, "status": {"direction": "b_to_a"}}, "deletes": {"a": "propagate", "b": "ask"}}
)
NOBODY: Final = uuid.UUID(int=0)
GOING: dict[str, Any] = {
    "version": 2,
    "paused_by": None,
    "closed": {},
    "pair_paused_by": None,
    "policy": POLICY,
}


@pytest.mark.parametrize(
    ("standing", "wrong"),
    [
        ({}, ""),
        ({"closed": {"a": "somebody"}}, ""),
        ({"closed": {"b": "somebody"}}, "its side was closed"),
        ({"paused_by": "somebody"}, "its bridge was paused"),
        ({"pair_paused_by": "somebody"}, "its pair was paused"),
        ({"version": 3}, "its bridge had been told something else"),
    ],
)
def test_a_write_that_leaves_is_held_against_what_is_so_at_that_moment(
    standing: dict[str, Any], wrong: str
) -> None:
    """It goes to side b, and was journalled by version 2 of its bridge."""
    write = Write(tenant_id=NOBODY, operation="update", values={"name": "Printer"}, bridge_version=2)
    assert Standing(**{**GOING, **standing}).forbids(Side.B, write) == wrong


@pytest.mark.parametrize(
    ("side", "operation", "values", "wrong"),
    [
        (Side.B, "create", ["name"], ""),
        (Side.A, "update", ["name", "status"], ""),
        (Side.B, "update", ["name", "status"], "status may not travel there"),
        (Side.A, "create", ["name", "priority"], "priority may not travel there"),
        (Side.A, "delete", [], ""),
        (Side.B, "delete", [], "no rule wants that"),
    ],
)
def test_a_write_that_leaves_says_only_what_the_rules_of_that_moment_want(
    side: Side, operation: str, values: list[str], wrong: str
) -> None:
    """Status goes to side a alone, and priority is no field of the bridge."""
    write = Write(tenant_id=NOBODY, operation=operation, values=dict.fromkeys(values), bridge_version=2)
    assert Standing(**GOING).forbids(side, write) == wrong
