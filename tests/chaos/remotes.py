"""The two real servers as the harness sees them: a pristine store to go back to, people who edit, and what is there.

What is there is read from the server's own database file, with no API of anybody's in between.
"""

from __future__ import annotations

import shutil
import sqlite3
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

import requests

from demo.servers import Server
from tests.chaos.proxy import Proxy

#: Tickets of the pristine stores, the same on both sides: some, or more than a page of a list holds.
SMALL, LARGE = 12, 104
PATIENCE: Final = 120.0


@dataclass(frozen=True)
class Ticket:
    """A ticket as its server has it, in the words of the common model."""

    remote_id: str
    name: str
    description: str
    status: str | None
    priority: str | None

    def shown(self, *, bridged: bool = False) -> dict[str, str | None]:
        """Its values; `bridged`: in the words that both sides know."""
        status = "OPEN" if bridged and self.status == "IN_PROGRESS" else self.status
        return {
            "name": self.name,
            "description": self.description.replace("\r\n", "\n").strip(),
            "status": status,
            "priority": self.priority,
        }


@dataclass(frozen=True)
class Looked:
    """A ticket as a person has opened it, in the words of the common model; `version` where the server has one."""

    remote_id: str
    words: Mapping[str, str | None]
    version: str = ""


def base_name(number: int) -> str:
    """The title of a ticket of the pristine store."""
    return f"base {number:03d}"


def text_of(name: str) -> str:
    """The description of a ticket that is made under this title. Nobody changes it."""
    return f"text of {name}"


class Remote(ABC):
    """A server with its proxy."""

    slug: str
    #: Whether a change names the version that it means, and is refused when that is not there any more.
    conditional: bool
    #: Its table of tickets, and there the columns of what can be edited, by the names that its API has for them.
    table: str
    columns: ClassVar[Mapping[str, str]]

    def __init__(self, server: Server, sizes: Sequence[int] = (SMALL, LARGE)) -> None:
        self.server = server.start()
        self.proxy = Proxy(server.port)
        self._pristine = server.data / "pristine"
        for size in sizes:
            self._fill(size)
            shutil.rmtree(self._pristine / str(size), ignore_errors=True)
            (self._pristine / str(size)).mkdir(parents=True)
            self._save(self._pristine / str(size))

    def close(self) -> None:
        """End it."""
        self.proxy.close()
        self.server.stop()

    def reset(self, size: int) -> None:
        """Running, with this pristine store, and nothing in the books."""
        self.server.start()
        self._load(self._pristine / str(size))
        self.proxy.forget()

    @property
    @abstractmethod
    def database(self) -> Path:
        """Its own database file."""

    @property
    @abstractmethod
    def link(self) -> dict[str, str]:
        """What links it, by way of the proxy."""

    @abstractmethod
    def tickets(self) -> list[Ticket]:
        """Every ticket of its own store that is not deleted."""

    @abstractmethod
    def add(self, name: str) -> None:
        """A person makes a ticket."""

    @abstractmethod
    def look(self, remote_id: str) -> Looked:
        """A person opens a ticket; raises requests.RequestException."""

    @abstractmethod
    def change(self, looked: Looked, field: str, value: str) -> None:
        """A person changes a field of what was opened; raises requests.RequestException."""

    def edit(self, remote_id: str, field: str, value: str) -> None:
        """A person opens a ticket and changes a field."""
        self.persist(lambda: self.change(self.look(remote_id), field, value), lambda: False)

    @abstractmethod
    def spelled(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """What its API was told, or its table holds, both by the API's names, in one spelling."""

    @abstractmethod
    def words(self, spelled: Mapping[str, Any]) -> dict[str, str | None]:
        """The same in the words of the common model: name, status, priority."""

    @abstractmethod
    def remove(self, remote_id: str) -> None:
        """A person deletes a ticket."""

    @abstractmethod
    def _fill(self, size: int) -> None:
        """Have so many base tickets in the store, written straight into the database."""

    def made(self, name: str) -> bool:
        """Whether a ticket is there that was made under this title, which it may have lost since."""
        return any(ticket.shown()["description"] == text_of(name) for ticket in self.tickets())

    def persist(self, act: Callable[[], object], done: Callable[[], bool]) -> None:
        """Do what a person does who meets a server that is down or an edit that overtakes: try again."""
        ends = time.monotonic() + PATIENCE
        while True:
            try:
                act()
            except requests.RequestException:
                if done():
                    return
                if time.monotonic() > ends:
                    raise
                time.sleep(0.1)
            else:
                return

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """What its database says."""
        with closing(sqlite3.connect(self.database, timeout=120)) as connection:
            return connection.execute(query, values).fetchall()

    def _save(self, folder: Path) -> None:
        copy(self.database, folder / "database")

    def _load(self, folder: Path) -> None:
        """Go back to a store that was saved."""
        copy(folder / "database", self.database)

    def alter(self, *statements: str) -> None:
        """Change its database, behind its back."""
        with closing(sqlite3.connect(self.database, timeout=120)) as connection, connection:
            for statement in statements:
                connection.execute(statement)


def copy(source: Path, target: Path) -> None:
    """In one transaction of SQLite, so that a server may be running on the target."""
    with (
        closing(sqlite3.connect(source, timeout=120)) as old,
        closing(sqlite3.connect(target, timeout=120)) as new,
    ):
        old.backup(new)
