"""Child processes: started, watched, started again when they end, stopped together; each under its name."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Protocol

from unified_api.serve.children import SUPERVISOR

LONGEST_PAUSE = 15.0
#: A child that ran this long was well; the next pause is the shortest again.
WELL = 30.0
STOP_SECONDS = 6.0
LOOK = 0.1


class Output(Protocol):
    """Where the lines go: a stream, or Django's wrapper of one."""

    def write(self, text: str, /) -> object:
        """Write text."""

    def flush(self) -> None:
        """Show it now."""


@dataclass
class Child:
    """One process that should run."""

    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    output: threading.Thread | None = None
    began: float = 0.0
    next_start: float = 0.0
    pause: float = 0.5

    def runs(self) -> bool:
        """Whether the process is there."""
        return self.process is not None and self.process.poll() is None


class Supervisor:
    """Runs commands by name until it is told to stop."""

    def __init__(
        self,
        commands: Mapping[str, Sequence[str]],
        out: Output,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._children = [Child(name, command) for name, command in commands.items()]
        self._width = max(len(name) for name in commands)
        self._out, self._clock = out, clock
        self._writing = threading.Lock()
        self._stop = threading.Event()

    def stop(self, *_: object) -> None:
        """Ask for the end; may be called from a signal handler."""
        self._stop.set()

    def say(self, line: str, name: str = "up") -> None:
        """One line under a name."""
        self.write(f"{name:<{self._width}} | {line}")

    def write(self, line: str) -> None:
        """One line, never mixed with another, and seen at once: whoever reads a pipe may wait for it."""
        with self._writing:
            self._out.write(f"{line}\n")
            self._out.flush()

    def run(self, ready: Callable[[], bool], announce: Callable[[], None]) -> None:
        """Keep the children running; call `announce` once, when `ready` says so. Returns after `stop`."""
        signal.signal(signal.SIGTERM, self.stop)
        signal.signal(signal.SIGINT, self.stop)
        announced = False
        try:
            while not self._stop.wait(LOOK):
                for child in self._children:
                    self._look_after(child)
                if not announced and all(child.runs() for child in self._children) and ready():
                    announce()
                    announced = True
        finally:
            self._end()

    def _look_after(self, child: Child) -> None:
        now = self._clock()
        if child.runs():
            return
        if child.process is not None and child.next_start <= child.began:
            child.pause = 0.5 if now - child.began > WELL else min(child.pause * 2, LONGEST_PAUSE)
            child.next_start = now + child.pause
            code = child.process.returncode
            self.say(f"{child.name} ended with {code}; it is started again in {child.pause:g} s")
        if now >= child.next_start:
            self._start(child)

    def _start(self, child: Child) -> None:
        child.began = child.next_start = self._clock()
        child.process = subprocess.Popen(
            child.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, SUPERVISOR: str(os.getpid()), "PYTHONUNBUFFERED": "1"},
            start_new_session=True,  # Ctrl-C reaches the supervisor only, which tells the children
        )
        assert child.process.stdout is not None  # noqa: S101 - for the type: it is a pipe
        child.output = threading.Thread(
            target=self._copy, args=(child.name, child.process.stdout), daemon=True
        )
        child.output.start()

    def _copy(self, name: str, output: IO[bytes]) -> None:
        with output:
            for line in output:
                self.say(line.decode(errors="replace").rstrip(), name)

    def _end(self) -> None:
        """Ask all to stop at once, wait, and kill with all their processes those that do not."""
        running = [child.process for child in self._children if child.process and child.runs()]
        for process in running:
            process.send_signal(signal.SIGTERM)
        deadline = self._clock() + STOP_SECONDS
        for process in running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, deadline - self._clock()))
        for child in self._children:
            if child.process:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.process.pid, signal.SIGKILL)
                child.process.wait()
            if child.output:
                child.output.join(1)


def manage_command(*words: str) -> list[str]:
    """The command line of this `manage.py` with these words, which does not check again what its caller has checked."""
    own = os.path.abspath(sys.argv[0])  # noqa: PTH100 - a path of the command line
    return [sys.executable, own, *words, "--skip-checks"]
