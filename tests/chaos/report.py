"""What is told of histories: a line for each, and a table of all."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

Result = dict[str, Any]


def line(result: Result, number: int, of: int) -> str:
    """One history in one line; what is wrong follows below."""
    struck = result["struck"]
    places = ", ".join(f"{name} {n}" for name, n in struck["places"].items())
    head = f"[{number}/{of}] seed {result['seed']}: {result['seconds']:.1f} s, {places or 'nothing struck'}"
    if not result["violations"]:
        return f"{head}: ok { {name: round(n, 1) for name, n in result['phases'].items()} }"
    wrong = "\n".join(f"    {text[:1000]}" for text in result["violations"])
    plan = "\n".join(f"    plan: {text}" for text in result["plan"])
    return f"{head}: FAILED\n{wrong}\n{plan}"


def not_played(seed: int, why: str) -> Result:
    """The result of a history whose stage broke down."""
    struck = {"victims": {}, "places": {}, "missed": {}, "overtaken": 0}
    told = {"seed": seed, "plan": [], "violations": [f"not played: {why}"], "seconds": 0.0, "struck": struck}
    return {**told, "writes": {}, "records": 0, "settled_by_person": 0, "rounds": 0, "phases": {}}


def summary(results: list[Result], *, seconds: float, keep: Path) -> dict[str, Any]:
    """Counts of all, and how to play those again that failed."""
    failed = [result["seed"] for result in results if result["violations"]]
    times = sorted(result["seconds"] for result in results)
    return {
        "histories": len(results),
        "failed": failed,
        "again": [f'make chaos ARGS="--histories 1 --seed {seed}"' for seed in failed],
        "logs": str(keep) if failed else "",
        "seconds": round(seconds, 1),
        "median_seconds": round(times[len(times) // 2], 1) if times else 0.0,
        "records": sum(result["records"] for result in results),
        "kills_by_victim": _total(results, "victims"),
        "kills_by_place": _total(results, "places"),
        "points_nobody_came_to": _total(results, "missed"),
        "overtaken": sum(result["struck"]["overtaken"] for result in results),
        "writes": dict(sum((Counter(result["writes"]) for result in results), Counter())),
        "settled_by_person": sum(result["settled_by_person"] for result in results),
    }


def _total(results: list[Result], name: str) -> dict[str, int]:
    total: Counter[str] = sum((Counter(result["struck"][name]) for result in results), Counter())
    return dict(sorted(total.items()))


def table(told: dict[str, Any]) -> str:
    """The summary for people."""
    lines = []
    for name, value in told.items():
        shown = ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else value
        if isinstance(value, list):
            shown = "; ".join(map(str, value)) or "none"
        lines.append(f"{name.replace('_', ' '):<24}{shown}")
    return "\n".join(lines)
