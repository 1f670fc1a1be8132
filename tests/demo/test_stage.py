"""The demo's stage: alone in its home, patient with what happens by itself, plain about what stands in the way."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from demo import stage as staging
from demo.isthmus import REPOSITORY, Isthmus
from demo.servers import HelpDesk, Roundup
from demo.stage import Stage, StageTaken
from demo.telling import NotSeen, Teller


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A stage on which nothing runs."""
    servers = (Roundup(tmp_path, tmp_path / "roundup"), HelpDesk(tmp_path, tmp_path / "desk"))
    return Stage(*servers, Isthmus(tmp_path, 1, tmp_path / "log"), Teller(), run=1)


def _ticking(clock: Iterator[int]) -> SimpleNamespace:
    """A clock on which every look at it takes a second, and sleep none."""
    return SimpleNamespace(monotonic=lambda: float(next(clock)), sleep=lambda _: None)


def test_a_second_demo_waits_and_then_says_why_it_cannot_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two demos in one home: the second gives up with a sentence that says what to do."""
    monkeypatch.setattr(staging, "LEFTOVER", 0.2)
    path = tmp_path / "demo.lock"

    with (
        staging._alone(path, Teller()),
        pytest.raises(StageTaken, match="Another demo is running here: stop it, or set ISTHMUS_HOME"),
        staging._alone(path, Teller()),
    ):
        pass


def test_runs_are_counted(tmp_path: Path) -> None:
    """Each run has a number of its own."""
    assert [staging._count(tmp_path / "runs") for _ in range(3)] == [1, 2, 3]


def test_what_happens_by_itself_is_waited_for(stage: Stage) -> None:
    """Looking goes on until the wanted value is there."""
    seen = iter(["OPEN", "OPEN", "CLOSED"])

    assert stage.until("the status", lambda: next(seen), "CLOSED") == "CLOSED"


def test_what_never_happens_is_told_with_what_was_seen(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """When patience ends, the error says what was seen instead."""
    monkeypatch.setattr(staging, "PATIENCE", 0.1)

    with pytest.raises(NotSeen, match="the status should be CLOSED, and is OPEN after"):
        stage.until("the status", lambda: "OPEN", "CLOSED")


def test_what_moves_is_waited_for_longer(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Patience ends where nothing changes; on a slow machine, what comes one by one may all come."""
    clock, seen = iter(range(10_000)), iter(range(100))
    monkeypatch.setattr(staging, "PATIENCE", 50)
    monkeypatch.setattr(staging, "time", _ticking(clock))

    assert stage.until("the count", lambda: next(seen), 99) == 99
    assert next(clock) > 100


def test_what_moves_for_ever_is_not_waited_for(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is an end to that, too."""
    clock, seen = iter(range(10_000)), iter(range(10_000))
    monkeypatch.setattr(staging, "time", _ticking(clock))

    with pytest.raises(
        NotSeen, match=r"the count should be -1, and is \d+ after 90\d s, 0 s without a change"
    ):
        stage.until("the count", lambda: next(seen), -1)


def test_a_log_that_comes_late_is_waited_for(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server answers before it writes its log: requests that are known to be made are counted when they are there."""
    counts = iter([{"roundup": 5, "django-helpdesk": 7}, {"roundup": 5, "django-helpdesk": 9}])
    monkeypatch.setattr(stage, "writes", lambda: next(counts))

    assert stage.writes_with({"roundup": 5, "django-helpdesk": 7}, {"django-helpdesk": 2}) == {
        "roundup": 5,
        "django-helpdesk": 9,
    }


def test_the_demo_keeps_away_from_a_given_database(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever production settings the environment has, the demo's Isthmus does not see them."""
    for name in ("DATABASE_URL", "DATABASE_APP_URL_FILE", "BROKER_URL", "MASTER_KEYS", "SECRET_KEY_FILE"):
        monkeypatch.setenv(name, "given")
    monkeypatch.setenv("ALLOW_PRIVATE_HOSTS", "tracker.internal")

    seen = stage.isthmus._environment()
    assert "given" not in seen.values()
    assert seen["ALLOW_PRIVATE_HOSTS"] == "tracker.internal,127.0.0.1/32"


def test_a_taken_port_is_one_sentence(tmp_path: Path) -> None:
    """A port that somebody else listens on ends the demo at once, with status 1 and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-m", "demo", "--once", "--port", port],
            cwd=REPOSITORY,
            env={**os.environ, "ISTHMUS_HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )

    assert done.returncode == 1
    assert done.stdout.strip().startswith(f"demo: Port {port} of 127.0.0.1 is not free")
    assert "--port" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
