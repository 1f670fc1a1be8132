"""A django-helpdesk in the smallest Django project.

https://django-helpdesk.readthedocs.io/en/latest/install.html
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from demo.servers.server import Server
from unified_api.serve.disguise import Disguise

_PROJECT = Path(__file__).parent / "desk"


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
        for template in _PROJECT.glob("*.template"):
            shutil.copyfile(template, self.data / f"desk_{template.stem}.py")
        way.give(self.data)
        self._run([*way.prefix, str(bin_folder / "python"), str(self.data / "desk_prepare.py")])

    def _command(self, bin_folder: Path) -> list[str]:
        server = [str(bin_folder / "gunicorn"), "--bind", f"127.0.0.1:{self.port}", "--chdir", str(self.data)]
        return [*server, "--threads", "4", "--access-logfile", str(self.log), "desk_urls:application"]

    def _probe(self) -> object:
        return self.rest("GET", "tickets/", page_size=1)
