"""The Roundup as the harness sees it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Final

from demo import directly
from demo.servers import Roundup
from tests.chaos.remotes import Remote, Ticket, base_name

_STATUS: Final = {
    **dict.fromkeys(("unread", "new", "open"), "OPEN"),
    **dict.fromkeys(("in-progress", "chatting", "testing"), "IN_PROGRESS"),
    **dict.fromkeys(("deferred", "need-eg"), "ON_HOLD"),
    **dict.fromkeys(("resolved", "done-cbb", "closed"), "CLOSED"),
}
_PRIORITY: Final = {"critical": "URGENT", "urgent": "HIGH", "bug": "NORMAL", "feature": "LOW", "wish": "LOW"}
#: Words of the common model as a person gives them there.
_WORDS: Final = {
    "status": {"CLOSED": "resolved", "ON_HOLD": "deferred"},
    "priority": {"URGENT": "critical", "LOW": "feature"},
}


class Tracker(Remote):
    """The Roundup."""

    slug = "roundup"
    server: Roundup

    @property
    def database(self) -> Path:
        """A file of SQLite."""
        return self.server.data / "tracker" / "db" / "db"

    @property
    def link(self) -> dict[str, str]:
        """Address and login."""
        return {
            "base_url": f"{self.proxy.origin}/tracker",
            "username": self.server.username,
            "password": self.server.password,
        }

    def tickets(self) -> list[Ticket]:
        """Issues that are not retired, with the first message of each as its description."""
        first = dict(self.rows("SELECT nodeid, min(linkid) FROM issue_messages GROUP BY nodeid"))
        found = self.rows(
            "SELECT i.id, i._title, s._name, p._name FROM _issue i LEFT JOIN _status s ON s.id = i._status"
            " LEFT JOIN _priority p ON p.id = i._priority WHERE i.__retired__ = 0 ORDER BY i.id"
        )
        return [
            Ticket(str(i), name, self._message(first.get(i)), _STATUS.get(status), _PRIORITY.get(priority))
            for i, name, status, priority in found
        ]

    def add(self, name: str) -> None:
        """With its message."""
        self.persist(
            lambda: directly.add_issue(self.server, name, f"text of {name}"), lambda: bool(self.find(name))
        )

    def edit(self, remote_id: str, field: str, value: str) -> None:
        """As its page would."""
        change = {"title" if field == "name" else field: _WORDS.get(field, {}).get(value, value)}
        self.persist(lambda: directly.edit_issue(self.server, remote_id, **change), lambda: False)

    def remove(self, remote_id: str) -> None:
        """Roundup retires."""
        gone = "SELECT 1 FROM _issue WHERE id = ? AND __retired__ <> 0"
        self.persist(
            lambda: self.server.rest("DELETE", f"issue/{remote_id}"), lambda: bool(self.rows(gone, remote_id))
        )

    def _fill(self, size: int) -> None:
        if not self.rows("SELECT 1 FROM _issue"):
            directly.add_issue(self.server, base_name(1), f"text of {base_name(1)}")
        copies: list[str] = []
        for number in range(len(self.rows("SELECT 1 FROM _issue")) + 1, size + 1):
            for table, old in (("_issue", "_title"), ("_msg", "id")):
                names = [name for _, name, *_ in self.rows(f"PRAGMA table_info({table})")]
                shown = [
                    f"{number}" if n == "id" else f"'{base_name(number)}'" if n == old else n for n in names
                ]
                copies.append(f"INSERT INTO {table} SELECT {', '.join(shown)} FROM {table} WHERE id = 1")  # noqa: S608 - names of ours
            copies.append(f"INSERT INTO issue_messages (nodeid, linkid) VALUES ({number}, {number})")  # noqa: S608 - numbers
            self._file(number).write_text(f"text of {base_name(number)}")
        copies += [f"UPDATE ids SET num = {size + 1} WHERE name IN ('issue', 'msg')"]  # noqa: S608 - a number
        self._change(*copies)

    def _load(self, folder: Path) -> None:
        super()._load(folder)
        for number in range(1, int(folder.name) + 1):
            self._file(number).write_text(f"text of {base_name(number)}")

    def _file(self, message: int) -> Path:
        return self.database.parent / "files" / "msg" / str(message // 1000) / f"msg{message}"

    def _message(self, number: int | None) -> str:
        """Its text; a message that was retired by a crash between two statements has none."""
        if number is None:
            return ""
        with suppress(FileNotFoundError):
            return self._file(number).read_text()
        return ""
