"""Time that passes faster than the clock: whoever lives, and is only slow, gets its work done in the end."""

from __future__ import annotations

import uuid

from tests.chaos.aging import SILENCE, Patience


def test_the_living_get_ever_more_time() -> None:
    """A job that was taken from a living holder is left to the next one for twice as long; others are not touched."""
    patience, job, other = Patience(), uuid.uuid4(), uuid.uuid4()

    assert not patience.is_over(job, SILENCE)
    assert [patience.is_over(job, SILENCE + 1) for _ in range(2)] == [True, False]
    assert [patience.is_over(job, 2 * SILENCE + 1) for _ in range(2)] == [True, False]
    assert patience.is_over(other, SILENCE + 1)
