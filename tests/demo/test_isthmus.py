"""Isthmus as the demo runs it: calls as lines for a shell, modules beside it."""

from __future__ import annotations

import shlex
import signal
from pathlib import Path

import pytest

from demo.isthmus import Isthmus, IsthmusFailed


@pytest.fixture
def isthmus(tmp_path: Path) -> Isthmus:
    """An installation that does not run."""
    return Isthmus(tmp_path, 1, tmp_path / "log")


def test_a_call_about_no_account_names_none(isthmus: Isthmus) -> None:
    """The line has an account token only where the call is about an account."""
    assert isthmus.curl("GET", "sync/v1/plans") == (
        'curl -s -H "Authorization: Bearer $KEY" http://127.0.0.1:1/api/sync/v1/plans'
    )
    assert '-H "X-Account-Token: $ROUNDUP"' in isthmus.curl("GET", "ticketing/v1/tickets", "$ROUNDUP")


def test_a_line_for_a_shell_is_one_word_per_argument(isthmus: Isthmus) -> None:
    """A query has signs that mean something to a shell."""
    line = isthmus.curl("GET", "sync/v1/history?record_id=1&field=name")

    assert shlex.split(line)[-1] == "http://127.0.0.1:1/api/sync/v1/history?record_id=1&field=name"


def test_a_module_that_is_killed_tells_by_which_signal(
    isthmus: Isthmus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The status of a killed process is the signal, below zero; what it had printed is there."""
    (tmp_path / "victim.py").write_text("import os\nprint('here', flush=True)\nos.kill(os.getpid(), 9)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    assert isthmus.python("victim") == (-signal.SIGKILL, "here\n")


def test_a_module_that_fails_is_told(isthmus: Isthmus) -> None:
    """A module that ends with an error is no step that was seen."""
    with pytest.raises(IsthmusFailed, match=r"demo\.nowhere ended with 1: .*No module named"):
        isthmus.python("demo.nowhere")
