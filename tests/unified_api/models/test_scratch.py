"""A model is one class, a field is one line: everything else follows from them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SEEN = "tests/scratch/seen.py"


@pytest.mark.processes
def test_a_model_that_an_app_declares_is_listed_filtered_written_documented_and_in_the_console() -> None:
    """An installation with an app of one class more: its tests, run there, pass, and none is left out."""
    inherited = ("ISTHMUS", "PYTEST", "BROKER", "DJANGO_SETTINGS_MODULE")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(inherited)}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--ds",
        "tests.scratch.settings",
        SEEN,
    ]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    expected = len(re.findall(r"^def test_", (ROOT / SEEN).read_text(), re.MULTILINE))
    summary = re.search(r"^(\d+) passed(.*)", run.stdout, re.MULTILINE)

    assert run.returncode == 0, run.stdout + run.stderr
    assert summary
    assert int(summary[1]) >= expected > 0
    assert not re.search("skipped|deselected|xfailed|xpassed", summary[2])
