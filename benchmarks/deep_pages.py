"""The first page of a list of a million records against the thousandth and the ten-thousandth.

Tickets, with and without filters, and employees, the widest model, each of one account.

Over HTTP, as `list_page` asks, one connection; rounds alternate between the pages, and of each page the best round
counts, of which the median is shown. Buffers are those that Postgres touches for the page, behind the policies; the
plans go to standard error.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from benchmarks.figures import Budget, Figure, report, say
from benchmarks.house import house

RECORDS: Final = 1_050_000
PAGE: Final = 100
ROUNDS: Final = 5
SECONDS: Final = 0.5
MOST: Final = 1.5


@dataclass(frozen=True)
class Case:
    """A list, and which of its pages to compare with its first one."""

    name: str
    deep: tuple[int, ...]
    query: dict[str, str] = field(default_factory=dict)


OF_EMPLOYEES: Final = Case("employees", (1_000, 10_000))


def cases(begin: dt.datetime, end: dt.datetime) -> tuple[Case, ...]:
    """Lists without a filter, and with those that clients use."""
    half = (begin + (end - begin) / 2).isoformat()
    late = (begin + (end - begin) * 0.97).isoformat()
    return (
        Case("no filter", (1_000, 10_000)),
        Case("status", (1_000, 2_500), {"status": "OPEN"}),
        Case("created_after", (1_000, 5_000), {"created_after": half}),
        Case("modified_after, half of all", (1_000, 5_000), {"modified_after": half}),
        Case("modified_after, the newest 3%", (100, 300), {"modified_after": late}),
        Case("remote_id", (), {"remote_id": str(RECORDS // 2)}),
    )


def main() -> None:
    """Measure, and print the line."""
    with house():
        from benchmarks.lists.employees import staff
        from benchmarks.lists.full import BEGIN, END
        from benchmarks.lists.server import server
        from benchmarks.lists.tickets import desk

        figures: list[Figure] = []
        budgets: list[Budget] = []
        say(f"making {RECORDS:,} tickets and employees")
        tickets = desk("Benchmark of deep pages", RECORDS, text=60)
        employees = staff("Benchmark of deep pages", RECORDS)
        asked = [(tickets, case) for case in cases(BEGIN, END)] + [(employees, OF_EMPLOYEES)]
        with server() as serving:
            for one, case in asked:
                found = _measured(serving.port, one, case)
                figures += _figures(case, found)
                budgets += _budgets(case, found)
    report("deep_pages", figures, budgets)


def _measured(port: int, one: Any, case: Case) -> dict[int, tuple[float, int]]:
    """Milliseconds and buffers of each page."""
    from benchmarks.lists.client import load
    from benchmarks.lists.deep import buffers, path

    keys = {page: _key(one, case, page) for page in (1, *case.deep)}
    paths = {page: path(one, case.query, key, PAGE) for page, key in keys.items()}
    times: dict[int, list[float]] = {page: [] for page in paths}
    for _ in range(ROUNDS):
        for page, url in paths.items():
            found = load(port, url, one.headers, connections=1, seconds=SECONDS)
            times[page].append(found.median)
    return {p: (min(t), buffers(one, case.query, keys[p], PAGE)) for p, t in times.items()}


def _key(one: Any, case: Case, page: int) -> tuple[str, str] | None:
    from benchmarks.lists.deep import key_before

    return key_before(one, case.query, (page - 1) * PAGE)


def _figures(case: Case, found: dict[int, tuple[float, int]]) -> Iterator[Figure]:
    for page, (milliseconds, touched) in found.items():
        yield Figure(f"{case.name}, page {page:,}: median", milliseconds, "ms")
        yield Figure(f"{case.name}, page {page:,}: buffers", touched, "pages of 8 KiB")


def _budgets(case: Case, found: dict[int, tuple[float, int]]) -> Iterator[Budget]:
    if case.deep:
        worst = max(found[page][0] for page in case.deep) / found[1][0]
        yield Budget(f"deepest page against the first, {case.name}", worst, "x", most=MOST)


if __name__ == "__main__":
    main()
