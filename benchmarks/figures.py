"""What a benchmark says: figures, the budgets they are held against, and the machine, as one line of JSON."""

from __future__ import annotations

import dataclasses
import os
import platform
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import orjson

Answer = TypeVar("Answer")
_KIB_A_GIB = 1024 * 1024


@dataclass(frozen=True)
class Figure:
    """One measured value, in `unit`."""

    name: str
    value: float
    unit: str


@dataclass(frozen=True)
class Budget:
    """A promise and what became of it: `is_` should be at `least`, or at `most`, that value."""

    name: str
    is_: float
    unit: str
    least: float | None = None
    most: float | None = None

    @property
    def kept(self) -> bool:
        """Whether the promise holds."""
        return (self.least is None or self.is_ >= self.least) and (self.most is None or self.is_ <= self.most)


def report(benchmark: str, figures: Sequence[Figure], budgets: Sequence[Budget] = ()) -> None:
    """Print the line."""
    line = {
        "benchmark": benchmark,
        "figures": [dataclasses.asdict(figure) for figure in figures],
        "budgets": [{**dataclasses.asdict(budget), "kept": budget.kept} for budget in budgets],
        "machine": machine(),
    }
    print(orjson.dumps(line).decode(), flush=True)


def say(sentence: str) -> None:
    """Progress, for whoever waits."""
    print(sentence, file=sys.stderr, flush=True)


def best(measure: Callable[[], float], *, of: int) -> float:
    """The highest of several measured rates: what else the machine does can only make a rate lower."""
    return max(measure() for _ in range(of))


def machine() -> dict[str, Any]:
    """Where the figures are from."""
    return {
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": _memory_gib(),
        "system": platform.system(),
        "python": platform.python_version(),
    }


def _memory_gib() -> int:
    first = Path("/proc/meminfo").read_text().split("\n", 1)[0]
    return round(int(first.split()[1]) / _KIB_A_GIB)
