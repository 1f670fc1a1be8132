"""The product's processes, as a user runs them: each killed by its number, and started again.

Either `manage.py up`, whose supervisor starts its children again; or web, workers and beat one by one, as in
production, started again by the harness in the place of systemd.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.chaos import launch

LOOK: Final = 0.05
#: Tells a process of the product whose child it is, so that it ends when the harness is killed.
SUPERVISOR: Final = "ISTHMUS_SUPERVISOR"


@dataclass
class Part:
    """A process that is to run. numbers: of all its incarnations, the last one being the present."""

    name: str
    words: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    numbers: list[int] = field(default_factory=list)

    @property
    def runs(self) -> bool:
        """Whether it is there."""
        return self.process is not None and self.process.poll() is None


class Processes:
    """All parts of one installation. stopped: process groups that are asleep."""

    def __init__(self, home: Path, port: int, log: Path, *, together: bool) -> None:
        self.home, self.port, self.log, self.together = home, port, log, together
        self.stopped: set[int] = set()
        words = {
            "web": ("web", "--port", str(port)),
            "worker-1": ("worker",),
            "worker-2": ("worker",),
            "beat": ("beat",),
        }
        named = {"up": ("up", "--port", str(port))} if together else words
        self._parts = [Part(name, command) for name, command in named.items()]
        self._end = threading.Event()
        self._tending = threading.Thread(target=self._tend, daemon=True)

    def start(self) -> None:
        """Start all, and keep them running from here on."""
        for part in self._parts:
            self._spawn(part)
        self._tending.start()

    def close(self) -> None:
        """End all."""
        self._end.set()
        self._tending.join()
        self.wake_all()
        for part in self._parts:
            if part.process and part.runs:
                part.process.send_signal(signal.SIGTERM)
        for part in self._parts:
            if part.process is None:
                continue
            try:
                part.process.wait(15)
            except subprocess.TimeoutExpired:
                kill(part.process.pid)
                part.process.wait()

    def pick(self, name: str) -> int:
        """The process group of a part, by its name or the beginning of its command; 0 if it is not there now."""
        if self.together and name != "up":
            return self._child(name.partition("-")[0])
        found = [p for p in self._parts if p.name == name and p.runs]
        return found[0].process.pid if found and found[0].process else 0

    def names(self) -> list[str]:
        """What can be killed."""
        return ["up", "web", "worker", "beat"] if self.together else [part.name for part in self._parts]

    def sleep(self, group: int) -> None:
        """Stop a process group, as a machine that is suspended would."""
        self.stopped.add(group)
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGSTOP)

    def wake_all(self) -> None:
        """Let all that sleep go on."""
        for group in self.stopped:
            with suppress(ProcessLookupError):
                os.killpg(group, signal.SIGCONT)
        self.stopped.clear()

    def is_silent(self, number: int) -> bool:
        """Whether a process is dead or asleep."""
        return number in self.stopped or not is_alive(number)

    def all_run(self) -> bool:
        """Whether every part is there."""
        return all(part.runs for part in self._parts)

    def _child(self, word: str) -> int:
        parent = self._parts[0].process
        if parent is None:
            return 0
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                words = (folder / "cmdline").read_bytes().split(b"\0")
                stat = (folder / "stat").read_text().rpartition(")")[2].split()
                if int(stat[1]) == parent.pid and word.encode() in words[2:3]:
                    return int(folder.name)
        return 0

    def _tend(self) -> None:
        while not self._end.wait(LOOK):
            for part in self._parts:
                if not part.runs:
                    self._spawn(part)

    def _spawn(self, part: Part) -> None:
        with self.log.open("ab") as log:
            part.process = subprocess.Popen(
                [sys.executable, launch.__file__, *part.words],
                env={
                    **os.environ,
                    SUPERVISOR: str(os.getpid()),
                    "LOG_FORMAT": "json",
                    "PYTHONUNBUFFERED": "1",
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        part.numbers.append(part.process.pid)


def free_port() -> int:
    """A port of loopback on which nobody listens now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def command(folder: Path, *words: str, module: str = "tests.chaos") -> dict[str, Any]:
    """The document that the command of a module prints; it works in this folder."""
    done = subprocess.run(
        [sys.executable, "-m", module, "--json", "--keep", str(folder / "failed"), *words],
        cwd=launch.ROOT,
        env={**os.environ, "TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        check=False,
    )
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def kill(group: int) -> bool:
    """Kill -9 of a process and what it started; whether it was there."""
    with suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
        return True
    return False


def group_of(number: int) -> int:
    """The group to which a process belongs, that is the part; 0 if it is gone."""
    with suppress(ProcessLookupError):
        return os.getpgid(number) if number else 0
    return 0


def is_alive(number: int) -> bool:
    """Whether the process is there, and no zombie."""
    try:
        state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in {"Z", "X"}


def await_end(number: int, seconds: float = 5.0) -> None:
    """Return when a killed process is gone."""
    ends = time.monotonic() + seconds
    while is_alive(number) and time.monotonic() < ends:
        time.sleep(0.005)
