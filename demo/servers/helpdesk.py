"""A django-helpdesk in the smallest Django project.

https://django-helpdesk.readthedocs.io/en/latest/install.html
"""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from demo.servers.server import Server
from demo.servers.software import LOCKS, alone
from unified_api.serve.disguise import Disguise

_PROJECT: Final = Path(__file__).parent / "desk"
_DATABASE: Final = "desk.sqlite3"


class HelpDesk(Server):
    """One worker with threads: SQLite has one writer at a time, and the rest waits."""

    name = "django-helpdesk"
    queue = "1"

    @property
    def url(self) -> str:
        """The desk's address."""
        return self.origin

    @property
    def settings(self) -> dict[str, str]:
        """What Isthmus is told to link it."""
        return {"base_url": self.url, "username": self.username, "queue": self.queue}

    def rest(self, method: str, path: str, body: object = None, **params: Any) -> Any:
        """A call below /api/."""
        return self.api(method, f"/api/{path}", body, **params)

    def _prepare(self, bin_folder: Path, way: Disguise) -> None:
        _lay_out(self.data)
        shutil.copyfile(self._template(bin_folder), self.data / _DATABASE)
        with closing(sqlite3.connect(self.data / _DATABASE)) as database, database:
            database.execute("UPDATE auth_user SET password = ?", (_hashed(self.password),))
        way.give(self.data)

    def _template(self, bin_folder: Path) -> Path:
        """A database with one queue and its administrator: seventy migrations make it, so it is made once."""
        made = hashlib.sha256((LOCKS / f"server-{self.name}.lock").read_bytes())
        for template in sorted(_PROJECT.glob("*.template")):
            made.update(template.read_bytes())
        home = self.software / f"{self.name}-template"
        found = home / f"{made.hexdigest()[:16]}.sqlite"
        with alone(self.software / f"{self.name}-template.lock"):
            if not found.exists():
                self.progress(f"filling the first database of {self.name}")
                shutil.rmtree(home, ignore_errors=True)
                home.mkdir(parents=True)
                _lay_out(home)
                (home / "facts.json").write_text(json.dumps({"key": secrets.token_hex(), "password": ""}))
                self._run([str(bin_folder / "python"), str(home / "desk_prepare.py")])
                with closing(sqlite3.connect(home / _DATABASE)) as database:
                    database.execute("VACUUM INTO ?", (str(home / "whole"),))  # with what is in its log
                (home / "whole").rename(found)
        return found

    def _command(self, bin_folder: Path) -> list[str]:
        server = [str(bin_folder / "gunicorn"), "--bind", f"127.0.0.1:{self.port}", "--chdir", str(self.data)]
        return [*server, "--threads", "4", "--access-logfile", str(self.log), "desk_urls:application"]

    def _probe(self) -> object:
        return self.rest("GET", "tickets/", page_size=1)


def _lay_out(folder: Path) -> None:
    """The project's files."""
    for template in _PROJECT.glob("*.template"):
        shutil.copyfile(template, folder / f"desk_{template.stem}.py")


def _hashed(password: str) -> str:
    """As the desk's settings say: by Django's MD5PasswordHasher, with a salt as long as it wants."""
    salt = secrets.token_hex(16)
    return f"md5${salt}${hashlib.md5(f'{salt}{password}'.encode(), usedforsecurity=False).hexdigest()}"
