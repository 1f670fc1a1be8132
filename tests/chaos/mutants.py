"""The product, broken on purpose: each mutant has to be noticed by the harness."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final


def _fence_passed() -> None:
    """Whoever held a job may commit, also after somebody else has claimed it."""
    from unified_api.sync import job

    job._HOLD = "UPDATE sync_job SET leased_until = clock_timestamp() + %s WHERE id = %s AND fence >= %s"


def _creates_repeated() -> None:
    """A create whose answer was lost is simply sent again."""
    from unified_api.sync import settle

    def again(performance: object) -> None:
        performance.go()  # type: ignore[attr-defined]

    settle._create = again


def _gave_way_unrecorded() -> None:
    """Whose edit gives way is noted nowhere."""
    from unified_api.sync.bridge import outcome

    outcome._record = lambda *_: None


def _moved_overwritten() -> None:
    """A record that is not as the writer saw it is written over."""
    from unified_api.sync import write

    write.refuse_moved = lambda *_: None


MUTANTS: Final[dict[str, Callable[[], None]]] = {
    "fence passed": _fence_passed,
    "creates repeated": _creates_repeated,
}
#: Those that a soak has to notice: edits are lost.
LOSING: Final[dict[str, Callable[[], None]]] = {
    "gave way unrecorded": _gave_way_unrecorded,
    "moved overwritten": _moved_overwritten,
}


def apply(name: str) -> None:
    """Break it."""
    (MUTANTS | LOSING)[name]()
