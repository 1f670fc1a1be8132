"""The product broken on purpose: the harness has to notice, else it proves nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.mutants import MUTANTS
from tests.chaos.plan import plan_of
from tests.chaos.processes import command

pytestmark = [pytest.mark.real, pytest.mark.processes, pytest.mark.timeout(1200)]

#: A history that leads to the break, what is struck there, and how the harness tells it.
TOLD = {
    "creates repeated": (43, "holder at done", "created 2 times by its access log"),
    "fence passed": (31, "sleep at page answer", "fence: pull job of chaos"),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_broken_product_is_noticed(mutant: str, tmp_path: Path) -> None:
    """One history is enough where it leads to what is broken."""
    seed, blow, words = TOLD[mutant]
    assert blow in " ".join(plan_of(seed).lines())
    told = command(tmp_path, "--histories", "1", "--stages", "1", "--seed", str(seed), "--mutant", mutant)

    assert any(words in violation for violation in told["results"][0]["violations"])
    assert told["again"] == [f'make chaos ARGS="--histories 1 --seed {seed}"']
