"""The collector of cycles in a worker."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from unified_api.serve.garbage import NEW_OBJECTS, collect_seldom


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


class Cycle:
    """Refers to itself."""

    def __init__(self) -> None:
        self.own = self


def test_cycles_are_collected_seldom_and_still_collected() -> None:
    """The collector waits for more objects, and gets rid of a cycle all the same."""
    collect_seldom()
    gone = weakref.ref(Cycle())
    kept = [[number] for number in range(3 * NEW_OBJECTS)]

    assert gc.get_threshold()[0] == NEW_OBJECTS
    assert gc.get_freeze_count() > 0
    assert gone() is None
    assert kept
