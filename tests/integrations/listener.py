"""A server on loopback that answers exactly as a test says, also in ways no good server would."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Seen:
    """A request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Told:
    """An answer.

    Content-Length is added unless `headers` has one; `raw` writes to the connection by itself.
    """

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    raw: Callable[[Any], None] | None = None


Answers = Callable[[Seen], Told]


def told(data: Any, status: int = 200, **headers: str) -> Told:
    """A JSON answer."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Told(status, json.dumps(data).encode(), {"Content-Type": "application/json", **names})


class Listener:
    """The running server: its address, and what arrived."""

    def __init__(self, answers: Answers) -> None:
        self.seen: list[Seen] = []
        self.answers = answers
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"

    def run(self) -> None:
        """Serve until stopped."""
        self._server.serve_forever(poll_interval=0.01)

    def stop(self) -> None:
        """Stop, and close the port."""
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        listener = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                url = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                seen = Seen(self.command, url.path, dict(parse_qsl(url.query)), dict(self.headers), body)
                listener.seen.append(seen)
                _tell(self, listener.answers(seen))

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = answer  # noqa: N815 - the library's names

            def log_message(self, *_args: Any) -> None:
                """Say nothing."""

        return Handler


def _tell(handler: BaseHTTPRequestHandler, told: Told) -> None:
    try:
        if told.raw:
            handler.close_connection = True
            told.raw(handler)
            return
        handler.send_response_only(told.status)
        for name, value in {"Content-Length": str(len(told.body)), **told.headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(told.body)
    except ConnectionError:
        handler.close_connection = True  # the client had enough, which many tests want


@contextmanager
def listening(answers: Answers) -> Iterator[Listener]:
    """A running server."""
    listener = Listener(answers)
    thread = threading.Thread(target=listener.run, daemon=True)
    thread.start()
    try:
        yield listener
    finally:
        listener.stop()
        thread.join()
