"""Logs: JSON lines, correlation ids, and nothing that should stay hidden."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.utils.log import log_response

from tenants.tokens import Prefix, new_token
from unified_api.serve import logs


@pytest.fixture
def configured(capsys: pytest.CaptureFixture[str]) -> Iterator[pytest.CaptureFixture[str]]:
    """JSON logs onto the captured standard error; handlers are put back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()  # or configuring would close pytest's own
    logs.configure(form="json", level="INFO")
    yield capsys
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.contextvars.clear_contextvars()


def last_line(captured: pytest.CaptureFixture[str]) -> dict[str, object]:
    """The last log line as an object."""
    found: dict[str, object] = json.loads(captured.readouterr().err.splitlines()[-1])
    return found


def test_both_kinds_of_loggers_write_json(configured: pytest.CaptureFixture[str]) -> None:
    """Loggers of structlog and the standard library's write the same shape."""
    structlog.get_logger("ours").info("pull.done", rows=3)
    ours = last_line(configured)
    logging.getLogger("theirs").warning("careful %s", "now")
    theirs = last_line(configured)

    assert (ours["event"], ours["rows"], ours["level"], ours["logger"]) == ("pull.done", 3, "info", "ours")
    assert (theirs["event"], theirs["level"], theirs["logger"]) == ("careful now", "warning", "theirs")


def test_tracebacks_show_no_variables(configured: pytest.CaptureFixture[str]) -> None:
    """The values of local variables, which may be secrets, are not logged with an exception."""
    canary = "canary-" + "4711"
    try:
        int(canary + "x" if canary == "" else "no number")
    except ValueError:
        structlog.get_logger("ours").exception("failed")
    text = configured.readouterr().err

    assert "ValueError" in text
    assert canary not in text


def test_no_token_is_written(configured: pytest.CaptureFixture[str]) -> None:
    """Whatever it opens, and wherever in a line it stands: in a sentence, a value, a value within, an exception."""
    tokens = [new_token(prefix).reveal() for prefix in Prefix]
    for token in tokens:
        logging.getLogger("theirs").warning("Not Found: /api/hris/v1/account-token/%s", token)
        about = {"path": f"/{token}/x", "within": [{"key": token}], "exc_info": LookupError(token)}
        structlog.get_logger("ours").error("failed", **about)
    text = configured.readouterr().err

    assert [token for token in tokens if token[12:] in text] == []
    assert [prefix for prefix in Prefix if text.count(f"{prefix}...") != 4] == []


def test_no_query_is_written(configured: pytest.CaptureFixture[str]) -> None:
    """Django logs each request that it refuses: by its method and path, as people's data are in the query."""
    request = RequestFactory().get("/api/hris/v1/employees", {"work_email": "ada@example.com"})
    refused = HttpResponse(status=400)
    log_response("%s: %s", refused.reason_phrase, request.path, response=refused, request=request)
    line = last_line(configured)

    assert (line["request"], line["status_code"]) == ("GET /api/hris/v1/employees", 400)
    assert "ada" not in str(line)


def answer(request: HttpRequest) -> HttpResponse:
    """A view that logs and answers with the correlation id that it sees."""
    structlog.get_logger("view").info("seen")
    return HttpResponse(structlog.contextvars.get_contextvars()["correlation_id"])


def test_a_request_gets_a_correlation_id(configured: pytest.CaptureFixture[str]) -> None:
    """The id is in the answer's header and in every line that was logged meanwhile."""
    response = logs.correlate(answer)(RequestFactory().get("/"))
    line = last_line(configured)

    assert response.headers["X-Correlation-Id"] == response.content.decode() == line["correlation_id"]


@pytest.mark.parametrize(
    ("offered", "kept"), [("abc-12345", True), ("short", False), ("x" * 81, False), ("a b c d e f g", False)]
)
def test_a_callers_id_is_kept_if_harmless(
    configured: pytest.CaptureFixture[str],
    offered: str,
    kept: bool,  # noqa: FBT001 - a parameter
) -> None:
    """An id of letters, digits, dots and dashes is kept; anything else gets a new one."""
    response = logs.correlate(answer)(RequestFactory().get("/", headers={"X-Correlation-Id": offered}))

    assert (response.headers["X-Correlation-Id"] == offered) is kept


@pytest.mark.parametrize("wrong", [{"form": "xml", "level": "INFO"}, {"form": "json", "level": "LOUD"}])
def test_wrong_settings_are_refused(wrong: dict[str, str]) -> None:
    """An unknown form or level is named, not guessed."""
    with pytest.raises(ImproperlyConfigured, match="LOG_"):
        logs.configure(**wrong)
