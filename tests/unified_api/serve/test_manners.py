"""What nobody waits for takes what the others leave."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = """
import os
from pathlib import Path
from unified_api.serve import manners
manners.SESSION = Path(os.environ["SESSION"])
before = os.nice(0)
manners.give_way()
print(os.nice(0) - before)
"""


def _modest(folder: Path, *, alone: bool) -> tuple[int, str]:
    """By how much nicer a process became, and what it said about its session."""
    session = folder / "autogroup"
    session.write_text("")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env={"SESSION": str(session)},
        start_new_session=alone,
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout), session.read_text()


def test_a_process_that_gives_way_is_nicer_with_its_whole_session(tmp_path: Path) -> None:
    """Linux weighs sessions first: a nice process in one of its own would get as much as before."""
    assert _modest(tmp_path, alone=True) == (10, "10")


def test_a_session_that_is_shared_is_left_alone(tmp_path: Path) -> None:
    """Who starts a worker in a terminal does not want the terminal to be slow."""
    assert _modest(tmp_path, alone=False) == (10, "")
