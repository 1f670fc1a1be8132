"""The demo's telling: what is printed, and when a step counts as seen."""

from __future__ import annotations

import pytest

from demo.telling import WIDE, NotSeen, Teller, expect, spelled


def test_a_seen_step_is_ticked_with_its_time(capsys: pytest.CaptureFixture[str]) -> None:
    """A step has a number and a title, and ends with a tick and the seconds that it took."""
    with Teller().step("Something is shown"):
        pass

    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "1. Something is shown"
    assert lines[2].startswith("   ✓ 0.0")


def test_a_step_that_was_not_seen_is_not_ticked(capsys: pytest.CaptureFixture[str]) -> None:
    """A step that raises gets no tick."""
    with pytest.raises(NotSeen), Teller().step("Something is shown"):
        expect("the status", "OPEN", "CLOSED")

    assert "✓" not in capsys.readouterr().out


def test_what_is_not_seen_says_what_was(capsys: pytest.CaptureFixture[str]) -> None:
    """The error names what was looked at, what was expected, and what was seen."""
    with pytest.raises(NotSeen, match="the status should be CLOSED, and is OPEN"):
        expect("the status", "OPEN", "CLOSED")


def test_lists_are_told_apart_by_what_differs() -> None:
    """Of forty titles the one that lacks is named, and the one that is there twice."""
    titles = [f"Move desk {number:02}" for number in range(40)]

    with pytest.raises(
        NotSeen, match=r'lacks \["Move desk 39"\], and has \["Move desk 00"\] that should not'
    ):
        expect("the forty", [*titles[:-1], titles[0]], titles)


def test_values_stand_below_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    """Names are padded to the longest; values that are no text are JSON."""
    Teller().values(("before", "OPEN"), ("id", {"a": 1}))

    assert capsys.readouterr().out == '   before  OPEN\n   id      {"a": 1}\n'


def test_a_long_value_is_cut() -> None:
    """A value stays on one line."""
    assert len(spelled("x" * 500)) == WIDE
