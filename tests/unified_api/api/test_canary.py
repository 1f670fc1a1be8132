"""A credential is planted, everything is done with it that can be done, and nothing that comes out tells it."""

from __future__ import annotations

import logging
from typing import Any

import psycopg
import pytest
from kombu.exceptions import OperationalError

from tests import stub
from tests.canary import CANARY, every_row, found
from tests.people import Person
from tests.unified_api.api.conftest import Link, Linked
from unified_api.sync import job
from unified_api.sync.tasks import work

PATHS = ("tickets", "users", "tags", "linked-accounts", "account-details", "sync-status", "tickets/meta/post")


@pytest.fixture
def planted(desk: stub.Desk, alice: Person, link: Link) -> Linked:
    """An account whose token at the help desk is the canary."""
    desk.token = CANARY
    desk.add(title="A ticket", state="open")
    return link(alice)


def _do_everything(api: Linked, desk: stub.Desk) -> list[str]:
    """Read, write, be refused, be cut off, pass through; all that was answered, headers included."""
    api.work()
    answers = [api.get(path) for path in PATHS]
    ticket = answers[0].json()["results"][0]["id"]
    answers += [
        api.get(f"tickets/{ticket}", {"include_remote_data": "true", "expand": "creator"}),
        api.send("post", "tickets?is_debug_mode=true", {"model": {"name": "made"}}),
        api.send("patch", f"tickets/{ticket}", {"model": {"name": "changed"}}),
        api.send("post", "passthrough", {"method": "GET", "path": "/me", "headers": {"X": "y"}}),
    ]
    desk.refuse = [422]
    answers.append(api.send("post", "tickets", {"model": {"name": "refused"}}))
    desk.cut_after_write = 1
    answers.append(api.send("post", "tickets", {"model": {"name": "cut off"}}))
    desk.token = "another one now"
    answers.append(api.send("post", "tickets", {"model": {"name": "locked out"}}))
    answers.append(api.get("account-details"))
    return [f"{answer.headers} {answer.content.decode()}" for answer in answers]


def test_no_answer_log_or_row_tells_a_credential(
    planted: Linked,
    desk: stub.Desk,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    database: psycopg.Connection[Any],
) -> None:
    """Not answers nor logs, not standard output or error, and no table in any spelling."""
    caplog.set_level(logging.DEBUG)
    answers = _do_everything(planted, desk)
    output = capfd.readouterr()
    logs = [f"{record.getMessage()} {record.__dict__}" for record in caplog.records]

    assert any(" 401 " in text or "RELINK_NEEDED" in text for text in answers)
    assert logs
    assert found(CANARY, answers) == []
    assert found(CANARY, [*logs, output.out, output.err]) == []
    assert found(CANARY, every_row(database)) == []


def test_the_account_token_and_api_key_are_in_no_row(
    planted: Linked, desk: stub.Desk, database: psycopg.Connection[Any]
) -> None:
    """What callers present is kept as a digest, or sealed."""
    _do_everything(planted, desk)
    rows = every_row(database)

    assert found(planted.token.reveal(), rows) == []
    assert found(planted.person.api_key.reveal(), rows) == []


def test_a_task_is_told_a_queue_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """The only argument of the only task that works is the name of its queue; an unreachable broker is survived."""
    sent: list[Any] = []

    def remember(**message: Any) -> None:
        sent.append(message["args"])
        raise OperationalError("the broker is away")

    monkeypatch.setattr(work, "apply_async", remember)
    job.wake(job.BACKGROUND, 2)

    assert sent == [("background",)]
