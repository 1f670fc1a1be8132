"""Memory of a worker that reads a stream of 10 thousand, 100 thousand and a million records: it has to be flat.

Each size has a worker process of its own, which loads the stream and then reads it again unchanged, as a sweep, so
that sightings, identities and tallies of a whole run have their chance to pile up. The figure is the most memory that
the process ever had (VmHWM), and what it has at the end. `python -m benchmarks.memory 10000 100000` measures smaller
sizes only.
"""

from __future__ import annotations

import sys

from benchmarks.figures import Budget, Figure, report, say
from benchmarks.house import house
from benchmarks.remote.serving import Account, serving, worker

SIZES = (10_000, 100_000, 1_000_000)
PAGE = 1_000
_MIB = 1024 * 1024


def measure(records: int) -> list[Figure]:
    """The figures of one size; the first is the peak."""
    with serving(records, PAGE) as remote, worker() as ours:
        account = Account(remote)
        passes: dict[str, dict[str, float]] = {}
        for name in ("first load", "read again"):
            if passes:
                account.ask(everything=True)
            passes[name] = told = ours.do()
            account.run()
            rate = records / told["seconds"]
            say(f"{records:,} records, {name}: {told['peak'] / _MIB:.0f} MiB, {rate:,.0f} records/s")
    at_last = passes["read again"]
    return [
        Figure(f"peak memory, {records:,} records", at_last["peak"] / _MIB, "MiB"),
        Figure(f"memory at the end, {records:,} records", at_last["now"] / _MIB, "MiB"),
        *(
            Figure(f"{name}, {records:,} records", records / its["seconds"], "records/s")
            for name, its in passes.items()
        ),
    ]


def main() -> None:
    """Measure and report."""
    sizes = [int(word) for word in sys.argv[1:]] or SIZES
    with house():
        figures = [measure(records) for records in sizes]
    growth = figures[-1][0].value / figures[0][0].value
    name = f"memory of a worker at {sizes[-1]:,} records against {sizes[0]:,}"
    report("memory", [figure for group in figures for figure in group], [Budget(name, growth, "x", most=1.2)])


if __name__ == "__main__":
    main()
