"""What a vendor's system holds: records by kind, a clock of its own, and what happened that may be told by webhook."""

from __future__ import annotations

import copy
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Final

from tests.emulators.exchange import Refused

Record = dict[str, Any]
#: Ids begin here, so that none is taken for a page number or a count.
_FIRST_ID: Final = 1001


class Clock:
    """The vendor's clock: where a start is given it stands still until it is moved, else it goes with the machine's."""

    def __init__(self, start: datetime | None = None) -> None:
        self._start = start
        self._ahead = timedelta()

    def now(self) -> datetime:
        """The moment, in UTC."""
        return (self._start or datetime.now(UTC)) + self._ahead

    def forward(self, seconds: float) -> None:
        """Let time go by."""
        self._ahead += timedelta(seconds=seconds)


@dataclass(frozen=True)
class Event:
    """Something happened to a record, which is shown as it was then. word: the vendor's."""

    id: int
    word: str
    kind: str
    record: Record
    at: datetime
    more: Record = field(default_factory=dict)


@dataclass
class World:
    """All of it. Handlers hold `lock` while they run. url: where it answers.

    rules: what the customer has automated there. Handlers have them run by `obey` in the midst of a change.
    lags: by kind, how many seconds lists come behind, where a test says so.
    """

    clock: Clock = field(default_factory=Clock)
    url: str = ""
    lock: threading.RLock = field(default_factory=threading.RLock)
    events: list[Event] = field(default_factory=list)
    rules: list[Callable[[World, str, Record], object]] = field(default_factory=list)
    lags: dict[str, float] = field(default_factory=dict)
    _past: dict[str, list[tuple[datetime, list[Record]]]] = field(default_factory=lambda: defaultdict(list))
    _tables: dict[str, dict[str, Record]] = field(default_factory=lambda: defaultdict(dict))
    _ids: dict[str, count[int]] = field(default_factory=lambda: defaultdict(lambda: count(_FIRST_ID)))

    def table(self, kind: str) -> dict[str, Record]:
        """The records of a kind by their ids as text, in the order in which they were made."""
        return self._tables[kind]

    def rows(self, kind: str) -> list[Record]:
        """The records of a kind."""
        return list(self._tables[kind].values())

    def listed(self, kind: str) -> list[Record]:
        """The records of a kind as lists show them: where these come behind, as they were then."""
        if kind not in self.lags:
            return self.rows(kind)
        until = self.clock.now() - timedelta(seconds=self.lags[kind])
        past = self._past[kind]
        while len(past) > 1 and past[1][0] <= until:
            del past[0]
        return past[0][1] if past else self.rows(kind)

    def remember(self) -> None:
        """Keep how the records are now whose lists come behind: after every change, or lists come behind further."""
        for kind in self.lags:
            self._past[kind].append((self.clock.now(), copy.deepcopy(self.rows(kind))))

    def next_id(self, kind: str) -> int:
        """An id that no other record of the kind has."""
        return next(self._ids[kind])

    def add(self, kind: str, record: Record) -> Record:
        """Keep a record, under a new id unless it brings one."""
        kept = {"id": record["id"] if "id" in record else self.next_id(kind), **record}
        self._tables[kind][str(kept["id"])] = kept
        return kept

    def get(self, kind: str, remote_id: Any) -> Record:
        """A record; raises Refused with 404."""
        found = self._tables[kind].get(str(remote_id))
        if found is None:
            raise Refused(404, f"no {kind} has the id {remote_id}")
        return found

    def obey(self, kind: str, record: Record) -> None:
        """Let the customer's automations change a record that is being changed, and its neighbours."""
        for rule in self.rules:
            rule(self, kind, record)

    def happened(self, word: str, kind: str, record: Record, **more: Any) -> None:
        """Note what may be told by webhook."""
        shown = copy.deepcopy(record)
        self.events.append(Event(self.next_id("event"), word, kind, shown, self.clock.now(), more))
        self.remember()
