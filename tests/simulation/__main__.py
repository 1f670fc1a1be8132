"""Random histories of the shell: `make simulate ARGS="--histories 5000 --seed 1"`, or `python -m tests.simulation`.

Each history follows from its seed: `--histories 1 --seed N --story` plays one again and tells what happened. One line
a history that broke a law, progress on standard error, and what came of all at the end.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from tests.gathering import Give, gathered

ROOT: Final = Path(__file__).resolve().parents[2]
#: Histories that one process plays; then its database begins anew.
AT_ONCE: Final = 250
#: Histories between two lines of progress.
PROGRESS: Final = 25


@dataclass(frozen=True)
class How:
    """How histories are played: by which mutant, and whether a bridge over comments follows in each."""

    mutant: str
    following: bool


def main(words: Sequence[str] | None = None) -> int:
    """Play, and tell; 1 when a history broke a law or was not played."""
    options = _parser().parse_args(words)
    if options.story:
        return _tell_story(options.seed, following=options.following)
    began, results = time.monotonic(), []
    seeds = range(options.seed, options.seed + options.histories)
    for result in _played(seeds, options.processes, How(options.mutant, options.following)):
        results.append(result)
        _progress(results, options.histories, time.monotonic() - began)
        if options.first and result["wrongs"]:
            break
    told = summary(results, time.monotonic() - began)
    print(json.dumps({**told, "results": results}) if options.json else _table(told))  # noqa: T201 - a command
    return 0 if not told["broken"] and len(results) == options.histories else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--histories", type=int, default=200, help="how many (200)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the first; the others follow (1)")
    parser.add_argument("--processes", type=int, default=2, help="processes that play at once (2)")
    parser.add_argument("--story", action="store_true", help="play the history of --seed, and tell it")
    parser.add_argument("--first", action="store_true", help="stop at the first history that breaks a law")
    parser.add_argument("--following", action="store_true", help="in each a bridge over comments follows")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--mutant", default="", help="break the product on purpose, see mutants.py")
    return parser


def summary(results: Sequence[dict[str, Any]], seconds: float) -> dict[str, Any]:
    """What came of all histories, in numbers."""
    counts: Counter[str] = Counter()
    for result in results:
        counts.update(result["counts"])
    return {
        "histories": len(results),
        "broken": [result["seed"] for result in results if result["wrongs"]],
        "seconds": round(seconds, 1),
        "counts": dict(sorted(counts.items())),
        "most rounds": max((result["rounds"] for result in results), default=0),
    }


def _table(told: dict[str, Any]) -> str:
    lines = [f"{name}: {value}" for name, value in told.items() if name != "counts"]
    return "\n".join([*lines, *(f"  {name}: {value}" for name, value in told["counts"].items())])


def _progress(results: Sequence[dict[str, Any]], due: int, seconds: float) -> None:
    last = results[-1]
    for wrong in last["wrongs"]:
        print(f"seed {last['seed']}: {wrong}", file=sys.stderr, flush=True)  # noqa: T201 - a command
    if len(results) % PROGRESS == 0:
        broken = sum(bool(result["wrongs"]) for result in results)
        told = f"{len(results)} of {due} histories, {broken} broke a law, {seconds:.0f} s"
        print(told, file=sys.stderr, flush=True)  # noqa: T201 - a command


def _played(seeds: Sequence[int], processes: int, how: How) -> Iterator[dict[str, Any]]:
    """Results as they come, from processes with a database each."""
    size = max(1, min(AT_ONCE, -(-len(seeds) // processes)))
    batches = [seeds[start : start + size] for start in range(0, len(seeds), size)][::-1]
    yield from gathered([partial(_play_all, batches, how)] * processes)


def _play_all(batches: list[Sequence[int]], how: How, give: Give) -> None:
    while batches:
        seeds = batches.pop()
        told = [how.mutant, str(seeds[0]), str(len(seeds)), *(["following"] if how.following else [])]
        command = [sys.executable, "-m", "tests.simulation.play", *told]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for line in process.stdout:
                give(json.loads(line))


def _tell_story(seed: int, *, following: bool) -> int:
    from tests.simulation.play import played

    (result,) = played([seed], following=following)
    print("\n".join([*result.trace, *(f"WRONG: {wrong}" for wrong in result.wrongs)]))  # noqa: T201 - a command
    return int(bool(result.wrongs))


if __name__ == "__main__":
    sys.exit(main())
