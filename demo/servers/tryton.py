"""A Tryton: an ERP with people, customers, what may be sold to them, and time spent.

https://docs.tryton.org/latest/server/topics/start_server.html
"""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import requests
from requests.auth import AuthBase

from demo.servers.server import Server
from demo.servers.software import LOCKS, alone
from unified_api.serve.disguise import Disguise

_ERP: Final = Path(__file__).parent / "erp"
_MODULES: Final = ("company", "sale_opportunity", "timesheet")
#: Of the call that reads what has been deactivated, too.
_CONTEXT: Final = base64.urlsafe_b64encode(json.dumps({"active_test": False}).encode()).decode()


class _Key(AuthBase):
    """An application's key. As a password it would count as a failed login, of which few are let through."""

    def __init__(self, key: str) -> None:
        self.key = key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign."""
        request.headers["Authorization"] = f"Bearer {self.key}"
        return request


class Tryton(Server):
    """One process with threads over SQLite. Its password is the key of its administrator's application."""

    name = "tryton"
    company = "1"

    @property
    def url(self) -> str:
        """Its address, with the name of the database in it."""
        return f"{self.origin}/tryton"

    @property
    def settings(self) -> dict[str, str]:
        """What Isthmus is told to link it."""
        return {"base_url": self.url, "company": self.company}

    @property
    def secrets(self) -> dict[str, str]:
        """What Isthmus is told to link it, and keeps sealed."""
        return {"key": self.password}

    def rest(self, method: str, path: str, body: object = None, **params: Any) -> Any:
        """A call below /rest/model/, of which what has been deactivated is no secret."""
        context = {"X-Tryton-Context": _CONTEXT}
        return self.api(method, f"/tryton/rest/model/{path}", body, headers=context, **params)

    def _prepare(self, bin_folder: Path, way: Disguise) -> None:
        (self.data / "password").write_text(self.password)
        logs = (_ERP / "logging.template").read_text()
        (self.data / "logging.conf").write_text(logs.format(log=self.log))
        shutil.copyfile(self._template(bin_folder), self.data / "tryton.sqlite")
        with closing(sqlite3.connect(self.data / "tryton.sqlite")) as database, database:
            database.execute("UPDATE res_user_application SET key = ?", (self.password,))
        self._configure(self.data)
        way.give(self.data)

    def _template(self, bin_folder: Path) -> Path:
        """A database with all modules and one company: it takes a minute to make, so it is made once."""
        made = hashlib.sha256((LOCKS / f"server-{self.name}.lock").read_bytes())
        made.update((_ERP / "prepare.template").read_bytes())
        home = self.software / f"{self.name}-template"
        found = home / f"{made.hexdigest()[:16]}.sqlite"
        with alone(self.software / f"{self.name}-template.lock"):
            if not found.exists():
                self.progress(f"filling the first database of {self.name}")
                shutil.rmtree(home, ignore_errors=True)
                home.mkdir(parents=True)
                self._configure(home)
                (home / "tryton.sqlite").touch()
                told = ["-c", str(home / "trytond.conf"), "-d", "tryton"]
                update = ["--all", "-u", *_MODULES, "--activate-dependencies", "--email", "admin@example.com"]
                self._run([str(bin_folder / "trytond-admin"), *told, *update])
                self._run([str(bin_folder / "python"), str(_ERP / "prepare.template"), *told[1::2]])
                (home / "tryton.sqlite").rename(found)
        return found

    def _configure(self, folder: Path) -> None:
        web = f"[web]\nlisten = 127.0.0.1:{self.port}\n"
        (folder / "trytond.conf").write_text(f"[database]\nuri = sqlite://\npath = {folder}\n{web}")

    def _command(self, bin_folder: Path) -> list[str]:
        told = ["-c", str(self.data / "trytond.conf"), "--logconf", str(self.data / "logging.conf")]
        return [str(bin_folder / "trytond"), *told, "-d", "tryton"]

    def _probe(self) -> object:
        return self.rest("GET", "company.company")

    def _auth(self) -> AuthBase:
        return _Key(self.password)

    def _environment(self) -> dict[str, str]:
        return {**super()._environment(), "TRYTONPASSFILE": str(self.data / "password")}
