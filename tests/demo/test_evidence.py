"""What the demo shows of logs when a step was not seen."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import pytest

from demo import __main__ as command
from demo import evidence
from demo.isthmus import Isthmus
from demo.servers import HelpDesk, Roundup
from demo.stage import Stage
from demo.telling import NotSeen, Teller


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A stage on which nothing runs."""
    servers = (Roundup(tmp_path, tmp_path / "roundup"), HelpDesk(tmp_path, tmp_path / "desk"))
    return Stage(*servers, Isthmus(tmp_path, 1, tmp_path / "log"), Teller(), run=1)


def test_trouble_is_shown_beside_the_end_of_a_log(tmp_path: Path) -> None:
    """Warnings, failed requests and the reasons of tracebacks from anywhere; of the rest only the end."""
    trouble = [
        "web | \x1b[33m[warning  ] pull.failed",
        'tracker - "GET /issue HTTP/1.1" 400 -',
        "sqlite3.OperationalError: database is locked",
    ]
    quiet = [f'desk - "GET /tickets/ HTTP/1.1" 200 {number}' for number in range(50)]
    log = tmp_path / "log"
    log.write_text("\n".join([*trouble, *quiet]))

    assert evidence.excerpt(log) == [
        "web | [warning  ] pull.failed",
        *trouble[1:],
        "…",
        *quiet[-evidence.LAST :],
    ]


def test_a_failed_demo_ends_with_the_step_and_the_reason(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Behind what the logs say: whoever sees only the end of the output sees what was not seen, and why."""
    stage.isthmus.log.write_text("[error    ] something went wrong")

    def unseen(stage: Stage) -> None:
        with stage.teller.step("Something is shown"):
            raise NotSeen("the status is OPEN")

    monkeypatch.setattr(command, "tell", unseen)
    monkeypatch.setattr(command, "staged", lambda *_: nullcontext(stage))

    options = command._options(["--once", "--software", str(tmp_path)])
    assert command._run(options, stage.teller) == 1

    lines = capsys.readouterr().out.splitlines()
    assert lines[-2:] == ["1. Something is shown", "   ✗ step 1 was not seen: the status is OPEN"]
    assert "  [error    ] something went wrong" in lines
