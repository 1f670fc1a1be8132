"""The laws on the real shell, between simulated remotes, in histories that follow from their seeds."""

from __future__ import annotations

from typing import Any, Final

import psycopg
import pytest

from tests.simulation import place
from tests.simulation.history import History

#: Histories of the suite, and of one test of it; `python -m tests.simulation` plays any others.
HISTORIES: Final = 200
AT_ONCE: Final = 5

#: Half a minute on a machine that does nothing else; a busy one takes minutes.
pytestmark = pytest.mark.timeout(2700)


@pytest.mark.parametrize("first", range(1, HISTORIES + 1, AT_ONCE))
def test_every_law_holds_in_every_history(first: int, database: psycopg.Connection[Any]) -> None:
    """Whatever happened, and in whichever order, the laws of DESIGN section 5 hold once edits stop."""
    with place.opened(database) as here:
        results = [History(seed, here).play() for seed in range(first, first + AT_ONCE)]

    assert {result.seed: result.wrongs for result in results if result.wrongs} == {}
