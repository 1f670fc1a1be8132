"""What leaves although it was stopped is blamed, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulation.steered import Standing
from unified_api.engine.values import Side

GOING: dict[str, Any] = {"version": 2, "paused_by": None, "closed": {}, "pair_paused_by": None}


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
    assert Standing(**{**GOING, **standing}).forbids(Side.B, 2) == wrong
