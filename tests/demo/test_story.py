"""The whole demo as a user runs it: real servers, a real installation, every step seen, nothing left behind."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.isthmus import REPOSITORY
from tests.homes import quick
from unified_api.serve.postgres import Cluster

#: Where `make demo` keeps the servers' packages by default, so that they are installed once for all that run.
SOFTWARE = REPOSITORY / ".isthmus" / "servers"
#: Seconds that Postgres may take to end, on a machine that does much else.
STOPPED = 60.0
#: Lines from the end that tell of what was not seen.
END = 20
#: Words of steps that must not be left out.
TOLD = (
    "carried out item by item",
    "overruled value",
    "the brake holds",
    "restored from",
    "one ticket, not two",
)


@pytest.fixture
def home() -> Iterator[Path]:
    """A home of the demo's own, which other users of the machine may pass."""
    folder = quick(Path(tempfile.mkdtemp(prefix="isthmus-demo-")))
    folder.chmod(0o711)
    yield folder
    Cluster(folder).wait_until_stopped(STOPPED)
    shutil.rmtree(folder)


def _free_port() -> str:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return str(listener.getsockname()[1])


def _processes_of(home: Path) -> str:
    listed = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True, check=True).stdout
    return "\n".join(line for line in listed.splitlines() if str(home) in line)


def _told(output: str) -> str:
    """The end first, which says what was not seen, and why: of long messages the middle may be cut."""
    lines = output.splitlines()
    return "\n".join(["it ends:", *lines[-END:], "", "and begins:", *lines[:-END]])


@pytest.mark.real
@pytest.mark.timeout(3600)
def test_every_step_of_the_demo_is_seen(home: Path) -> None:
    """`python -m demo --once` ends with status 0, tells the bridge's story to its end, and leaves no process."""
    command = [sys.executable, "-m", "demo", "--once", "--port", _free_port(), "--software", str(SOFTWARE)]
    done = subprocess.run(
        command,
        cwd=REPOSITORY,
        env={**os.environ, "ISTHMUS_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, _told(done.stdout + done.stderr)
    assert done.stderr == ""
    assert "steps were seen" in done.stdout
    assert "✗" not in done.stdout
    assert [told for told in TOLD if told not in done.stdout] == []
    Cluster(home).wait_until_stopped(STOPPED)
    assert _processes_of(home) == ""
