"""Connections to the database go from request to request, whatever threads these come on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, connections

from tests.people import Person
from unified_api.serve.lending import lending


class Requests:
    """An application that notes the connection of each request, and asks the database by it."""

    def __init__(self) -> None:
        self.had: list[Any] = []
        self.application = lending(self._answer)

    def _answer(self, during: Callable[[], None], _start_response: Any) -> list[bytes]:
        mine = connections["default"]
        self.had.append(mine)
        with mine.cursor() as cursor:
            cursor.execute("SELECT 1")
        during()
        return [b""]

    def send(self, during: Callable[[], None] = lambda: None) -> None:
        """One request on a thread of its own."""
        with ThreadPoolExecutor(1) as thread:
            thread.submit(self.application, during, None).result()


@pytest.fixture
def requests(alice: Person) -> Iterator[Requests]:
    """Requests to the database that Alice brings, whose connections are closed at the end."""
    sent = Requests()
    yield sent
    for one in sent.had:
        one.close()


def test_one_request_after_the_other_has_the_same_connection(requests: Requests) -> None:
    """Though each comes on another thread; and no connection is left to that thread."""
    for _ in range(3):
        requests.send()

    first, *others = requests.had
    assert all(one is first for one in others)
    assert connection.connection is not first.connection


def test_requests_at_once_have_connections_of_their_own(requests: Requests) -> None:
    """Of these, the one that was given back last goes out first."""
    requests.send(during=requests.send)
    outer, inner = requests.had
    requests.send()

    assert outer is not inner
    assert requests.had[2] is outer


def test_a_request_that_fails_gives_its_connection_back(requests: Requests) -> None:
    """The next one has it."""

    def fail() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        requests.send(during=fail)
    requests.send()

    assert requests.had[0] is requests.had[1]


def test_a_connection_that_was_idle_for_too_long_is_let_go(requests: Requests) -> None:
    """What one busy moment has opened does not stay open for ever; what is in use does."""
    requests.send(during=requests.send)
    outer, inner = requests.had
    inner.close_at = 0.0
    requests.send()

    assert inner.connection is None
    assert outer.connection is not None


def test_many_requests_at_once_never_share_a_connection(requests: Requests) -> None:
    """Whatever they give back and take meanwhile."""
    held: set[int] = set()
    shared: list[int] = []
    lock = threading.Lock()

    def use() -> None:
        mine = id(connections["default"])
        with lock:
            shared.extend({mine} & held)
            held.add(mine)
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.001)")
        with lock:
            held.discard(mine)

    with ThreadPoolExecutor(8) as threads:
        for done in [threads.submit(requests.application, use, None) for _ in range(100)]:
            done.result()

    assert shared == []
    assert len({id(one) for one in requests.had}) <= 8
