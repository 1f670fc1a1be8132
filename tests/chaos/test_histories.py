"""Ten kill histories, which go through every chosen point; `make chaos` plays as many as you like."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.chaos.plan import plan_of
from tests.chaos.points import POINTS
from tests.chaos.processes import command

FIRST, MANY = 10, 10
SEEDS = range(FIRST, FIRST + MANY)

pytestmark = [pytest.mark.real, pytest.mark.processes, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the command says of these histories."""
    folder = tmp_path_factory.mktemp("chaos")
    return command(folder, "--histories", str(MANY), "--seed", str(FIRST)) | {"folder": str(folder)}


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_lost_or_done_twice(told: dict[str, Any], seed: int) -> None:
    """Every record is mirrored once, every accepted write arrived once, both sides are equal, no fence was passed."""
    (result,) = [one for one in told["results"] if one["seed"] == seed]

    assert result["violations"] == [], "\n".join(result["plan"])


def test_something_was_killed_at_most_points(told: dict[str, Any]) -> None:
    """A history in which nobody came to the chosen point proves little; that is rare, and counted."""
    reached = set(told["kills_by_place"]) & set(POINTS)

    assert len(reached) >= len(POINTS) * 0.75
    assert sum(told["kills_by_victim"].values()) >= 2 * MANY


def test_the_plans_of_the_suite_go_through_all_points() -> None:
    """Every point is in one of the ten plans, and so is every victim."""
    blows = [step.blow for seed in SEEDS for step in plan_of(seed).steps if step.blow]

    assert {blow.point for blow in blows if blow.point} == set(POINTS)
    assert {victim for point in POINTS.values() for victim in point.victims} <= {
        blow.victim for blow in blows
    }


def test_a_plan_follows_from_its_seed() -> None:
    """The same seed is the same plan, another seed another one."""
    assert plan_of(7) == plan_of(7)
    assert len({str(plan_of(seed)) for seed in range(50)}) == 50


def test_stages_leave_nothing_behind(told: dict[str, Any]) -> None:
    """No process of a history outlives the command, and none of its folders."""
    living = [folder.name for folder in Path("/proc").glob("[0-9]*") if told["folder"] in _words(folder)]

    assert living == []
    assert list(Path(told["folder"]).glob("isthmus-chaos-*")) == []


def _words(folder: Path) -> str:
    """The environment and the command line of a process."""
    try:
        return ((folder / "environ").read_bytes() + (folder / "cmdline").read_bytes()).decode(
            errors="replace"
        )
    except OSError:
        return ""
