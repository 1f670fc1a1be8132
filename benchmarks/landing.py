"""Landing a paginated list in Postgres: first load, all unchanged, 1% changed; dlt does the same beside it.

Both read the same pages from the same server into two databases of the same Postgres, taking turns; the rate of each
pass is of one run, from the order until everything is committed. Ours goes the whole way of a worker: job, lease,
rate limit, guard, mapping, digests, records, change log, raw answers, sweep. dlt merges on the primary key, in the
settings that were fastest for it here: COPY of CSV in place of INSERT (its default is measured too), objects and lists
kept as JSON in place of child tables, the strategy `delete-insert`, one process (two were slower), a plain session of
requests with orjson. Peak memory is that of the whole process after its first load, everything imported.

"Read again" is the whole list; "asked for changes" is the list filtered by the time of the last change.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg

from benchmarks.figures import Budget, Figure, report, say
from benchmarks.house import house
from benchmarks.peers.environment import peer
from benchmarks.remote import records
from benchmarks.remote.serving import Account, Program, Remote, serving, worker

RECORDS = 100_000
PAGE = 1_000
SMALL_PAGE = 100
_MIB = 1024 * 1024
OURS, DLT, DLT_DEFAULT = "Isthmus", "dlt", "dlt by its defaults"
_LOADS = {DLT: "csv", DLT_DEFAULT: "insert_values"}
_FIRST, _UNCHANGED = "first load", "unchanged, read again"
_CHANGED, _FILTERED = "1% changed, read again", "1% changed, asked for changes"
#: Each pass with the edition that the remote serves by then.
_PASSES = {_FIRST: 0, _UNCHANGED: 0, _CHANGED: 1, _FILTERED: 2}


class Server:
    """The Postgres of the house, as its superuser: what was written, and rest between two passes."""

    def __init__(self, home: Path) -> None:
        from unified_api.serve.postgres import SUPERUSER, Cluster

        self.folder = Cluster(home).socket_folder
        login = Cluster(home).login(SUPERUSER)
        self._connection = psycopg.connect(login.conninfo(), autocommit=True)
        # What autovacuum writes into the log would be counted as a pass's; `rest` does its work between passes.
        self._connection.execute("ALTER SYSTEM SET autovacuum = off")
        self._connection.execute("SELECT pg_reload_conf()")

    def make_peer_database(self, name: str) -> str:
        """A database and login for the peer; its address."""
        self._connection.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{name}'".encode())
        self._connection.execute(f"CREATE DATABASE {name} OWNER {name}".encode())
        return f"postgresql://{name}:{name}@localhost:5432/{name}?host={self.folder}"

    def rest(self) -> None:
        """Tidy up, so that neither side works on what the other left behind."""
        self._connection.execute("VACUUM (ANALYZE)")
        self._connection.execute("CHECKPOINT")

    def written(self) -> int:
        """Bytes of write-ahead log so far."""
        row = self._connection.execute("SELECT pg_current_wal_insert_lsn() - '0/0'").fetchone()
        return int(row[0]) if row else 0

    def close(self) -> None:
        """End the session."""
        self._connection.close()


class Race:
    """The passes of both sides over one remote; rates and bytes of log per record by pass and side."""

    def __init__(self, remote: Remote, server: Server, sides: dict[str, Program]) -> None:
        self.remote, self.server, self.sides = remote, server, sides
        self.account = Account(remote)
        self.rates: dict[tuple[str, str], float] = {}
        self.log: dict[tuple[str, str], float] = {}
        self.peaks: dict[str, float] = {}

    def go(self) -> None:
        """All passes, in order."""
        for name, edition in _PASSES.items():
            if edition:
                self.remote.edition(edition)
            if name != _FIRST:
                self.account.ask(everything=name != _FILTERED)
            since = records.edited_at(edition).isoformat() if name == _FILTERED else None
            for side, its in self.sides.items():
                self._measure(name, side, its, since)
            run = self.account.run()
            say(f"  {run.seen} seen, {run.added} added, {run.changed} changed, {run.unchanged} unchanged")

    def _measure(self, name: str, side: str, its: Program, since: str | None) -> None:
        self.server.rest()
        before = self.server.written()
        told = its.do(since=since)
        self.rates[name, side] = self.remote.records / told["seconds"]
        self.log[name, side] = (self.server.written() - before) / self.remote.records
        self.peaks.setdefault(side, told["peak"] / _MIB)
        say(
            f"{name}: {side} {self.rates[name, side]:,.0f} records/s, {self.log[name, side]:,.1f} bytes of log a"
            f" record, {told['peak'] / _MIB:.0f} MiB"
        )


def race(stack: ExitStack, server: Server, page: int, kinds: dict[str, str]) -> tuple[float, Race]:
    """The server's rate by itself, and the race over pages of this size."""
    say(f"{RECORDS:,} records in pages of {page:,}")
    remote = stack.enter_context(serving(RECORDS, page))
    alone = remote.alone()
    say(f"the server by itself: {alone:,.0f} records/s")
    sides = {OURS: stack.enter_context(worker())}
    for number, (side, kind) in enumerate(kinds.items()):
        address = server.make_peer_database(f"peer_{page}_{number}")
        told = {"REMOTE_URL": remote.url, "PEER_DATABASE": address, "LOADER_FILE_FORMAT": kind}
        sides[side] = stack.enter_context(peer("dlt", told))
    running = Race(remote, server, sides)
    running.go()
    return alone, running


def figures(race: Race, page: int) -> Iterator[Figure]:
    """Every rate, the log of the passes over what is there already, and peaks."""
    for (name, side), rate in race.rates.items():
        yield Figure(f"{name}, pages of {page:,}, {side}", rate, "records/s")
    for name in _PASSES:
        yield Figure(f"{name}, pages of {page:,}, log of {OURS}", race.log[name, OURS], "bytes/record")
    for side, peak in race.peaks.items():
        yield Figure(f"peak memory after the first load, pages of {page:,}, {side}", peak, "MiB")


def budgets(race: Race) -> Iterator[Budget]:
    """DESIGN section 8, against the faster of the peer's two ways."""
    first, unchanged = (
        race.rates[name, OURS] / max(race.rates[name, side] for side in race.sides if side != OURS)
        for name in (_FIRST, _UNCHANGED)
    )
    yield Budget("first load against dlt", first, "x", least=1.5)
    yield Budget("unchanged against dlt", unchanged, "x", least=4)
    least = min(peak for side, peak in race.peaks.items() if side != OURS)
    yield Budget("peak memory of a first load against dlt", race.peaks[OURS] / least, "x", most=1)
    yield Budget("log of an unchanged record", race.log[_UNCHANGED, OURS], "bytes", most=4)


def main() -> None:
    """Measure and report."""
    with ExitStack() as stack:
        server = Server(stack.enter_context(house()))
        stack.callback(server.close)
        with ExitStack() as sides:
            alone, large = race(sides, server, PAGE, _LOADS)
        with ExitStack() as sides:
            _alone, small = race(sides, server, SMALL_PAGE, {DLT: _LOADS[DLT]})
    said = [
        Figure("the remote by itself", alone, "records/s"),
        *figures(large, PAGE),
        *figures(small, SMALL_PAGE),
    ]
    report("landing", said, [*budgets(large)])


if __name__ == "__main__":
    main()
