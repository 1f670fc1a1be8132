"""`manage.py up`, as a person runs it: ready, healthy, wounded, stopped."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.homes import quick
from unified_api import __version__
from unified_api.serve.postgres import Cluster
from unified_api.serve.web import PortTaken, check_port

MANAGE = Path(__file__).resolve().parents[3] / "manage.py"
PATIENCE = 240.0
PARTS = {"beat", "worker background", "worker bulk", "worker interactive"}

pytestmark = [pytest.mark.timeout(1200), pytest.mark.processes]


def eventually(condition: Callable[[], bool]) -> bool:
    """Wait for the condition; whether it came true."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def environment(home: Path) -> dict[str, str]:
    """An environment in which only the home is set: the embedded mode, whatever this run of tests uses."""
    ours = ("DATABASE_URL", "DATABASE_APP_URL", "BROKER_URL", "BROKER_DATABASE", "SECRET_KEY", "MASTER_KEYS")
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    return {**kept, "ISTHMUS_HOME": str(home), "LOG_FORMAT": "json"}


def processes(home: Path) -> dict[int, str]:
    """The processes of a home, by their environment or their arguments; the dying do not count."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
            said = (folder / "environ").read_bytes() + command
        except OSError:
            continue
        if str(home).encode() in said and command:
            found[int(folder.name)] = command.replace(b"\0", b" ").decode()
    return found


@dataclass
class Running:
    """A supervisor under test."""

    home: Path
    port: int
    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    def said(self, words: str) -> bool:
        """Whether a line with these words came."""
        return any(words in line for line in self.lines)

    def health(self) -> tuple[int, dict[str, Any]]:
        """Status and body of /healthz; status 0 when nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", "/healthz")
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException):
            return 0, {}
        finally:
            connection.close()

    def well(self) -> bool:
        """Whether the health page is green and every part shows that it lives."""
        status, state = self.health()
        return status == 200 and set(state["heartbeats"]) == PARTS

    def child(self, words: str) -> int:
        """The first process of ours with these words in its command line."""
        return min(pid for pid, command in processes(self.home).items() if words in command)

    def none_left(self) -> bool:
        """Whether every process of the home is gone, the database included."""
        return processes(self.home) == {}


def start(home: Path, port: int, **more: str) -> Running:
    """Start `manage.py up` and collect its lines. more: of its environment."""
    quick(home)
    process = subprocess.Popen(
        [sys.executable, MANAGE, "up", "--port", str(port)],
        env={**environment(home), **more},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    running = Running(home, port, process)

    def collect() -> None:
        assert process.stdout is not None
        with process.stdout:
            running.lines.extend(process.stdout)

    threading.Thread(target=collect, daemon=True).start()
    return running


@pytest.fixture
def port() -> int:
    """A port that is free."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        found: int = server.getsockname()[1]
        return found


@pytest.fixture
def up(tmp_path: Path, port: int) -> Iterator[Running]:
    """Isthmus, ready; nothing of it survives the test."""
    running = start(tmp_path / "home", port)
    try:
        assert eventually(lambda: running.said("is ready") or running.process.poll() is not None)
        assert running.said("is ready"), "".join(running.lines)
        yield running
    finally:
        running.process.kill()
        running.process.wait()
        assert eventually(running.none_left), processes(running.home)


def test_it_is_healthy_survives_wounds_and_stops_cleanly(up: Running) -> None:
    """One line says that it is ready; killed parts come back; SIGTERM ends it all in seconds, with status 0."""
    ready = [line for line in up.lines if "is ready" in line]
    assert ready == [f"Isthmus {__version__} is ready at http://127.0.0.1:{up.port} (Ctrl-C stops it)\n"]
    status, state = up.health()
    assert (status, state["version"], state["database"], state["broker"]) == (200, __version__, True, True)
    assert set(state["heartbeats"]) == PARTS

    os.kill(up.child("worker --queue interactive"), signal.SIGKILL)
    os.kill(up.child("manage.py web"), signal.SIGKILL)
    postmaster = int((up.home / "postgres" / "postmaster.pid").read_text().split("\n", 1)[0])
    os.kill(postmaster, signal.SIGKILL)

    assert eventually(lambda: up.said("interactive ended with -9") and up.said("web ended with -9"))
    assert eventually(up.well), up.health()

    up.process.send_signal(signal.SIGTERM)
    assert up.process.wait(PATIENCE) == 0
    assert up.none_left()


def test_a_killed_supervisor_leaves_nothing_behind(up: Running) -> None:
    """After kill -9 of the supervisor its children end, and after them the database."""
    up.process.kill()

    assert eventually(up.none_left), processes(up.home)


def test_a_taken_port_is_one_sentence(tmp_path: Path) -> None:
    """When the port is taken, one sentence says so, nothing is started, and the status is 1."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        command = [sys.executable, str(MANAGE), "up", "--port", str(taken)]
        done = subprocess.run(
            command, env=environment(tmp_path / "home"), capture_output=True, text=True, check=False
        )
    Cluster(tmp_path / "home").wait_until_stopped()

    assert done.returncode == 1
    assert done.stderr == (
        f"CommandError: Port {taken} of 127.0.0.1 is not free (Address already in use): choose another by --port.\n"
    )
    assert processes(tmp_path / "home") == {}


@pytest.mark.parametrize("port", [-1, 0, 65536])
def test_what_is_no_port_is_one_sentence(port: int) -> None:
    """Rather than an error of the system's."""
    with pytest.raises(PortTaken, match=f"There is no port {port}: choose one from 1 to 65535"):
        check_port("127.0.0.1", port)
