"""Calls that cannot be told how long they may take."""

from __future__ import annotations

import threading

import pytest

from integrations.kit import within as module
from integrations.kit.within import within


def test_a_call_that_comes_back_in_time_gives_its_result_or_its_error() -> None:
    """Nothing is different from calling it."""

    def fail() -> None:
        raise OSError("no")

    assert within(120, lambda: 7) == 7
    with pytest.raises(OSError, match="no"):
        within(120, fail)


def test_a_call_that_hangs_is_left_alone_and_not_for_ever_counted() -> None:
    """Whoever waits goes on in time; its place is free again when it ends at last."""
    over, ended = threading.Event(), threading.Event()

    def hang() -> None:
        over.wait(120)
        ended.set()

    with pytest.raises(TimeoutError, match="in time"):
        within(0.05, hang)
    over.set()
    assert ended.wait(120)
    assert within(120, lambda: 1) == 1


def test_calls_that_hang_cannot_fill_the_process_with_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """When too many are under way, a further one is refused in time instead of begun."""
    monkeypatch.setattr(module, "_free", threading.BoundedSemaphore(2))
    over = threading.Event()
    begun: list[threading.Thread] = []

    def hang() -> None:
        begun.append(threading.current_thread())
        over.wait(120)

    for _ in range(3):
        with pytest.raises(TimeoutError):
            within(0.05, hang)
    over.set()
    for _ in range(2):
        assert module._free.acquire(timeout=120)  # given back at the end of each

    assert len(begun) == 2
