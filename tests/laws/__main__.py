"""Plays histories of seeds that nobody has played: `make laws ARGS="--histories 60000"`, or `python -m tests.laws`.

The suite plays the same 20,000 for ever; this begins elsewhere each time. One line a history that broke a law, progress
on standard error, and what came of all at the end. `python -m tests.laws.play SEED` makes a broken one short.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from random import SystemRandom
from typing import Any, Final

from tests.laws.play import Played, played

#: Below it are the seeds of the suite.
FRESH: Final = 1_000_000
#: Histories that a process plays before it tells what came of them.
AT_ONCE: Final = 100
#: Histories between two lines of progress.
PROGRESS: Final = 1_000


def main(words: Sequence[str] | None = None) -> int:
    """Play, and tell; 1 when a history broke a law."""
    options = _parser().parse_args(words)
    first = SystemRandom().randrange(FRESH, 2**32) if options.seed is None else options.seed
    print(f"seeds {first} to {first + options.histories - 1}", file=sys.stderr, flush=True)  # noqa: T201 - a command
    began, results = time.monotonic(), []
    for result in _all(range(first, first + options.histories), options.processes):
        results.append(result)
        _progress(results, options.histories, time.monotonic() - began)
    told = summary(first, results, time.monotonic() - began)
    print(json.dumps(told) if options.json else _table(told))  # noqa: T201 - a command
    return int(bool(told["broken"]))


def summary(first: int, results: Sequence[Played], seconds: float) -> dict[str, Any]:
    """What came of all histories: `broken` has the sentences of each seed that broke a law."""
    counts: Counter[str] = Counter()
    for result in results:
        counts.update(result.counts)
    return {
        "first seed": first,
        "histories": len(results),
        "broken": {str(result.seed): result.wrongs for result in results if result.wrongs},
        "seconds": round(seconds, 1),
        "counts": dict(sorted(counts.items())),
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.laws", description=__doc__)
    parser.add_argument("--histories", type=int, default=20_000, help="how many (20000)")
    parser.add_argument(
        "--seed", type=int, help="seed of the first; the others follow (drawn anew each time)"
    )
    parser.add_argument("--processes", type=int, default=2, help="processes that play at once (2)")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    return parser


def _all(seeds: Sequence[int], processes: int) -> Iterator[Played]:
    """Results, in the order of the seeds."""
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(played, seeds, chunksize=AT_ONCE)


def _progress(results: Sequence[Played], due: int, seconds: float) -> None:
    last = results[-1]
    for wrong in last.wrongs:
        print(f"seed {last.seed}: {wrong}", file=sys.stderr, flush=True)  # noqa: T201 - a command
    if len(results) % PROGRESS == 0:
        broken = sum(bool(result.wrongs) for result in results)
        told = f"{len(results)} of {due} histories, {broken} broke a law, {seconds:.0f} s"
        print(told, file=sys.stderr, flush=True)  # noqa: T201 - a command


def _table(told: dict[str, Any]) -> str:
    lines = [f"{name}: {value}" for name, value in told.items() if name not in {"broken", "counts"}]
    lines += [f"broken: {', '.join(told['broken']) or 'none'}"]
    return "\n".join([*lines, *(f"  {name}: {value}" for name, value in told["counts"].items())])


if __name__ == "__main__":
    # Else the other processes would wait for work for ever.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    sys.exit(main())
