"""Which tickets the story has deleted: so many that the brake holds, in every run."""

from __future__ import annotations

from typing import Any

import pytest

from demo import titles
from demo.losing import half_of
from unified_api.sync import sweep


def _desk(others: int) -> list[dict[str, Any]]:
    return [{"name": name} for name in [*(f"A ticket of run {n}" for n in range(others)), *titles.of_move()]]


def test_half_of_the_forty_go() -> None:
    """Twenty tickets, all of the forty, whatever else the desk holds."""
    names = [ticket["name"] for ticket in half_of(_desk(others=8))]

    assert names == titles.of_move()[:20]


@pytest.mark.parametrize("others", [0, 8, 100, 1_000])
def test_the_brake_has_to_hold_them(others: int) -> None:
    """However many tickets earlier runs left, more are deleted than a sweep may remove unasked."""
    tickets = _desk(others)

    assert len(half_of(tickets)) > max(sweep.FREE_REMOVALS, sweep.FREE_SHARE * len(tickets))
