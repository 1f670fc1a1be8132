"""A simulated third-party system: records with a past, and the answers that it gives to requests."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, ClassVar, Protocol

from tests.simulation.manners import (
    FIELDS,
    PRIORITIES,
    STATES,
    Manners,
    default,
    refusable,
    spelt,
)
from unified_api.engine.values import Side, Value

REMOTE_NAMES = {
    "name": "title",
    "description": "text",
    "status": "state",
    "priority": "priority",
    "body": "body",
}
NAMES = {remote: name for name, remote in REMOTE_NAMES.items()}


@dataclass(frozen=True)
class Cell:
    """A value, and the numbers of the edits that it has taken into account."""

    value: Value
    known: frozenset[int] = frozenset()


@dataclass(frozen=True)
class State:
    """A record as it was for a while. version: grows with every change. at: when it began, by the remote's clock."""

    cells: Mapping[str, Cell]
    version: int
    at: float
    gone: bool = False


@dataclass
class Row:
    """A record of a remote with all that it ever was: (when, by the true clock; state). maker: person or bridge.

    whole: the record that it belongs to, as a comment to its ticket.
    """

    side: Side
    id: str
    maker: str
    past: list[tuple[float, State]] = field(default_factory=list)
    unspelt: set[str] = field(default_factory=set)
    whole: Row | None = None

    @property
    def now(self) -> State:
        """As it is."""
        return self.past[-1][1]

    def at(self, moment: float) -> State | None:
        """As it was; None before its birth."""
        return next((state for when, state in reversed(self.past) if when <= moment), None)

    def __hash__(self) -> int:
        return hash((self.side, self.id))

    def __eq__(self, other: object) -> bool:
        return self is other


