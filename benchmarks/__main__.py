"""`make bench`: every benchmark, one after the other, each in a process of its own; the table of what came out.

python -m benchmarks [NAME …] [--table FILE] [--json]
"""

from __future__ import annotations

import argparse
import pkgutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson

import benchmarks
from benchmarks.figures import say

#: What the benchmarks share, and is none.
FRAME = {"__main__", "figures", "house"}
_LARGE = 100


def main() -> int:
    """Run those that were named, or all; 1 when one of them failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=benchmarks.__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(known())}")
    parser.add_argument("--table", type=Path, help="a file to write the table to, besides showing it")
    parser.add_argument("--json", action="store_true", help="the lines of JSON in place of the table")
    asked = parser.parse_args()
    if unknown := set(asked.names) - set(known()):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    names = asked.names or known()
    lines = [line for number, name in enumerate(names, 1) if (line := _run(name, f"{number}/{len(names)}"))]
    text = "\n".join(table(lines))
    print("\n".join(orjson.dumps(line).decode() for line in lines) if asked.json else text)
    if asked.table:
        asked.table.write_text(text + "\n")
    return int(len(lines) < len(names))


def known() -> list[str]:
    """The names of all benchmarks: the modules that can be run, and have a `main`."""
    found = (module.name for module in pkgutil.iter_modules(benchmarks.__path__) if not module.ispkg)
    return sorted(name for name in found if name not in FRAME and not name.startswith("_"))


def _run(name: str, place: str) -> dict[str, Any] | None:
    say(f"[{place}] {name}")
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}"], stdout=subprocess.PIPE, text=True, check=False
    )
    say(f"[{place}] {name} took {time.monotonic() - began:.0f} s")
    if done.returncode or not done.stdout.strip():
        say(f"[{place}] {name} failed with {done.returncode}: what it said is above")
        return None
    return dict(orjson.loads(done.stdout.strip().splitlines()[-1]))


def table(lines: Iterable[dict[str, Any]]) -> Iterator[str]:
    """The figures and budgets as Markdown."""
    yield from ("| benchmark | figure | value |", "|---|---|---|")
    kept = list(lines)
    for line in kept:
        for figure in line["figures"]:
            yield f"| {line['benchmark']} | {figure['name']} | {_measured(figure['value'], figure['unit'])} |"
    yield from ("", "| budget | promised | is | kept |", "|---|---|---|---|")
    for line in kept:
        for budget in line["budgets"]:
            promised, found = _bound(budget), _measured(budget["is_"], budget["unit"])
            yield f"| {budget['name']} | {promised} | {found} | {'yes' if budget['kept'] else '**no**'} |"


def _bound(budget: dict[str, Any]) -> str:
    word = "most" if budget["least"] is None else "least"
    return f"at {word} {_measured(budget[word], budget['unit'])}"


def _measured(value: float, unit: str) -> str:
    return f"{spelled(value)} {unit}".rstrip()


def spelled(value: float) -> str:
    """A number for people: large ones whole with commas, small ones with three digits."""
    return f"{value:,.0f}" if abs(value) >= _LARGE else f"{value:.3g}"


if __name__ == "__main__":
    sys.exit(main())
