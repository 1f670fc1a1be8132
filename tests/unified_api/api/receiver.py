"""A receiver of webhooks of a tenant's own, over real HTTP on loopback: it keeps what it gets, and answers as told."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SIGNATURE = "X-Merge-Webhook-Signature"


@dataclass
class Receiver:
    """What arrived, whole and with its signature; and how it is to answer."""

    url: str = ""
    got: list[tuple[bytes, str]] = field(default_factory=list)
    #: Statuses to answer, one a request; afterwards `usual`. 0: none, the line is cut.
    answers: list[int] = field(default_factory=list)
    usual: int = 200
    location: str = ""
    #: Seconds until it answers.
    delay: float = 0.0

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """What arrived, understood."""
        return [json.loads(content) for content, _ in self.got]

    def events(self, beginning: str = "") -> list[str]:
        """The names of what arrived, in order."""
        names = [one["hook"]["event"] for one in self.bodies]
        return [name for name in names if name.startswith(beginning)]

    def data(self, event: str) -> list[dict[str, Any]]:
        """The data of each event of this name."""
        return [one["data"] for one in self.bodies if one["hook"]["event"] == event]


class _Handler(BaseHTTPRequestHandler):
    receiver: Receiver
    protocol_version = "HTTP/1.1"

    def log_message(self, *_args: Any) -> None:
        """What arrived is enough."""

    def do_POST(self) -> None:
        """Keep it, and answer."""
        told = self.receiver
        content = self.rfile.read(int(self.headers["Content-Length"]))
        told.got.append((content, self.headers[SIGNATURE]))
        time.sleep(told.delay)
        status = told.answers.pop(0) if told.answers else told.usual
        if not status:
            self.close_connection = True
            self.connection.shutdown(2)
            return
        self.send_response_only(status)
        if told.location:
            self.send_header("Location", told.location)
        self.send_header("Content-Length", "0")
        self.end_headers()


@contextmanager
def running() -> Iterator[Receiver]:
    """A receiver that listens on loopback."""
    receiver = Receiver()
    handler = type("Handler", (_Handler,), {"receiver": receiver})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook"
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
