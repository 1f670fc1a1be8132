"""The supervisor, over small programs."""

from __future__ import annotations

import io
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from unified_api.serve.supervisor import Supervisor

pytestmark = pytest.mark.processes

#: Seconds that a child lives which nobody ends, longer than any wait here.
LIFE = 600
PATIENCE = 120.0
SLEEPER = f"import time; print('up', flush=True); time.sleep({LIFE})"
DEAF = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    f"print('deaf', flush=True); time.sleep({LIFE})"
)


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    """The supervisor takes over the signals of its process; give them back."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def run(program: str, *, until: Callable[[str], bool], times: int = 1) -> tuple[str, float]:
    """Run a Python program under a supervisor until its output is as wished; output, and how long the end took."""
    out = io.StringIO()
    names = ["one", "second"][:times]
    supervisor = Supervisor({name: [sys.executable, "-c", program] for name in names}, out)
    asked: list[float] = []

    def watch() -> None:
        deadline = time.monotonic() + PATIENCE
        while not until(out.getvalue()) and time.monotonic() < deadline:
            time.sleep(0.02)
        asked.append(time.monotonic())
        supervisor.stop()

    watcher = threading.Thread(target=watch)
    watcher.start()
    supervisor.run(ready=lambda: "up" in out.getvalue(), announce=lambda: supervisor.say("all is ready"))
    watcher.join()
    return out.getvalue(), time.monotonic() - asked[0]


def test_lines_stand_under_their_names() -> None:
    """Each line of a child has its name before it, and the names are as wide as the longest."""
    text, _ = run(SLEEPER, until=lambda seen: seen.count("up\n") == 2, times=2)

    assert "one    | up\n" in text
    assert "second | up\n" in text


def test_it_says_once_that_all_is_ready() -> None:
    """The announcement comes when the condition is true, and only once."""
    text, _ = run(SLEEPER, until=lambda seen: "all is ready" in seen)

    assert text.count("all is ready") == 1


def test_a_child_that_dies_is_started_again() -> None:
    """Its end is told with the code, and each pause is longer than the last."""
    text, _ = run("raise SystemExit(3)", until=lambda seen: seen.count("started again") >= 2)
    told = [line for line in text.splitlines() if "started again" in line]

    assert "one ended with 3; it is started again in 1 s" in told[0]
    assert "in 2 s" in told[1]


def test_a_deaf_child_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A child that does not stop when asked is killed after the grace period."""
    monkeypatch.setattr("unified_api.serve.supervisor.STOP_SECONDS", 0.3)
    _, seconds = run(DEAF, until=lambda seen: "deaf" in seen)

    assert seconds < LIFE / 2


def test_grandchildren_do_not_survive(tmp_path: Path) -> None:
    """What a child started ends with it."""
    note = tmp_path / "pid"
    program = (
        "import subprocess, sys, time;"
        f"p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep({LIFE})']);"
        f"open({str(note)!r}, 'w').write(str(p.pid)); print('up', flush=True); time.sleep({LIFE})"
    )
    run(program, until=lambda seen: "up" in seen)
    deadline = time.monotonic() + PATIENCE
    while _runs(note.read_text()) and time.monotonic() < deadline:
        time.sleep(0.02)  # a killed process takes a moment to die

    assert not _runs(note.read_text())


def _runs(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_line_is_seen_at_once(tmp_path: Path) -> None:
    """Standard output may be a pipe, whose reader waits for the one line that says that all is ready."""
    with (tmp_path / "out").open("w", buffering=8192) as out:
        Supervisor({"one": ["true"]}, out).write("ready")

        assert (tmp_path / "out").read_text() == "ready\n"
