"""A page of 100 tickets, or employees (the widest model): ours, a plain ModelSerializer view's, and the SQL's own.

Through the whole stack: one granian server as in production serves both over HTTP; key and token are looked up for each
request (by ours in the message that asks for the page, as `tenants.callers` tells), row-level security holds. Short
rounds of ours and of the peer stand side by side, now one first and now the other. The ratio is the median of those of
the pairs: what else the machine does meets both of a pair alike, and no lucky round decides. Of what is said of one
alone, the best round counts, for what else the machine does can only make a round worse; the ratio is therefore not
that of the best rates.

Processor time is that of the server and of Postgres together, for one answer. Its ratio, again the median of pairs,
hardly changes with how busy the machine is: by it one version is compared with another.
"""

from __future__ import annotations

import functools
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.figures import Budget, Figure, report, say
from benchmarks.house import house

RECORDS: Final = 20_000
ROUNDS: Final = 10
SECONDS: Final = 0.5
PAGE: Final = 100
CONNECTIONS: Final = (1, 8)
#: From DESIGN: a page against the peer's.
LEAST: Final = 6.0
#: By model: names of its pages, and the queries that ask for them.
QUERIES: Final = {
    "Ticket": {"page": "", "expanded page": "&expand=account,assignees"},
    "Employee": {"page of employees": ""},
}
OURS, PEER = "ours", "ModelSerializer"


@dataclass(frozen=True)
class Bench:
    """What is asked, and whose processor time is looked at."""

    port: int
    full: Any
    processes: tuple[int, ...]


def main() -> None:
    """Measure, and print the line."""
    with house() as home:
        from benchmarks.lists.server import server

        full = _made()
        figures: list[Figure] = []
        budgets: list[Budget] = []
        with server() as serving:
            postmaster = int((home / "postgres" / "postmaster.pid").read_text().split("\n", 1)[0])
            for one in full:
                bench = Bench(serving.port, one, (serving.pid, postmaster))
                more, kept = _measured(bench, _some_id(one))
                figures, budgets = [*figures, *more], [*budgets, *kept]
        figures += [figure for one in full for figure in _limits(one)]
    report("list_page", figures, budgets)


def _made() -> list[Any]:
    from benchmarks.lists.employees import staff
    from benchmarks.lists.tickets import desk

    say(f"making {RECORDS:,} tickets and employees, and as many of somebody else")
    full = [desk("Benchmark of lists", RECORDS), staff("Benchmark of lists", RECORDS)]
    for make in (desk, staff):
        make("Somebody else", RECORDS)
    return full


def _measured(bench: Bench, record_id: str) -> tuple[list[Figure], list[Budget]]:
    from benchmarks.lists.peer import PATH

    figures: list[Figure] = []
    budgets: list[Budget] = []
    model = bench.full.model.__name__
    peer = PATH.format(path=bench.full.model.wire.path)
    for connections in CONNECTIONS:
        for name, query in QUERIES[model].items():
            title = f"{name}, {_spelled(connections)}"
            paths = {OURS: f"{bench.full.path}?page_size={PAGE}{query}", PEER: f"/{peer}?{query[1:]}"}
            rounds = _rounds(bench, paths, connections)
            for who, found in rounds.items():
                figures += _figures(f"{title}, {who}", found, PAGE)
            against = f"{title}, against ModelSerializer"
            budgets.append(Budget(against, _ratio(rounds, OURS, PEER, "rate"), "x", least=LEAST))
            spared = _ratio(rounds, PEER, OURS, "spent")
            figures.append(Figure(f"{against}: processor time", spared, "x"))
        found = _rounds(bench, {OURS: f"{bench.full.path}/{record_id}"}, connections)[OURS]
        figures += _figures(f"one {model}, {_spelled(connections)}", found)
    return figures, budgets


def _ratio(rounds: dict[str, list[dict[str, float]]], one: str, other: str, what: str) -> float:
    """How many times as much of something one of them has as the other, where their rounds stand side by side."""
    pairs = zip(rounds[one], rounds[other], strict=True)
    return statistics.median(mine[what] / theirs[what] for mine, theirs in pairs)


def _spelled(connections: int) -> str:
    return "1 connection" if connections == 1 else f"{connections} connections"


def _rounds(bench: Bench, paths: dict[str, str], connections: int) -> dict[str, list[dict[str, float]]]:
    found: dict[str, list[dict[str, float]]] = {who: [] for who in paths}
    for turn in range(ROUNDS):
        for who, path in list(paths.items())[:: -1 if turn % 2 else 1]:
            found[who].append(_round(bench, path, connections))
            say(f"{who} {path} {connections}: {found[who][-1]}")
    return found


def _round(bench: Bench, path: str, connections: int) -> dict[str, float]:
    from benchmarks.lists.client import load
    from benchmarks.lists.spent import seconds

    before = sum(map(seconds, bench.processes))
    found = load(bench.port, path, bench.full.headers, connections=connections, seconds=SECONDS)
    spent = sum(map(seconds, bench.processes)) - before
    answers = found.answers + 2 * connections  # those before the clock, and those on their way at its end
    return {**vars(found), "spent": spent / answers * 1000}


def _figures(name: str, rounds: list[dict[str, float]], records: int = 1) -> Iterator[Figure]:
    best = _best(rounds)
    yield Figure(f"{name}: rate", best["rate"], "requests/s")
    if records > 1:
        yield Figure(f"{name}: records", best["rate"] * records, "records/s")
    yield Figure(f"{name}: median", best["median"], "ms")
    yield Figure(f"{name}: 99th percentile", best["p99"], "ms")
    yield Figure(f"{name}: processor time of server and Postgres", best["spent"], "ms")
    yield Figure(f"{name}: share of a core that the client takes", 100 * best["busy"], "%")


def _best(rounds: list[dict[str, float]]) -> dict[str, float]:
    return max(rounds, key=lambda one: one["rate"])


def _some_id(one: Any) -> str:
    from django.db import transaction

    from tenants.scope import scope

    with scope(one.tenant_id), transaction.atomic():
        return str(one.model.objects.filter(is_shell=False, remote_was_deleted=False).order_by("id")[0].id)


def _limits(one: Any) -> Iterator[Figure]:
    from django.http import QueryDict

    from benchmarks.lists import pgbench
    from unified_api.api import filters, records
    from unified_api.api.params import Params

    conditions = filters.conditions(one.model, Params(QueryDict()))
    read = functools.partial(records.fetch, one.model, one.account_id, conditions, None, False, PAGE + 1)
    sql = pgbench.statements(one.tenant_id, read)
    for connections in CONNECTIONS:
        rate, latency = pgbench.rate(one.tenant_id, sql, connections=connections, seconds=4)
        name = f"SQL of a page of {one.model.__name__} alone (pgbench), {_spelled(connections)}"
        yield Figure(f"{name}: rate", rate, "messages/s")
        yield Figure(f"{name}: mean", latency, "ms")


if __name__ == "__main__":
    main()
