"""Python as a worker has it: the collector of cycles, and the turns of threads."""

from __future__ import annotations

import ctypes
import gc
import sys
import types
import weakref
from collections.abc import Iterator

import pytest

from unified_api.serve.interpreter import NEW_OBJECTS, TURN, loading, prepare


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    thresholds, turn = gc.get_threshold(), sys.getswitchinterval()
    frozen = gc.get_freeze_count()
    yield
    gc.unfreeze()
    if frozen:  # as a run of tests has it
        gc.freeze()
    gc.set_threshold(*thresholds)
    sys.setswitchinterval(turn)


class Cycle:
    """Refers to itself."""

    def __init__(self) -> None:
        self.own = self


def test_cycles_are_collected_seldom_and_still_collected() -> None:
    """The collector waits for more objects, and gets rid of a cycle all the same."""
    prepare()
    gone = weakref.ref(Cycle())
    kept = [[number] for number in range(3 * NEW_OBJECTS)]

    assert gc.get_threshold()[0] == NEW_OBJECTS
    assert gc.get_freeze_count() > 0
    assert gone() is None
    assert kept


def test_what_is_loaded_is_not_looked_through() -> None:
    """Neither while it is loaded nor afterwards, when the collector works again."""
    gc.unfreeze()
    with loading():
        worked = gc.isenabled()

    assert not worked
    assert gc.isenabled()
    assert gc.get_freeze_count() > 0


def test_a_thread_that_computes_gives_way_soon() -> None:
    """Threads of a worker take turns ten times as often as Python lets them by itself."""
    prepare()

    assert sys.getswitchinterval() == pytest.approx(TURN)


def test_a_system_without_that_allocator_is_served_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """What only glibc can be told is told to nobody else."""
    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())
    prepare()

    assert gc.get_threshold()[0] == NEW_OBJECTS


def test_threads_share_what_was_freed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the C library is glibc, it is told to keep one store for all threads."""
    told: list[tuple[int, int]] = []
    library = types.SimpleNamespace(mallopt=lambda what, value: told.append((what, value)))
    monkeypatch.setattr(ctypes, "CDLL", lambda _: library)
    prepare()

    assert told == [(-8, 1)]
