"""A server of our own on loopback that says anything: whole answers, halves of them, and bytes that are none.

It reads requests properly, notes them, and then does what its behaviour says: a function that writes to the
connection. No HTTP library stands in between, as these refuse to send most of what is sent here.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Heard:
    """A request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


#: What becomes of a request: writes to the connection, and says whether it can take another request.
Behaviour = Callable[["Line", Heard], None]


@dataclass
class Line:
    """One connection. `open`: another request may follow on it."""

    sock: socket.socket
    ended: threading.Event
    open: bool = True

    def say(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.sock.sendall(data)

    def pause(self, seconds: float) -> None:
        """Say nothing for a while; over at once when the server is stopped."""
        if self.ended.wait(seconds):
            self.hang_up()

    def hang_up(self) -> None:
        """No more on this connection."""
        self.open = False
        raise ConnectionAbortedError


@dataclass
class Server:
    """The running server: its port, what it heard, and how it behaves at each path."""

    sane: Behaviour
    heard: list[Heard] = field(default_factory=list)
    #: By path; whatever has no entry is answered sanely.
    odd: dict[str, Behaviour] = field(default_factory=dict)
    ended: threading.Event = field(default_factory=threading.Event)
    socket: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0), backlog=64))

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.socket.getsockname()[1])

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def asked(self, path: str) -> list[Heard]:
        """The requests for a path."""
        return [heard for heard in self.heard if heard.path == path]

    def serve(self) -> None:
        """Answer until stopped, a thread per connection."""
        while not self.ended.is_set():
            try:
                sock, _address = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(Line(sock, self.ended),), daemon=True).start()

    def stop(self) -> None:
        """End, and wake whoever pauses."""
        self.ended.set()
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def _talk(self, line: Line) -> None:
        # The client may have had enough at any moment, which is what many tests want.
        with suppress(OSError), line.sock, line.sock.makefile("rb") as stream:
            while line.open and (heard := _hear(stream)):
                self.heard.append(heard)
                self.odd.get(heard.path, self.sane)(line, heard)


def _hear(stream: Any) -> Heard | None:
    first = stream.readline().decode("latin-1").split()
    if len(first) != 3:
        return None
    headers: dict[str, str] = {}
    while (raw := stream.readline()) not in {b"\r\n", b""}:
        name, _, value = raw.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    url = urlsplit(first[1])
    body = stream.read(int(headers.get("content-length", 0)))
    return Heard(first[0], url.path, dict(parse_qsl(url.query)), headers, body)


def head(status: int | str = 200, /, **headers: str) -> bytes:
    """A status line and headers, with a Date unless one is given."""
    names = {"Date": formatdate(usegmt=True), **{n.replace("_", "-"): v for n, v in headers.items()}}
    lines = [f"HTTP/1.1 {status} Whatever", *(f"{name}: {value}" for name, value in names.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def answer(body: bytes, status: int | str = 200, /, **headers: str) -> bytes:
    """A whole answer of the right length."""
    return (
        head(status, **{"Content_Length": str(len(body)), "Content_Type": "application/json", **headers})
        + body
    )


def as_json(data: Any, status: int = 200, /, **headers: str) -> bytes:
    """A whole answer in JSON."""
    return answer(json.dumps(data).encode(), status, **headers)


def says(data: bytes, *, then_hang_up: bool = True) -> Behaviour:
    """Always these bytes."""

    def behave(line: Line, _heard: Heard) -> None:
        line.say(data)
        if then_hang_up:
            line.hang_up()

    return behave


def says_json(data: Any, status: int = 200, /, **headers: str) -> Behaviour:
    """Always this whole answer."""
    return says(as_json(data, status, **headers))


def drips(data: bytes, seconds: float) -> Behaviour:
    """These bytes one by one, so many seconds apart; then silence."""

    def behave(line: Line, _heard: Heard) -> None:
        for byte in data:
            line.say(bytes([byte]))
            line.pause(seconds)
        line.pause(60)

    return behave


def floods(first: bytes, more: bytes) -> Behaviour:
    """Some bytes, and then others for ever."""

    def behave(line: Line, _heard: Heard) -> None:
        line.say(first)
        while not line.ended.is_set():
            line.say(more)

    return behave


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """One after the other, the last for ever."""
    left = list(behaviours)

    def behave(line: Line, heard: Heard) -> None:
        (left.pop(0) if len(left) > 1 else left[0])(line, heard)

    return behave


@contextmanager
def serving(sane: Behaviour, odd: Mapping[str, Behaviour] | None = None) -> Iterator[Server]:
    """A running server."""
    server = Server(sane, odd=dict(odd or {}))
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stop()
        thread.join()