@dataclass(frozen=True)
class Answer:
    """What a remote says; shown: the records in it, as it shows them; written: a record that it does not show."""

    status: int
    body: Any
    shown: tuple[tuple[Row, State], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    written: Row | None = None


class Witness(Protocol):
    """The bookkeeper, as a remote and the wire know it. since: when the writer of what arrives had looked at it."""

    since: float

    def number(self) -> int:
        """The number of a new edit."""

    def landed(
        self, row: Row, sent: Mapping[str, Value], stored: Mapping[str, Value], *, create: bool
    ) -> dict[str, Cell]:
        """A write arrives: what was sent, and what the remote makes of it; the cells that come of it."""

    def deleted(self, row: Row) -> None:
        """A delete arrives."""

    def served(self, shown: Iterable[tuple[Row, State]]) -> None:
        """An answer has arrived."""

    def unanswered(self, row: Row) -> None:
        """A write landed, and its answer did not arrive."""

    def broke_off(self, row: Row | None) -> None:
        """A worker gets no further with a record."""


class Remote:
    """One remote. clock: seconds since 1970, true."""

    #: The parameter by which its list is searched.
    searched: ClassVar[str] = "title"

    def __init__(self, side: Side, manners: Manners, clock: Callable[[], float], witness: Witness) -> None:
        self.side, self.manners, self.clock, self.witness = side, manners, clock, witness
        self.rows: dict[str, Row] = {}
        self.writes = 0
        #: What the last search for a name has shown.
        self.found: dict[str, list[Row]] = {}
        #: What belongs to its records, and goes and comes with them.
        self.parts: list[Remote] = []

    # --- what people do ---------------------------------------------------------------------------------

    def add(self, cells: Mapping[str, Cell], maker: str = "person", whole: Row | None = None) -> Row:
        """A new record."""
        row = Row(self.side, str(len(self.rows) + 1), maker, whole=whole)
        self.rows[row.id] = row
        self._become(row, dict(cells), version=1)
        return row

    def change(self, row: Row, cells: Mapping[str, Cell]) -> None:
        """Some fields are something else from now on."""
        self._become(row, {**row.now.cells, **cells}, row.now.version + 1)

    def remove(self, row: Row) -> None:
        """It is gone, with what belongs to it."""
        self._become(row, row.now.cells, row.now.version + 1, gone=True)
        for one in self.parts:
            one.follow(row)

    def bring_back(self, row: Row) -> None:
        """It is there again, as it was, with what went with it."""
        self._become(row, row.now.cells, row.now.version + 1)
        for one in self.parts:
            one.follow(row)

    def follow(self, whole: Row) -> None:
        """What its records belong to is gone, or there again."""

    def living(self) -> list[Row]:
        """Records that are there."""
        return [row for row in self.rows.values() if not row.now.gone]

    def respell(self) -> None:
        """What is written down late is written down now: a robot's edit, but an edit."""
        for row in self.living():
            for name in sorted(row.unspelt):
                cell = row.now.cells[name]
                value = spelt(self.manners, name, cell.value)
                if value != cell.value:
                    self.change(row, {name: Cell(value, cell.known | {self.witness.number()})})
            row.unspelt.clear()

    def _become(self, row: Row, cells: Mapping[str, Cell], version: int, *, gone: bool = False) -> None:
        stamp = self.clock() + self.manners.skew
        stamp = math.floor(stamp) if self.manners.granular else stamp
        row.past.append((self.clock(), State(cells, version, stamp, gone)))

    # --- what it answers --------------------------------------------------------------------------------

    def answer(self, method: str, path: list[str], query: Mapping[str, str], body: Any, match: str) -> Answer:
        """Carry out a request."""
        if method == "POST":
            return self._create(body)
        if len(path) == 1:
            return self._search(query) if self.searched in query else self._list(query)
        row = self.rows.get(path[1])
        if row is None or row.now.gone:
            return Answer(404, {"error": "no such record"})
        return self._one(method, row, body, match)

    def _one(self, method: str, row: Row, body: Any, match: str) -> Answer:
        if method == "GET":
            return self._show(row, row.now, 200)
        if self.manners.conditional and match != _etag(row.now):
            return Answer(412, {"error": "changed meanwhile"})
        return self._update(row, body) if method == "PATCH" else self._delete(row)

    @property
    def date(self) -> str:
        """Its clock, as the Date header tells it."""
        return format_datetime(datetime.fromtimestamp(self.clock() + self.manners.skew, UTC), usegmt=True)

    def _create(self, body: dict[str, Any]) -> Answer:
        sent = _told(self.side, body)
        if refused := self._refuse(sent):
            return refused
        self.writes += 1
        row = self.add({name: Cell(default(name)) for name in FIELDS}, maker="bridge")
        late = self.manners.late_fields
        self._take(row, {name: value for name, value in sent.items() if name not in late}, create=True)
        return self._told(row, 201)

    def _update(self, row: Row, body: dict[str, Any]) -> Answer:
        sent = _told(self.side, body)
        if refused := self._refuse(sent):
            return refused
        self.writes += 1
        self._take(row, sent, create=False)
        return self._told(row, 200)

    def _told(self, row: Row, status: int) -> Answer:
        """The answer to a write, which names the record and may say no more."""
        if self.manners.answers != "none":
            return self._show(row, row.now, status)
        return Answer(status, {"id": row.id}, written=row)

    def _take(self, row: Row, sent: dict[str, Value], *, create: bool) -> None:
        silent = self.manners.refusal == "silent"
        taken = {name: value for name, value in sent.items() if not (silent and refusable(name, value))}
        stored = {name: self._stored(name, value, create=create) for name, value in taken.items()}
        if taken:
            self.change(row, self.witness.landed(row, taken, stored, create=create))
        row.unspelt |= set(taken) if self.manners.late and not create else set()

    def _stored(self, name: str, value: Value, *, create: bool) -> Value:
        """What it makes of a value that is written."""
        if self.manners.decides and name == "status" and value == "CLOSED":
            return "ON_HOLD"
        return value if self.manners.late and not create else spelt(self.manners, name, value)

    def _delete(self, row: Row) -> Answer:
        self.writes += 1
        self.witness.deleted(row)
        self.remove(row)
        return Answer(204, None)

    def _refuse(self, sent: Mapping[str, Value]) -> Answer | None:
        bad = [name for name, value in sent.items() if refusable(name, value)]
        if not bad or self.manners.refusal not in {"named", "unnamed"}:
            return None
        named = {REMOTE_NAMES[name]: "not here" for name in bad} if self.manners.refusal == "named" else {}
        return Answer(422, {"error": "invalid", "fields": named})

    def _show(self, row: Row, state: State, status: int) -> Answer:
        return Answer(status, _document(row, state), ((row, state),), {"ETag": _etag(state)})

    def _search(self, query: Mapping[str, str]) -> Answer:
        moment = self.clock() - self.manners.search_lag
        found = [(row, state) for row, state in self._as_of(moment)]
        same = [
            (r, s) for r, s in found if str(s.cells["name"].value or "").strip() == query["title"].strip()
        ]
        self.found[query["title"].strip()] = [row for row, _ in same]
        return items(same[::-1])

    def _list(self, query: Mapping[str, str]) -> Answer:
        found = self._as_of(self.clock() - self.manners.lag)
        if since := query.get("since"):
            found = [(r, s) for r, s in found if s.at >= datetime.fromisoformat(since).timestamp()]
        if query.get("sort"):
            found.sort(key=lambda one: (-one[1].at, int(one[0].id)))
        size = self.manners.size
        if self.manners.paging == "cursor":
            return self._by_cursor(found, query.get("cursor"))
        start = (
            int(query.get("offset", 0))
            if self.manners.paging == "offset"
            else (int(query["page"]) - 1) * size
        )
        page = items(found[start : start + size])
        return replace(page, body={**page.body, "total": len(found)})

    def _by_cursor(self, found: list[tuple[Row, State]], cursor: str | None) -> Answer:
        """Pages that go on behind a record, whatever comes before it by now."""
        if cursor:
            found = [(r, s) for r, s in found if int(r.id) > int(cursor)]
        page = items(found[: self.manners.size])
        more = len(found) > self.manners.size
        last = page.shown[-1][0].id if more else None
        return replace(page, body={**page.body, "next": last})

    def _as_of(self, moment: float) -> list[tuple[Row, State]]:
        found = [(row, row.at(moment)) for row in self.rows.values()]
        return [(row, state) for row, state in found if state is not None and not state.gone]


def items(found: list[tuple[Row, State]]) -> Answer:
    """Records, as a list shows them."""
    """Records as a list shows them."""
    return Answer(200, {"items": [_document(row, state) for row, state in found]}, tuple(found))


def _document(row: Row, state: State) -> dict[str, Any]:
    words = {"status": STATES[row.side], "priority": PRIORITIES}
    document: dict[str, Any] = {"id": row.id, "version": f"{state.version:06d}"}
    document["updated"] = datetime.fromtimestamp(state.at, UTC).isoformat()
    for name, cell in state.cells.items():
        document[REMOTE_NAMES[name]] = words.get(name, {}).get(str(cell.value), cell.value)
    if row.whole is not None:
        document["ticket"] = row.whole.id
        document["created"] = datetime.fromtimestamp(row.past[0][1].at, UTC).isoformat()
    return document


def _told(side: Side, body: Mapping[str, Any]) -> dict[str, Value]:
    """The common values of what was sent."""
    words = {"status": STATES[side], "priority": PRIORITIES}
    told: dict[str, Value] = {}
    for remote, value in body.items():
        name = NAMES[remote]
        common = {word: known for known, word in words.get(name, {}).items()}
        told[name] = common.get(str(value), value)
    return told


def _etag(state: State) -> str:
    return f'"{state.version}"'
