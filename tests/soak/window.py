"""How long the window is at a server without conditional writes, by the books of the proxy before it."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median

from tests.chaos.proxy import Call
from tests.soak.turns import updates


def window(calls: Iterable[Call]) -> dict[str, float]:
    """Milliseconds from the answer of the read just before to the arrival of our write, and to its answer.

    Of every change of a ticket that the server took: how many, median and worst.
    """
    arrivals, ends = [], []
    for read, call in updates(calls):
        if read and read.answered and call.answered and call.handed_on:
            arrivals.append((call.handed_on - read.answered) * 1000)
            ends.append((call.answered - read.answered) * 1000)
    if not arrivals:
        return {"writes": 0}
    return {
        "writes": len(arrivals),
        "to_arrival_median_ms": round(median(arrivals), 1),
        "to_arrival_worst_ms": round(max(arrivals), 1),
        "to_end_median_ms": round(median(ends), 1),
        "to_end_worst_ms": round(max(ends), 1),
    }
