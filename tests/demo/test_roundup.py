"""The tracker as the demo's people use it: whoever meets a failure of its own presses reload."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
import requests

from demo.servers import Roundup, roundup

_FAILED = '{"error": {"status": 400, "msg": "An error occurred. Please check the server log"}}'
_PAGE = f"<body><p>An error occurred. Please check\n{' ' * 24}the server log for more information.</p></body>"
_MOVED = '{"error": {"status": 412, "msg": "If-Match is missing or does not match."}}'
_REFUSED = '{"error": {"status": 400, "msg": "Property nonsense not found in class issue"}}'


class Answers:
    """Says one thing after the other, in place of the tracker's API; `asked` is what it was asked for."""

    def __init__(self, *answers: tuple[int, str]) -> None:
        self.left = list(answers)
        self.asked: list[str] = []

    def __call__(self, method: str, path: str, *_body: Any, **_params: Any) -> dict[str, Any]:
        """The next answer, raised when it is a refusal; an address that works once, where one is asked for."""
        self.asked.append(f"{method} {path}")
        if path.endswith("/@poe"):
            return {"data": {"link": f"http://tracker{path}/once"}}
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
    "failed",
    [
        (HTTPStatus.BAD_REQUEST, _FAILED),
        (HTTPStatus.BAD_REQUEST, _PAGE),
        (HTTPStatus.INTERNAL_SERVER_ERROR, ""),
        (HTTPStatus.PRECONDITION_FAILED, _MOVED),
    ],
)
def test_what_the_tracker_failed_at_is_asked_again(
    tracker: Roundup, monkeypatch: pytest.MonkeyPatch, failed: tuple[int, str]
) -> None:
    """Its threads fail now and then at good requests, and others may change an issue first."""
    monkeypatch.setattr(tracker, "api", Answers(failed, failed, (HTTPStatus.OK, "found")))

    assert tracker.rest("GET", "issue") == "found"


def test_what_is_made_is_asked_for_again_at_the_address_that_works_once(
    tracker: Roundup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A create that failed may have been carried out: it is never asked for at a second address."""
    answers = Answers((HTTPStatus.BAD_REQUEST, _PAGE), (HTTPStatus.CREATED, "made"))
    monkeypatch.setattr(tracker, "api", answers)

    assert tracker.rest("POST", "issue", {"title": "x"}) == "made"
    once = "POST /tracker/rest/data/issue/@poe"
    assert answers.asked == [once, f"{once}/once", f"{once}/once"]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_refusals_are_not_asked_again(tracker: Roundup, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    """A refusal stays one."""
    answers = Answers((HTTPStatus.BAD_REQUEST, _REFUSED), (HTTPStatus.OK, "found"))
    monkeypatch.setattr(tracker, "api", answers)

    with pytest.raises(requests.HTTPError):
        tracker.rest(method, "issue")

    assert len(answers.left) == 1
