"""The django-helpdesk as the harness sees it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Final

from demo import directly
from demo.servers import HelpDesk
from tests.chaos.remotes import Looked, Remote, Ticket, base_name, text_of

_STATUS: Final = {1: "OPEN", 2: "OPEN", 3: "CLOSED", 4: "CLOSED", 5: "CLOSED"}
_PRIORITY: Final = {1: "URGENT", 2: "HIGH", 3: "NORMAL", 4: "LOW", 5: "LOW"}
#: Words of the common model as a person gives them there.
_WORDS: Final[dict[str, dict[str, Any]]] = {
    "status": {"OPEN": 1, "CLOSED": 4, "ON_HOLD": 1},
    "priority": {"URGENT": 1, "HIGH": 2, "NORMAL": 3, "LOW": 4},
}


class Desk(Remote):
    """The django-helpdesk."""

    slug = "django-helpdesk"
    conditional = False
    table = "helpdesk_ticket"
    columns: ClassVar = {name: name for name in ("title", "status", "on_hold", "priority")}
    server: HelpDesk

    @property
    def database(self) -> Path:
        """A file of SQLite."""
        return self.server.data / "desk.sqlite3"

    @property
    def link(self) -> dict[str, str]:
        """Address and login."""
        return {
            "base_url": self.proxy.origin,
            "username": self.server.username,
            "password": self.server.password,
            "queue": self.server.queue,
        }

    def tickets(self) -> list[Ticket]:
        """As they stand in its table."""
        found = self.rows(
            "SELECT id, title, description, status, on_hold, priority FROM helpdesk_ticket ORDER BY id"
        )
        return [
            Ticket(str(i), title, text or "", _held(_STATUS[status], on_hold), _PRIORITY[priority])
            for i, title, text, status, on_hold, priority in found
        ]

    def add(self, name: str) -> None:
        """Into its queue."""
        self.persist(
            lambda: directly.add_ticket(self.server, name, text_of(name), 3),
            lambda: self.made(name),
        )

    def look(self, remote_id: str) -> Looked:
        """By its API."""
        found = self.server.rest("GET", f"tickets/{int(remote_id)}/")
        return Looked(remote_id, self.words(found))

    def change(self, looked: Looked, field: str, value: str) -> None:
        """As its page would."""
        change: dict[str, Any] = {
            "title" if field == "name" else field: _WORDS.get(field, {}).get(value, value)
        }
        if field == "status":
            change["on_hold"] = value == "ON_HOLD"
        directly.edit_ticket(self.server, int(looked.remote_id), **change)

    def spelled(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """SQLite has numbers for flags."""
        return {n: bool(value) if n == "on_hold" else value for n, value in values.items()}

    def words(self, spelled: Mapping[str, Any]) -> dict[str, str | None]:
        """A status is a number and a flag."""
        status = _held(_STATUS[spelled["status"]], spelled["on_hold"])
        return {"name": spelled["title"], "status": status, "priority": _PRIORITY[spelled["priority"]]}

    def remove(self, remote_id: str) -> None:
        """For good."""
        there = "SELECT 1 FROM helpdesk_ticket WHERE id = ?"
        self.persist(
            lambda: self.server.rest("DELETE", f"tickets/{remote_id}/"),
            lambda: not self.rows(there, remote_id),
        )

    def _fill(self, size: int) -> None:
        if not self.rows("SELECT 1 FROM helpdesk_ticket"):
            directly.add_ticket(self.server, base_name(1), text_of(base_name(1)), 3)
        names = [name for _, name, *_ in self.rows("PRAGMA table_info(helpdesk_ticket)")]
        copies = []
        for number in range(len(self.rows("SELECT 1 FROM helpdesk_ticket")) + 1, size + 1):
            new = {
                "id": str(number),
                "title": f"'{base_name(number)}'",
                "description": f"'{text_of(base_name(number))}'",
                "secret_key": f"'{number:036d}'",
            }
            shown = ", ".join(new.get(name, name) for name in names)
            copies.append(f"INSERT INTO helpdesk_ticket SELECT {shown} FROM helpdesk_ticket WHERE id = 1")  # noqa: S608 - names of ours
        self.alter(*copies)


def _held(status: str, on_hold: bool) -> str:  # noqa: FBT001 - a column
    return "ON_HOLD" if on_hold and status == "OPEN" else status
