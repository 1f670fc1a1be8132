"""The two real servers as the harness sees them: a pristine store to go back to, people who edit, and what is there.

What is there is read from the server's own database file, with no API of anybody's in between.
"""

from __future__ import annotations

import shutil
import sqlite3
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import requests

from demo.servers import Server
from tests.chaos.proxy import Proxy

#: Tickets of the pristine stores, the same on both sides: some, or more than a page of a list holds.
SMALL, LARGE = 12, 104
PATIENCE: Final = 30.0


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


def base_name(number: int) -> str:
    """The title of a ticket of the pristine store."""
    return f"base {number:03d}"


class Remote(ABC):
    """A server with its proxy."""

    slug: str

    def __init__(self, server: Server) -> None:
        self.server = server.start()
        self.proxy = Proxy(server.port)
        self._pristine = server.data / "pristine"
        for size in (SMALL, LARGE):
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
    def edit(self, remote_id: str, field: str, value: str) -> None:
        """A person changes a field."""

    @abstractmethod
    def remove(self, remote_id: str) -> None:
        """A person deletes a ticket."""

    @abstractmethod
    def _fill(self, size: int) -> None:
        """Have so many base tickets in the store, written straight into the database."""

    def find(self, name: str) -> list[Ticket]:
        """Tickets of this title."""
        return [ticket for ticket in self.tickets() if ticket.name == name]

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
        with closing(sqlite3.connect(self.database, timeout=20)) as connection:
            return connection.execute(query, values).fetchall()

    def _save(self, folder: Path) -> None:
        copy(self.database, folder / "database")

    def _load(self, folder: Path) -> None:
        """Go back to a store that was saved."""
        copy(folder / "database", self.database)

    def _change(self, *statements: str) -> None:
        with closing(sqlite3.connect(self.database, timeout=20)) as connection, connection:
            for statement in statements:
                connection.execute(statement)


def copy(source: Path, target: Path) -> None:
    """In one transaction of SQLite, so that a server may be running on the target."""
    with (
        closing(sqlite3.connect(source, timeout=20)) as old,
        closing(sqlite3.connect(target, timeout=20)) as new,
    ):
        old.backup(new)
