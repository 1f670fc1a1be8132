"""People who edit at both servers, each by the server's own API, and the books about what they did.

Whoever edits opens the ticket, sees what is there, and changes one field of it at once. Two people of one side do not
have the same ticket open at once: who of them would win is their server's affair. Every value of a title is new, so
that nobody can take one for another; words of status and priority come back.
"""

from __future__ import annotations

import random
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import requests

from tests.chaos.remotes import Looked, Remote, text_of

#: Of all acts, so many make a ticket; of the others, so many are about these few tickets.
MAKES: Final = 0.04
HOT: Final = 6
HEAT: Final = 0.5
WORDS: Final = {"status": ("OPEN", "ON_HOLD", "CLOSED"), "priority": ("URGENT", "HIGH", "NORMAL", "LOW")}
FIELDS: Final = ("name", "name", "status", "priority")
#: Seconds for which somebody tries again, and between two attempts.
PATIENCE: Final = 300.0
PAUSE: Final = 0.1
#: Seconds after which the list of a server is read again.
LISTED: Final = 2.0


@dataclass(frozen=True, eq=False)
class Edit:
    """One attempt to change a field: what its author saw there, and when. Times are of the monotonic clock.

    looked: before the ticket was opened; began, ended: of the change itself. answered: the server said that it is done;
    else it may have been done or not.
    """

    side: str
    remote_id: str
    field: str
    value: str
    seen: str | None
    looked: float
    began: float
    ended: float
    answered: bool


@dataclass
class Books:
    """Everything that people did. made: titles by the side at which they were given."""

    edits: list[Edit] = field(default_factory=list)
    made: list[tuple[str, str]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


class Directory:
    """Which tickets a side has: remote ids by the name under which they were made. Read again from time to time."""

    def __init__(self, remote: Remote) -> None:
        self.remote = remote
        self._lock = threading.Lock()
        self._read, self._ids = 0.0, dict[str, str]()
        self._open: dict[str, threading.Lock] = defaultdict(threading.Lock)

    def names(self) -> list[str]:
        """All of them, in a lasting order."""
        return sorted(self._known())

    def remote_id(self, name: str) -> str | None:
        """None while it is not there."""
        return self._known().get(name)

    def opened(self, remote_id: str) -> threading.Lock:
        """Held by who has the ticket open."""
        with self._lock:
            return self._open[remote_id]

    def _known(self) -> dict[str, str]:
        with self._lock:
            if time.monotonic() > self._read + LISTED:
                told = {t.shown()["description"] or "": t.remote_id for t in self.remote.tickets()}
                self._ids = {text.removeprefix(text_of("")): i for text, i in told.items()}
                self._read = time.monotonic()
            return self._ids


class Editor(threading.Thread):
    """Somebody who edits at one side until all end. hot: tickets that draw edits; rate: acts a second, about."""

    def __init__(
        self,
        name: str,
        side: str,
        directory: Directory,
        hot: Sequence[str],
        people: People,
        *,
        seed: int,
        rate: float,
    ) -> None:
        super().__init__(daemon=True, name=name)
        self._side, self._directory, self._hot, self._books = side, directory, hot, people.books
        self._ends, self._rate, self._count = people.ends, rate, 0
        self._chance = random.Random(f"editor {seed} {name}")

    def run(self) -> None:
        """Edit; an error of the harness itself belongs to the books."""
        while not self._ends.wait(self._chance.expovariate(self._rate)):
            try:
                self._act()
            except Exception as error:  # noqa: BLE001 - told by the judge
                self._books.failures.append(f"editor {self.name}: {type(error).__name__} {error}")

    def _act(self) -> None:
        self._count += 1
        if self._chance.random() < MAKES:
            title = f"made {self.name}-{self._count}"
            self._books.made.append((self._side, title))
            self._directory.remote.add(title)
            return
        choices = self._hot if self._chance.random() < HEAT else self._directory.names()
        remote_id = self._directory.remote_id(self._chance.choice(choices))
        if remote_id is not None:
            with self._directory.opened(remote_id):
                self._edit(remote_id, self._chance.choice(FIELDS))

    def _edit(self, remote_id: str, name: str) -> None:
        """Open and change until it is done, as who meets a server that is down or an edit that was faster."""
        value, ends = "", time.monotonic() + PATIENCE
        while time.monotonic() < ends:
            looked = time.monotonic()
            with suppress(requests.RequestException):
                there = self._directory.remote.look(remote_id)
                seen = there.words[name]
                value = value or self._value(name, seen)
                if seen == value or self._change(there, name, value, looked):
                    return
            time.sleep(PAUSE)
        raise TimeoutError(f"ticket {remote_id} cannot be edited")

    def _change(self, there: Looked, name: str, value: str, looked: float) -> bool:
        """One attempt, into the books; whether the server said that it is done."""
        began, answered = time.monotonic(), False
        with suppress(requests.RequestException):
            self._directory.remote.change(there, name, value)
            answered = True
        seen = there.words[name]
        times = (looked, began, time.monotonic())
        self._books.edits.append(Edit(self._side, there.remote_id, name, value, seen, *times, answered))
        return answered

    def _value(self, name: str, seen: str | None) -> str:
        if name == "name":
            return f"titled {self.name}-{self._count}"
        return self._chance.choice([word for word in WORDS[name] if word != seen])


@dataclass
class People:
    """All who edit. told: writes whose end a person had to tell, as who brings all to rest wants to know."""

    directories: dict[str, Directory]
    books: Books = field(default_factory=Books)
    told: set[str] = field(default_factory=set)
    ends: threading.Event = field(default_factory=threading.Event)
    _editors: list[Editor] = field(default_factory=list)

    def begin(self, *, seed: int, each: int, rate: float) -> None:
        """`each` people a side begin, together `rate` acts a second."""
        share = rate / (each * len(self.directories))
        names = next(iter(self.directories.values())).names()
        hot = random.Random(f"hot {seed}").sample(names, min(HOT, len(names)))
        self._editors = [
            Editor(f"{side}{number}", side, directory, hot, self, seed=seed, rate=share)
            for side, directory in self.directories.items()
            for number in range(each)
        ]
        for editor in self._editors:
            editor.start()

    def end(self) -> None:
        """Everybody finishes what is begun."""
        self.ends.set()

    def busy(self) -> bool:
        """Whether somebody is still at it."""
        return any(editor.is_alive() for editor in self._editors)

    def removed(self) -> bool:
        """Nobody deletes."""
        return False
