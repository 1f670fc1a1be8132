"""Pages through lists while they change: `make paging ARGS="--examples 100"`, or `python -m tests.paging`.

An example is a model with random records. A client for each of its filters and orders reads page by page to the end,
and back, while records are made, changed and deleted between the pages; it has to meet once what was there throughout.
The suite plays few of them; this begins with other seeds each time. One line an example that went wrong, progress on
standard error, and what came of all at the end.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from random import SystemRandom
from typing import Any, Final

from tests.gathering import Give, gathered

ROOT: Final = Path(__file__).resolve().parents[2]
#: Seconds between two lines of progress.
PROGRESS: Final = 60.0
Result = dict[str, Any]


def main(words: Sequence[str] | None = None) -> int:
    """Play, and tell; 1 when an example went wrong or was not played."""
    options = _parser().parse_args(words)
    first = SystemRandom().randrange(2**32) if options.seed is None else options.seed
    seeds = range(first, first + options.examples)
    _tell(f"seeds {first} to {first + options.examples - 1}")
    began, told, results, ends = time.monotonic(), time.monotonic(), [], list[int]()
    for result in _played(seeds, options.model, options.processes, ends):
        results.append(result)
        if result["wrong"]:
            _tell(f"seed {result['seed']}, {result['model']}: {result['wrong']}")
        if time.monotonic() - told > PROGRESS:
            told = time.monotonic()
            _progress(results, told - began)
    document = summary(first, results, time.monotonic() - began)
    print(json.dumps(document) if options.json else _table(document))  # noqa: T201 - a command
    return int(bool(document["broken"]) or any(ends) or not results)


def summary(first: int, results: Sequence[Result], seconds: float) -> dict[str, Any]:
    """What came of all examples: `broken` has the sentence of each that went wrong, by seed and model."""
    counts: Counter[str] = Counter()
    for result in results:
        counts.update(result["counts"])
    return {
        "first seed": first,
        "models": len({result["model"] for result in results}),
        "examples": len(results),
        "broken": {f"{one['seed']} {one['model']}": one["wrong"] for one in results if one["wrong"]},
        "seconds": round(seconds, 1),
        "counts": dict(sorted(counts.items())),
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.paging", description=__doc__)
    parser.add_argument("--examples", type=int, default=20, help="of each model (20)")
    parser.add_argument(
        "--seed", type=int, help="seed of the first; the others follow (drawn anew each time)"
    )
    parser.add_argument(
        "--model",
        action="append",
        default=[],
        metavar="M",
        help="such as hris.Employee; may be repeated (all)",
    )
    parser.add_argument("--processes", type=int, default=2, help="processes that play at once (2)")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    return parser


def _played(seeds: range, models: Sequence[str], processes: int, ends: list[int]) -> Iterator[Result]:
    """Results as they come, from processes with a database each; ends: with which status each has ended."""
    shares = [share for number in range(processes) if (share := seeds[number::processes])]
    yield from gathered([partial(_play, share, models, ends) for share in shares])


def _play(seeds: range, models: Sequence[str], ends: list[int], give: Give) -> None:
    bounds = map(str, (seeds.start, seeds.stop, seeds.step))
    command = [sys.executable, "-m", "tests.paging.play", *bounds, *models]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            give(json.loads(line))
    ends.append(process.returncode)


def _progress(results: Sequence[Result], seconds: float) -> None:
    broken = sum(bool(result["wrong"]) for result in results)
    _tell(f"{len(results)} examples, {broken} went wrong, {seconds:.0f} s")


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - a command


def _table(told: dict[str, Any]) -> str:
    lines = [f"{name}: {value}" for name, value in told.items() if name not in {"broken", "counts"}]
    lines += [f"broken: {', '.join(told['broken']) or 'none'}"]
    return "\n".join([*lines, *(f"  {name}: {value}" for name, value in told["counts"].items())])


if __name__ == "__main__":
    sys.exit(main())
