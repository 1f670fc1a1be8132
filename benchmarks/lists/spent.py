"""What an answer costs in time of processors, which a busy machine changes little: of the server, and of Postgres."""

from __future__ import annotations

import os
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
#: utime, stime, cutime and cstime (proc(5)), counted from the state: of a process, and of its children that have ended.
_USED = slice(11, 15)


def seconds(root: int) -> float:
    """Processor seconds that a process and its descendants have used so far, those that have ended among them."""
    children: dict[int, list[int]] = {}
    used: dict[int, float] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (stat := _stat(entry)):
            children.setdefault(int(stat[1]), []).append(int(entry.name))
            used[int(entry.name)] = sum(map(int, stat[_USED])) / _TICK
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
