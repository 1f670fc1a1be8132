"""Random kill histories: `make chaos ARGS="--histories 200 --seed 1"`, or `python -m tests.chaos`.

Each history follows from its seed: the product and two real servers run, people and the API's client work, and
processes are killed at chosen and at random moments. Then everything comes to rest, and is counted in the servers' own
stores and logs. `--histories 1 --seed N` plays the history of one seed again. A history that fails keeps its logs.
"""

from __future__ import annotations

import argparse
import atexit
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

from tests.chaos import report
from tests.chaos.launch import MUTANT, ROOT
from tests.chaos.plan import plan_of
from tests.gathering import Give, gathered

#: Histories that one stage plays; then its database and its logs begin anew.
AT_ONCE: Final = 25


def main(words: Sequence[str] | None = None) -> int:
    """Play, and tell; 1 when a history failed."""
    options = _parser().parse_args(words)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    seeds = range(options.seed, options.seed + options.histories)
    began, results = time.monotonic(), []
    keep = Path(options.keep).absolute()
    for result in played(seeds, keep, stages=options.stages, mutant=options.mutant):
        results.append(result)
        print(report.line(result, len(results), len(seeds)), file=sys.stderr, flush=True)  # noqa: T201 - a command
    told = report.summary(results, seconds=time.monotonic() - began, keep=keep)
    if options.json:
        print(json.dumps({**told, "results": results}))  # noqa: T201 - a command
    else:
        print(report.table(told))  # noqa: T201 - a command
    return 0 if told["failed"] == [] and len(results) == len(seeds) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--histories", type=int, default=200, help="how many (200)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the first; the others follow (1)")
    parser.add_argument("--stages", type=int, default=2, help="stages that play at once (2)")
    parser.add_argument("--keep", default=str(ROOT / ".isthmus" / "chaos"), help="where logs of failures go")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--mutant", default="", help="break the product on purpose, see mutants.py")
    return parser


def played(seeds: Sequence[int], keep: Path, *, stages: int, mutant: str = "") -> Iterator[dict[str, Any]]:
    """Results as they come."""
    batches = _batches(seeds, stages)
    yield from gathered([partial(_play_all, batches, keep, mutant)] * stages)


def _batches(seeds: Sequence[int], stages: int) -> list[tuple[str, list[int]]]:
    """Seeds that can share a stage: by the way in which the product runs there."""
    kinds: dict[str, list[int]] = {"apart": [], "up": []}
    for seed in seeds:
        kinds["up" if plan_of(seed).together else "apart"].append(seed)
    batches = []
    for kind, all_seeds in kinds.items():
        size = max(1, min(AT_ONCE, -(-len(all_seeds) // stages)))
        batches += [(kind, all_seeds[start : start + size]) for start in range(0, len(all_seeds), size)]
    return batches[::-1]


def _play_all(batches: list[tuple[str, list[int]]], keep: Path, mutant: str, give: Give) -> None:
    while batches:
        kind, seeds = batches.pop()
        for result in _play(kind, seeds, keep, mutant):
            give(result)


def _play(kind: str, seeds: list[int], keep: Path, mutant: str) -> Iterator[dict[str, Any]]:
    """One stage in a process of its own. A seed at which it breaks down has failed; those behind it get another."""
    left = list(seeds)
    with _folder() as folder:
        command = [sys.executable, "-m", "tests.chaos.player", folder, str(keep), kind, *map(str, seeds)]
        with (
            Path(folder, "player.log").open("wb") as log,
            subprocess.Popen(
                command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, env={**os.environ, MUTANT: mutant}
            ) as process,
        ):
            assert process.stdout is not None
            for text in process.stdout:
                result = json.loads(text)
                left.remove(result["seed"])
                yield result
        said = Path(folder, "player.log").read_text(errors="replace")[-2000:]
    if left:
        yield report.not_played(left[0], said)
    if left[1:]:
        yield from _play(kind, left[1:], keep, mutant)


@contextmanager
def _folder() -> Iterator[str]:
    folder = tempfile.mkdtemp(prefix="isthmus-chaos-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)  # also when we are told to end
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
