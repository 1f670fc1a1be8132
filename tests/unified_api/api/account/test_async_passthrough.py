"""Asynchronous passthrough: a worker makes the call, and its answer is fetched with a receipt."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import OperationalError

from tests import stub
from tests.people import Person
from tests.unified_api.api.conftest import Link, Linked
from unified_api.api.account import passthrough
from unified_api.sync import async_passthrough, clock
from unified_api.sync.models_account import AsyncPassthrough


def asked(linked: Linked, method: str = "GET", path: str = "/me", **more: Any) -> str:
    """Have a call made; the path of its answer."""
    answer = linked.send("post", "async-passthrough", {"method": method, "path": path, **more})
    assert answer.status_code == 200, answer.content
    return f"async-passthrough/{answer.json()['async_passthrough_receipt_id']}"


def test_the_answer_is_there_once_a_worker_made_the_call(api: Linked, desk: stub.Desk) -> None:
    """In the form of a passthrough, with the secrets cut out."""
    path = asked(api, normalize_response=True)
    before = api.get(path)
    api.work()
    told = api.get(path).json()

    assert (before.status_code, before.json().keys()) == (404, {"detail"})
    assert (told["status"], told["method"], told["path"]) == (200, "GET", "/me")
    assert told["response"] == {"type": "object", "value": {"account": "stub-1"}}
    assert told["headers"]["Authorization"] == "<redacted>"
    assert desk.token not in str(told)


def test_a_write_whose_worker_was_stopped_is_not_made_again(api: Linked, desk: stub.Desk) -> None:
    """Nobody knows what became of it; a read is made again."""
    write, read = asked(api, "POST", "/tickets", data='{"title": "x"}'), asked(api)
    api.stored(lambda: AsyncPassthrough.objects.update(sent_at=clock.now()))
    desk.log.clear()
    api.work()

    assert api.get(write).json()["status"] == 504
    assert api.get(read).json()["status"] == 200
    assert desk.writes() == []


def test_a_call_that_cannot_be_made_says_so(api: Linked, desk: stub.Desk) -> None:
    """In the answer, which comes all the same."""
    path = asked(api, base_url_override="http://10.0.0.1")
    api.work()
    told = api.get(path).json()

    assert (told["status"], told["response"]["detail"][:22]) == (502, "The call was not made:")


def test_what_is_stored_is_sealed(api: Linked, desk: stub.Desk) -> None:
    """The request holds what only the provider may see, and is gone with the answer."""
    asked(api, "POST", "/tickets", data='{"title": "secret words"}')
    [before] = api.stored(lambda: list(AsyncPassthrough.objects.values()))
    api.work()
    [after] = api.stored(lambda: list(AsyncPassthrough.objects.values()))

    assert "secret words" not in str([bytes(before["sealed_request"]), bytes(after["sealed_answer"])])
    assert not after["sealed_request"]
    assert desk.writes() == [("POST", "/tickets")]


def test_a_receipt_is_good_for_its_account(api: Linked, link: Link, charlie: Person) -> None:
    """And for no other; an unknown one is 404."""
    path = asked(api)
    api.work()
    others = [link(api.person, end_user_origin_id="two"), link(charlie)]

    assert [linked.get(path).status_code for linked in others] == [404, 404]
    assert api.get(f"async-passthrough/{uuid.uuid4()}").status_code == 404


def test_answers_are_kept_for_a_week(api: Linked, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next call takes older ones away."""
    path = asked(api)
    api.work()
    later = clock.now() + 1.1 * async_passthrough.KEPT
    monkeypatch.setattr(clock, "now", lambda: later)
    asked(api)

    assert api.get(path).status_code == 404


@pytest.mark.parametrize(
    ("key", "body"),
    [
        ("method", {"path": "/me"}),
        ("path", {"method": "GET"}),
        ("base_url_override", {"method": "GET", "path": "/", "base_url_override": "x"}),
    ],
)
def test_a_malformed_call_is_refused_at_once(api: Linked, key: str, body: Any) -> None:
    """As by the other passthrough."""
    answers = [api.send("post", path, body) for path in ("async-passthrough", "passthrough")]

    assert [(answer.status_code, list(answer.json())) for answer in answers] == [(400, [key])] * 2


@pytest.mark.parametrize("is_stored", [True, False])
def test_a_receipt_whose_commit_was_not_answered_is_one_call(
    api: Linked, desk: stub.Desk, monkeypatch: pytest.MonkeyPatch, *, is_stored: bool
) -> None:
    """The database is lost as the call is stored, after or before that is done: 200, and one call."""
    enter = passthrough.AsyncPassthrough._enter
    lost: list[Any] = []

    def lose_the_first(*args: Any, **told: Any) -> None:
        if lost:
            enter(*args, **told)
            return
        lost.append(args)
        if is_stored:
            enter(*args, **told)
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(passthrough.AsyncPassthrough, "_enter", lose_the_first)
    path = asked(api, "POST", "/tickets", data='{"title": "x"}')
    api.work()

    assert api.get(path).json()["status"] == 201
    assert desk.writes() == [("POST", "/tickets")]
