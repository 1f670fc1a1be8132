"""What an answer costs in time of processors, which a busy machine changes little: of the server, and of Postgres."""

from __future__ import annotations

import os
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


def seconds(root: int) -> float:
    """Processor seconds that a process and its living descendants have used so far."""
    children: dict[int, list[int]] = {}
    used: dict[int, float] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (stat := _stat(entry)):
            children.setdefault(int(stat[1]), []).append(int(entry.name))
            used[int(entry.name)] = (int(stat[11]) + int(stat[12])) / _TICK
    found, waiting = 0.0, [root]
    while waiting:
        one = waiting.pop()
        found += used.get(one, 0.0)
        waiting += children.get(one, [])
    return found


def _stat(process: Path) -> list[str] | None:
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
