"""Twenty thousand random histories, each known by its seed: `python -m tests.laws.play SEED` makes one short."""

from __future__ import annotations

import os
from collections.abc import Iterator
from random import Random
from typing import Final

import pytest

from tests.laws import play

HISTORIES: Final = int(os.environ.get("HISTORIES", "20000"))
#: Pieces, so that the workers of a test run share the work.
PIECES: Final = 20


def failing(piece: int) -> Iterator[str]:
    """Seeds of one piece whose histories break a law, with what they break."""
    for seed in range(piece, HISTORIES, PIECES):
        if told := play.of_seed(seed):
            yield f"python -m tests.laws.play {seed}: {told[0]}"


@pytest.mark.parametrize("piece", range(PIECES))
def test_every_law_holds_in_twenty_thousand_histories(piece: int) -> None:
    """Edits, deletes, lost answers, clocks, filters and people in any order: no law is broken in any history."""
    assert list(failing(piece)) == []


def test_a_seed_plays_the_same_history_again() -> None:
    """A seed that failed can be looked at."""
    assert repr(play.drawn(Random(7))) == repr(play.drawn(Random(7)))
