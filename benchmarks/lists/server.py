"""The web server as in production (`manage.py web`), in a process of its own, with the peer's path beside ours."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent.parent
_PATIENCE = 60.0


@dataclass(frozen=True)
class Server:
    """A running server: its port, and its first process."""

    port: int
    pid: int


@contextmanager
def server(port: int | None = None, settings: str = "benchmarks.lists.settings") -> Iterator[Server]:
    """A running server of the house that this process is in, at any free port unless one is given."""
    port = port or free_port()
    told = {**os.environ, "DJANGO_SETTINGS_MODULE": settings}
    command = [sys.executable, str(_ROOT / "manage.py"), "web", "--port", str(port)]
    process = subprocess.Popen(command, env=told, stdout=subprocess.DEVNULL)
    try:
        _wait(port, process)
        yield Server(port, process.pid)
    finally:
        process.terminate()
        process.wait(_PATIENCE)


def free_port() -> int:
    """A port at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/healthz")
            connection.getresponse()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"The web server did not begin to answer at port {port}; its log is above.")
