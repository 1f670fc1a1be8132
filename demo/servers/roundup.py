"""A Roundup tracker of the classic template.

https://www.roundup-tracker.org/docs/installation.html
"""

from __future__ import annotations

import time
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import requests

from demo.servers.server import Server
from unified_api.serve.disguise import Disguise

#: How often something is asked that the tracker failed at, and the seconds before it is asked again.
_TRIES: Final = 5
_PAUSE: Final = 0.5


class Roundup(Server):
    """It keeps its own address in its configuration, and refuses requests whose Origin is another."""

    name = "roundup"

    @property
    def url(self) -> str:
        """The tracker's address."""
        return f"{self.origin}/tracker"

    @property
    def settings(self) -> dict[str, str]:
        """What Isthmus is told to link it."""
        return {"base_url": self.url, "username": self.username}

    def rest(self, method: str, path: str, body: object = None, **params: Any) -> Any:
        """A call below /rest/data, with the ETag that every change needs; what stands in `data`.

        Its threads fail now and then (2.6.0 under Python 3.11.7, https://github.com/python/cpython/issues/106905), and
        others may change an issue first: whoever would press reload asks again. What is made is made once for all that.
        """
        if method == "POST":
            path = self._once(path)
        return self._until_answered(method, path, body, params)

    def _once(self, path: str) -> str:
        """An address at which something is made one time, however often it is asked for (draft-nottingham-http-poe)."""
        link = self._until_answered("POST", f"{path}/@poe", {}, {})["link"]
        return str(link).partition("/rest/data/")[2]

    def _until_answered(self, method: str, path: str, body: object, params: dict[str, Any]) -> Any:
        for _ in range(_TRIES - 1):
            try:
                return self._rest(method, path, body, params)
            except requests.HTTPError as error:
                if not _is_passing(error.response):
                    raise
                time.sleep(_PAUSE)
        return self._rest(method, path, body, params)

    def _rest(self, method: str, path: str, body: object, params: dict[str, Any]) -> Any:
        etag = {}
        if method in {"PUT", "PATCH", "DELETE"}:
            etag = {"If-Match": self.api("GET", f"/tracker/rest/data/{path}")["data"]["@etag"]}
        return self.api(method, f"/tracker/rest/data/{path}", body, headers=etag, **params)["data"]

    def _prepare(self, bin_folder: Path, way: Disguise) -> None:
        tracker = self.data / "tracker"
        # The password is random and the tracker stands on loopback: a slow hash would only slow every call.
        facts = (
            "password_pbkdf2_default_rounds=1000,"
            f"tracker_web={self.url}/,mail_domain=example.com,mail_host=localhost,"
            f"admin_email=admin@example.com,mail_debug={self.data / 'mail.log'}"
        )
        admin = [*way.prefix, str(bin_folder / "roundup-admin"), "-i", str(tracker)]
        self._run([*admin, "install", "classic", "sqlite", facts])
        self._run([*admin, "initialise", self.password])

    def _command(self, bin_folder: Path) -> list[str]:
        server = [str(bin_folder / "roundup-server"), "-n", "127.0.0.1", "-p", str(self.port), "-t", "thread"]
        return [*server, "-l", str(self.log), f"tracker={self.data / 'tracker'}"]

    def _probe(self) -> object:
        return self.rest("GET", "status")

    def _headers(self) -> dict[str, str]:
        return {"X-Requested-With": "rest", "Origin": self.origin}


def _is_passing(response: requests.Response) -> bool:
    """Whether the request is not to blame: the tracker failed, or somebody else changed the issue just before.

    That it failed it also says as a 400 that names its log; its web page breaks that sentence into lines.
    """
    if response.status_code == HTTPStatus.BAD_REQUEST:
        return "check the server log" in " ".join(response.text.split())
    moved = response.status_code == HTTPStatus.PRECONDITION_FAILED
    return moved or response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR
