"""The bookkeeper, fed by hand with small histories: what went wrong is blamed, and what went right is not."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from tests.simulation.bookkeeper import Bookkeeper
from tests.simulation.manners import FIELDS, PLAIN
from tests.simulation.remote import REMOTE_NAMES, Remote, Row
from unified_api.engine.policy import Policy
from unified_api.engine.values import Side, Value

AGREED = {"name": "v1", "description": "v2", "status": "OPEN", "priority": "LOW"}


class Forged:
    """A history that is made up step by step."""

    def __init__(self) -> None:
        seconds = count(1)
        clock = lambda: float(next(seconds))  # noqa: E731 - it is passed on
        policy = Policy.parse({"fields": {name: {"winner": "a"} for name in FIELDS}})
        self.books = Bookkeeper(policy, clock)
        self.remotes = {side: Remote(side, PLAIN, clock, self.books) for side in Side}
        self.books.remotes = self.remotes

    def born(self, side: Side, **values: Value) -> Row:
        """Somebody makes a record."""
        return self.books.born(side, AGREED | values)

    def shown(self, *rows: Row) -> None:
        """An answer shows records as they are."""
        self.books.served([(row, row.now) for row in rows])

    def pair(self) -> tuple[Row, Row]:
        """Two records that were seen to say the same."""
        a, b = self.born(Side.A), self.born(Side.B)
        self.shown(a, b)
        return a, b

    def written(self, row: Row, **sent: Value) -> None:
        """The product writes, and gets its answer."""
        answer = self.remotes[row.side].answer("PATCH", ["tickets", row.id], {}, _body(sent), "")
        self.books.served(answer.shown)

    def created(self, side: Side, **sent: Value) -> Row:
        """The product creates a record, and gets its answer."""
        answer = self.remotes[side].answer("POST", ["tickets"], {}, _body(sent), "")
        self.books.served(answer.shown)
        ((row, _),) = answer.shown
        return row


def _body(sent: dict[str, Value]) -> dict[str, Any]:
    words = {"LOW": "p3", "NORMAL": "p2", "URGENT": "p1"}
    return {REMOTE_NAMES[name]: words.get(str(value), value) for name, value in sent.items()}


@pytest.fixture
def forged() -> Forged:
    """An empty history."""
    return Forged()


def test_a_name_that_no_answer_showed_makes_no_namesake(forged: Forged) -> None:
    """What was renamed before anybody read it leaves two records of its first name the only ones, and agreed."""
    twin = forged.born(Side.A)
    forged.books.edit(twin, "name", "v9")
    _, b = forged.pair()

    forged.books.edit(b, "priority", "NORMAL")
    forged.shown(b)
    forged.written(next(row for row in forged.remotes[Side.A].living() if row is not twin), priority="NORMAL")

    assert [gave for gave in forged.books.gave if gave.visible] == []


def test_a_created_record_belongs_to_the_one_that_was_shown_by_its_name(forged: Forged) -> None:
    """A removed record that nobody ever read is no reason to doubt whose counterpart was created."""
    forged.books.remove(forged.born(Side.B))
    b = forged.born(Side.B)
    forged.shown(b)
    a = forged.created(Side.A, name="v1", priority="LOW")

    assert forged.books.of(a).partner is b
    assert forged.books.wrongs == []
