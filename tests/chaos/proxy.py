"""A small proxy between the product and one real server: it keeps the books of what passed, and can hold a call.

A call is held before it is handed on, or after it was carried out and before its answer is given. Whoever holds it
decides: let it go on, or cut the line. The books say for each call when it came, from which process, when it was
handed on, and what the server answered.
"""

from __future__ import annotations

import http.client
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

#: Seconds that a call is held at the most.
LONGEST = 20.0
_HOP = {"connection", "keep-alive", "transfer-encoding", "host", "origin", "content-length"}


@dataclass
class Call:
    """One call as it passed. status: None when the product got no answer to it."""

    number: int
    method: str
    path: str
    body: bytes
    came: float
    port: int
    handed_on: float | None = None
    answered: float | None = None
    status: int | None = None
    ended: float | None = None

    @property
    def is_write(self) -> bool:
        """Whether it changes a record; the address of a create that works once does not."""
        return self.method in {"POST", "PUT", "PATCH", "DELETE"} and not self.path.endswith("@poe")


@dataclass
class Trap:
    """Holds the first call that `wants` wants: before it is handed on, or `after` it was carried out."""

    wants: Callable[[Call], bool]
    after: bool
    call: Call | None = None
    process: int = 0
    _reached: threading.Event = field(default_factory=threading.Event)
    _decided: threading.Event = field(default_factory=threading.Event)
    _cut: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def reached(self, seconds: float) -> bool:
        """Wait until a call is held; False when none came."""
        return self._reached.wait(seconds)

    def open(self, *, cut: bool = False) -> None:
        """Let the call, and all later ones, go on; or cut its line."""
        self._cut = cut
        self._decided.set()

    def takes(self, call: Call, *, after: bool) -> bool:
        """Whether this is the call to hold, at this moment; the first one is."""
        with self._lock:
            if self.call is None and after is self.after and not self._decided.is_set() and self.wants(call):
                self.call = call
                return True
        return False

    def hold(self, call: Call) -> bool:
        """Hold the call; whether it may go on."""
        self.process = owner_of(call.port)
        self._reached.set()
        self._decided.wait(LONGEST)
        return not self._cut


class Proxy:
    """Serves on a free port of loopback for the server at `port`."""

    def __init__(self, port: int) -> None:
        self.target = port
        self.calls: list[Call] = []
        self.trap: Trap | None = None
        self._numbers = itertools.count(1)
        handler = type("Handler", (_Handler,), {"proxy": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def origin(self) -> str:
        """Scheme, host and port, as the product knows them."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def forget(self) -> None:
        """Begin the books anew."""
        self.calls, self.trap = [], None

    def writes(self) -> list[Call]:
        """Calls that change a record and were handed on."""
        return [call for call in self.calls if call.is_write and call.handed_on is not None]

    def under_way(self) -> bool:
        """Whether a call that changes a record is still on its way to the server, or its answer back."""
        return any(call.is_write and call.ended is None for call in self.calls)

    def enter(self, method: str, path: str, body: bytes, port: int) -> Call:
        """Write a call into the books."""
        call = Call(next(self._numbers), method, path, body, time.monotonic(), port)
        self.calls.append(call)
        return call

    @contextmanager
    def watched(self, call: Call) -> Iterator[Trap]:
        """The trap that is set now, or one that wants nothing."""
        try:
            yield self.trap or Trap(lambda _: False, after=False)
        finally:
            call.ended = time.monotonic()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that was killed is what this is for."""


class _Handler(BaseHTTPRequestHandler):
    proxy: Proxy
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def log_message(self, *_args: Any) -> None:
        """The books say it."""

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        call = self.proxy.enter(self.command, self.path, body, self.client_address[1])
        with self.proxy.watched(call) as trap:
            if trap.takes(call, after=False) and not trap.hold(call):
                return self._cut()
            answer = self._hand_on(call)
            if answer is None or (trap.takes(call, after=True) and not trap.hold(call)):
                return self._cut()
            return self._answer(call, *answer)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _pass  # noqa: N815 - http.server's names

    def _hand_on(self, call: Call) -> tuple[int, list[tuple[str, str]], bytes] | None:
        """The server's answer; None when it gave none."""
        own = f"127.0.0.1:{self.proxy.target}"
        headers = {n: v for n, v in self.headers.items() if n.lower() not in _HOP}
        headers |= {"Host": own, "Origin": f"http://{own}", "Connection": "close"}
        call.handed_on = time.monotonic()
        line = http.client.HTTPConnection("127.0.0.1", self.proxy.target, timeout=30)
        try:
            line.request(call.method, call.path, call.body or None, headers)
            answer = line.getresponse()
            body = answer.read()
        except ConnectionRefusedError:
            call.handed_on = None
            return None
        except (OSError, http.client.HTTPException):
            return None
        finally:
            line.close()
        return answer.status, [(n, v) for n, v in answer.getheaders() if n.lower() not in _HOP], body

    def _answer(self, call: Call, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with suppress(OSError):
            self.wfile.write(body if call.method != "HEAD" else b"")
            self.wfile.flush()
            call.status, call.answered = status, time.monotonic()

    def _cut(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(2)


def owner_of(port: int) -> int:
    """The process whose connection comes from this port of loopback; 0 when it is gone."""
    wanted = f":{port:04X}"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    inodes = {f"socket:[{row[9]}]" for row in rows if row[1].endswith(wanted)}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            for link in (folder / "fd").iterdir():
                if str(link.readlink()) in inodes:
                    return int(folder.name)
    return 0
