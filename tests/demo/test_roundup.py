"""The tracker as the demo's people use it: whoever meets a failure of its own presses reload."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
import requests

from demo.servers import Roundup, roundup

_FAILED = '{"error": {"status": 400, "msg": "An error occurred. Please check the server log"}}'
_REFUSED = '{"error": {"status": 400, "msg": "Property nonsense not found in class issue"}}'


class Answers:
    """Says one thing after the other, in place of the tracker's API."""

    def __init__(self, *answers: tuple[int, str]) -> None:
        self.left = list(answers)

    def __call__(self, *_words: Any, **_params: Any) -> dict[str, str]:
        """The next answer, raised when it is a refusal."""
        response = requests.Response()
        response.status_code, text = self.left.pop(0)
        response._content = text.encode()
        if not response.ok:
            raise requests.HTTPError(text, response=response)
        return {"data": text}


@pytest.fixture
def tracker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Roundup:
    """A tracker that does not run."""
    monkeypatch.setattr(roundup, "_PAUSE", 0.0)
    return Roundup(tmp_path, tmp_path)


@pytest.mark.parametrize(
    "failed", [(HTTPStatus.BAD_REQUEST, _FAILED), (HTTPStatus.INTERNAL_SERVER_ERROR, "")]
)
def test_what_the_tracker_failed_at_is_asked_again(
    tracker: Roundup, monkeypatch: pytest.MonkeyPatch, failed: tuple[int, str]
) -> None:
    """Its threads fail now and then at good requests."""
    monkeypatch.setattr(tracker, "api", Answers(failed, failed, (HTTPStatus.OK, "found")))

    assert tracker.rest("GET", "issue") == "found"


@pytest.mark.parametrize(("method", "text"), [("GET", _REFUSED), ("POST", _FAILED)])
def test_refusals_and_what_might_be_done_twice_are_not_asked_again(
    tracker: Roundup, monkeypatch: pytest.MonkeyPatch, method: str, text: str
) -> None:
    """A refusal stays one, and a create that failed may have been carried out."""
    answers = Answers((HTTPStatus.BAD_REQUEST, text), (HTTPStatus.OK, "found"))
    monkeypatch.setattr(tracker, "api", answers)

    with pytest.raises(requests.HTTPError):
        tracker.rest(method, "issue")

    assert len(answers.left) == 1
