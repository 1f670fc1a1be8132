"""A client that costs little: one process, plain sockets, the same request over and over on kept connections.

`load` runs it as a process of its own, so that it shares nothing with whoever measures. Every answer has to be a
200 as long as the first one.
"""

from __future__ import annotations

import json
import selectors
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

_ROOM = 1 << 20
_PATIENCE = 30.0
#: So many answers at least, on however slow a machine.
_FEWEST = 20
_END = b"\r\n\r\n"


@dataclass(frozen=True)
class Load:
    """Answers, and how many a second; milliseconds of one, its bytes, and the client's own share of a core."""

    answers: int
    rate: float
    median: float
    p99: float
    size: int
    busy: float


def load(port: int, path: str, headers: Mapping[str, str], *, connections: int, seconds: float) -> Load:
    """What a server answers to this request, asked at once again on each connection."""
    lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", *(f"{n}: {v}" for n, v in headers.items())]
    asked = {
        "port": port,
        "request": "\r\n".join([*lines, "", ""]),
        "connections": connections,
        "seconds": seconds,
    }
    done = subprocess.run(
        [sys.executable, "-m", __name__],
        input=json.dumps(asked),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return Load(**json.loads(done.stdout))


class _Line:
    """One connection: a request on its way, and what has arrived of its answer."""

    def __init__(self, port: int, request: bytes) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._request, self._room = request, bytearray(_ROOM)
        self._view = memoryview(self._room)

    def ask(self) -> None:
        """Send the request."""
        self._got = self._whole = 0
        self.began = time.perf_counter()
        self.socket.sendall(self._request)

    def read(self) -> int:
        """Take what is there; the size of the whole answer once it has arrived, else 0."""
        got = self.socket.recv_into(self._view[self._got :])
        if not got:
            raise RuntimeError("The server closed the connection.")
        self._got += got
        if not self._whole:
            self._whole = self._measure()
        return self._whole if self._got == self._whole else 0

    def _measure(self) -> int:
        end = self._room.find(_END, 0, self._got)
        if end < 0:
            return 0
        head = bytes(self._room[:end]).lower()
        if not head.startswith(b"http/1.1 200"):
            raise RuntimeError(f"The server answered {bytes(self._room[: self._got])!r}")
        length = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
        return end + len(_END) + int(length)


def _measure(port: int, request: str, connections: int, seconds: float) -> Load:
    lines = [_Line(port, request.encode()) for _ in range(connections)]
    for line in lines:  # each thread of the server opens its database connection before the clock runs
        line.ask()
    sizes = [_wait(line) for line in lines]
    with selectors.DefaultSelector() as selector:
        for line in lines:
            selector.register(line.socket, selectors.EVENT_READ, line)
        begin, cpu = time.perf_counter(), time.process_time()
        taken = _rounds(selector, lines, begin + seconds, min(sizes))
        span, busy = time.perf_counter() - begin, time.process_time() - cpu
    cuts = statistics.quantiles(taken, n=100)
    return Load(len(taken), len(taken) / span, cuts[49] * 1000, cuts[98] * 1000, min(sizes), busy / span)


def _wait(line: _Line) -> int:
    while not (size := line.read()):
        pass
    return size


def _rounds(selector: Any, lines: list[_Line], end: float, size: int) -> list[float]:
    taken: list[float] = []
    for line in lines:
        line.ask()
    while time.perf_counter() < end or len(taken) < _FEWEST:
        for key, _ in selector.select(_PATIENCE):
            line = key.data
            if whole := line.read():
                if abs(whole - size) > size // 20:
                    raise RuntimeError(f"An answer of {whole} bytes, where others have {size}.")
                taken.append(time.perf_counter() - line.began)
                line.ask()
    return taken


if __name__ == "__main__":
    print(json.dumps(asdict(_measure(**json.loads(sys.stdin.read())))))
