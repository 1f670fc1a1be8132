"""A bridge between two desks: its first round, a quiet one, rounds after edits; and how fast one edit travels.

Rounds are done in one thread of this process, job after job, so that their time can be told apart by kind of work.
The journey of one edit is measured with workers and clock in processes of their own, from the moment at which the
stream is asked to read to the moment at which the other desk has the write. Rounds after edits: the median of three.
"""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING

from benchmarks.figures import Budget, Figure, report, say
from benchmarks.house import house

if TYPE_CHECKING:
    from benchmarks.desk.house import Bridged, Server, Spent

SMALL, LARGE, VAST = 1_000, 10_000, 100_000
EDITS = 100
NEW = 300
TIMES = 3
JOURNEYS = 15


def main() -> None:
    """Measure in a house of its own."""
    with house():
        from benchmarks.desk.house import serving

        with serving() as server:
            _measure(server)


def _measure(server: Server) -> None:
    figures: list[Figure] = []
    edited: dict[int, float] = {}
    for pairs in (SMALL, LARGE, VAST):
        bridged = _matched(server, pairs, figures)
        _quiet(bridged, pairs, figures)
        edited[pairs] = _edited(bridged, pairs, EDITS, figures)
        if pairs // 100 > EDITS:
            _edited(bridged, pairs, pairs // 100, figures)
    _created(server, figures)
    median = _journeys(bridged, figures)
    report(
        "bridge_round",
        figures,
        [
            *(
                Budget(
                    f"{EDITS} edits at {pairs} pairs against {SMALL} pairs",
                    edited[pairs] / edited[SMALL],
                    "x",
                    most=1.5,
                )
                for pairs in (LARGE, VAST)
            ),
            Budget("an edit asked to be read -> counterpart written, median", median, "ms", most=1000),
        ],
    )


def _matched(server: Server, pairs: int, figures: list[Figure]) -> Bridged:
    """A bridge whose records were all there on both sides, after its first round."""
    from benchmarks.desk.house import Bridged, work

    say(f"{pairs} pairs")
    bridged = Bridged.make(server, f"match-{pairs}", (pairs, pairs))
    bridged.join()
    first = work()
    _note(figures, Figure(f"first round, {pairs} match", pairs / first.total, "pairs/s"))
    return bridged


def _created(server: Server, figures: list[Figure]) -> None:
    """A bridge to an empty desk: each record is searched for there, then created."""
    from benchmarks.desk.house import Bridged, work

    say(f"{NEW} creates")
    bridged = Bridged.make(server, "create", (NEW, 0))
    bridged.join()
    first = work()
    _check(bridged)
    _note(figures, Figure(f"first round, {NEW} are created", NEW / first.total, "pairs/s"))
    _note(figures, Figure("statements per create", sum(first.statements.values()) / NEW, ""))


def _quiet(bridged: Bridged, pairs: int, figures: list[Figure]) -> None:
    spent = statistics.median(_round(bridged).total for _ in range(TIMES))
    _note(figures, Figure(f"quiet round at {pairs} pairs, both sides read", spent * 1000, "ms"))


def _edited(bridged: Bridged, pairs: int, edits: int, figures: list[Figure]) -> float:
    """Seconds until both sides are equal again after edits on one side."""
    rounds = []
    for turn in range(TIMES):
        bridged.edit(edits, f"{edits} edits, turn {turn}:")
        rounds.append(_round(bridged))
        _check(bridged)
    spent = sorted(rounds, key=lambda one: one.total)[TIMES // 2]
    name = f"{edits} edits at {pairs} pairs"
    _note(figures, Figure(f"{name}, until equal", spent.total, "s"))
    for kind, seconds in spent.seconds.items():
        _note(figures, Figure(f"{name}: {kind}", seconds, "s"))
    told = sum(spent.statements.values()) / edits
    _note(figures, Figure(f"{name}: statements per edit", told, ""))
    return spent.total


def _note(figures: list[Figure], figure: Figure) -> None:
    say(f"  {figure.name}: {figure.value:.4g} {figure.unit}")
    figures.append(figure)


def _round(bridged: Bridged) -> Spent:
    from benchmarks.desk.house import work

    bridged.read()
    return work()


def _check(bridged: Bridged) -> None:
    if not bridged.are_equal():
        raise RuntimeError("the two desks differ after the round")


def _journeys(bridged: Bridged, figures: list[Figure]) -> float:
    """Milliseconds that an edit takes from being asked for to the other desk, the median of some."""
    from benchmarks.desk.house import PRODUCT, processes

    say(f"{JOURNEYS} journeys")
    with processes(*PRODUCT):
        told = sorted(_journey(bridged, f"journey {number}:") for number in range(JOURNEYS))
    _note(figures, Figure("an edit asked to be read -> counterpart written, slowest", told[-1], "ms"))
    return statistics.median(told)


def _journey(bridged: Bridged, text: str) -> float:
    from benchmarks.desk.house import awaited

    server, (_, there) = bridged.server, bridged.desks
    before = len(server.order(there, "_writes"))
    bridged.edit(1, text)
    asked = time.time()
    bridged.read()
    writes = awaited(lambda: server.order(there, "_writes")[before:], pause=0.01)
    awaited(lambda: not bridged.is_busy())
    return float((writes[0][2] - asked) * 1000)


if __name__ == "__main__":
    main()
