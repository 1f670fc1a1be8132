"""Results of several workers arrive, and their end is noticed, whatever becomes of one of them."""

from __future__ import annotations

import pytest

from tests.gathering import Give, gathered


def test_all_results_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a worker that fails those before its end; the others go on, and nobody waits for ever."""
    failed: list[type[BaseException]] = []
    monkeypatch.setattr("threading.excepthook", lambda told: failed.append(told.exc_type))

    def works(give: Give) -> None:
        for number in range(3):
            give(number)

    def fails(give: Give) -> None:
        give(None)
        raise ConnectionError

    assert sorted(map(str, gathered([works, fails, works]))) == ["0", "0", "1", "1", "2", "2", "None"]
    assert failed == [ConnectionError]
