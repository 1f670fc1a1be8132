"""An emulator as a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.processes
def test_it_runs_until_it_is_ended() -> None:
    """It says where it is, and answers there."""
    command = [sys.executable, "-m", "tests.emulators", "zendesk"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().split()[-1]
        with pytest.raises(HTTPError, match="401"):
            urlopen(f"{address}/api/v2/tickets", timeout=120)  # noqa: S310 - the address is ours
        process.terminate()

    assert address.startswith("http://127.0.0.1:")
