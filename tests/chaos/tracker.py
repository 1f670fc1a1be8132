"""The Roundup as the harness sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar, Final

from demo import directly
from demo.servers import Roundup
from tests.chaos.remotes import LARGE, SMALL, Looked, Remote, Ticket, base_name, text_of

_STATUS: Final = {
    **dict.fromkeys(("unread", "new", "open"), "OPEN"),
    **dict.fromkeys(("in-progress", "chatting", "testing"), "IN_PROGRESS"),
    **dict.fromkeys(("deferred", "need-eg"), "ON_HOLD"),
    **dict.fromkeys(("resolved", "done-cbb", "closed"), "CLOSED"),
}
_PRIORITY: Final = {"critical": "URGENT", "urgent": "HIGH", "bug": "NORMAL", "feature": "LOW", "wish": "LOW"}
#: Words of the common model as a person gives them there.
_WORDS: Final = {
    "status": {"OPEN": "unread", "CLOSED": "resolved", "ON_HOLD": "deferred"},
    "priority": {"URGENT": "critical", "HIGH": "urgent", "NORMAL": "bug", "LOW": "feature"},
}


class Tracker(Remote):
    """The Roundup."""

    slug = "roundup"
    conditional = True
    table = "_issue"
    columns: ClassVar = {name: f"_{name}" for name in ("title", "status", "priority")}
    server: Roundup

    def __init__(self, server: Roundup, sizes: Sequence[int] = (SMALL, LARGE)) -> None:
        self._known: dict[str, dict[str, str]] = {}
        super().__init__(server, sizes)

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
        self.persist(lambda: directly.add_issue(self.server, name, text_of(name)), lambda: self.made(name))

    def look(self, remote_id: str) -> Looked:
        """By its API."""
        found = self.server.rest("GET", f"issue/{remote_id}", **{"@verbose": 2})
        one = found["attributes"]
        names = {name: (one[name] or {}).get("name") for name in ("status", "priority")}
        return Looked(remote_id, self.words({**one, **names}), version=found["@etag"])

    def change(self, looked: Looked, field: str, value: str) -> None:
        """As its page would."""
        change = {"title" if field == "name" else field: _WORDS.get(field, {}).get(value, value)}
        path, meant = f"/tracker/rest/data/issue/{looked.remote_id}", {"If-Match": looked.version}
        self.server.api("PATCH", path, change, headers=meant)

    def spelled(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Statuses and priorities by their names, whoever names them by number."""
        return {n: self._names(n).get(str(value), value) for n, value in values.items()}

    def words(self, spelled: Mapping[str, Any]) -> dict[str, str | None]:
        """By the names of the classic template."""
        status, priority = _STATUS.get(spelled["status"]), _PRIORITY.get(spelled["priority"])
        return {"name": spelled["title"], "status": status, "priority": priority}

    def remove(self, remote_id: str) -> None:
        """Roundup retires."""
        gone = "SELECT 1 FROM _issue WHERE id = ? AND __retired__ <> 0"
        self.persist(
            lambda: self.server.rest("DELETE", f"issue/{remote_id}"), lambda: bool(self.rows(gone, remote_id))
        )

    def _fill(self, size: int) -> None:
        if not self.rows("SELECT 1 FROM _issue"):
            directly.add_issue(self.server, base_name(1), text_of(base_name(1)))
        copies: list[str] = []
        for number in range(len(self.rows("SELECT 1 FROM _issue")) + 1, size + 1):
            for table, old in (("_issue", "_title"), ("_msg", "id")):
                names = [name for _, name, *_ in self.rows(f"PRAGMA table_info({table})")]
                shown = [
                    f"{number}" if n == "id" else f"'{base_name(number)}'" if n == old else n for n in names
                ]
                copies.append(f"INSERT INTO {table} SELECT {', '.join(shown)} FROM {table} WHERE id = 1")  # noqa: S608 - names of ours
            copies.append(f"INSERT INTO issue_messages (nodeid, linkid) VALUES ({number}, {number})")  # noqa: S608 - numbers
            self._file(number).write_text(text_of(base_name(number)))
        copies += [f"UPDATE ids SET num = {size + 1} WHERE name IN ('issue', 'msg')"]  # noqa: S608 - a number
        self.alter(*copies)

    def _load(self, folder: Path) -> None:
        super()._load(folder)
        for number in range(1, int(folder.name) + 1):
            self._file(number).write_text(text_of(base_name(number)))

    def _names(self, table: str) -> dict[str, str]:
        """Names by number of a class that has them; they stay as they are."""
        if table not in self._known:
            listed = self.rows(f"SELECT id, _name FROM _{table}") if table in {"status", "priority"} else []  # noqa: S608 - names of ours
            self._known[table] = {str(number): name for number, name in listed}
        return self._known[table]

    def _file(self, message: int) -> Path:
        return self.database.parent / "files" / "msg" / str(message // 1000) / f"msg{message}"

    def _message(self, number: int | None) -> str:
        """Its text; a message that was retired by a crash between two statements has none."""
        if number is None:
            return ""
        with suppress(FileNotFoundError):
            return self._file(number).read_text()
        return ""
