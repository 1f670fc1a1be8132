"""The verdict about comments, given made-up ends of small histories: what is wrong is told, what is right is not."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from types import SimpleNamespace
from typing import cast

import pytest

from tests.simulation import thread_verdict
from tests.simulation.comments import CommentManners, Comments
from tests.simulation.remote import Row
from tests.simulation.stage import Stage
from tests.simulation.test_verdict import End
from tests.simulation.threads import Threads
from unified_api.engine.policy import Policy
from unified_api.engine.values import Side


class Talk:
    """Two things were said at side a on a ticket that has its counterpart, and went over; tests change the end."""

    def __init__(self) -> None:
        self.end = End()
        books, tickets = self.end.forged.books, self.end.forged.remotes
        policy = Policy.parse({"fields": {"body": {"winner": "a"}}})
        self.threads = Threads(policy, books, books.clock)
        manners = CommentManners(picky=True)
        self.remotes = {side: Comments(tickets[side], manners, books.clock, self.threads) for side in Side}
        self.threads.remotes = self.remotes
        self.records: dict[Side, list[SimpleNamespace]] = {side: [] for side in Side}
        self.pairs: list[SimpleNamespace] = []
        self.journal: list[SimpleNamespace] = []
        self.rows: list[Row] = [self.threads.said(self.end.a, body) for body in ("c1", "c2")]
        for row in self.rows:
            self.mirrored(row)

    def mirrored(self, row: Row) -> None:
        """The product stores a comment, and has a lone pair for it."""
        now = dt.datetime.fromtimestamp(self.threads.clock(), dt.UTC)
        body = row.now.cells["body"].value
        told = {"remote_id": row.id, "body": body, "is_shell": False, "remote_was_deleted": False}
        record = SimpleNamespace(id=uuid.uuid4(), created_at=now, **told)
        self.records[row.side].append(record)
        if row.maker == "person":
            sides = (
                {"record_a": record.id, "record_b": None} if row.side is Side.A else {"record_b": record.id}
            )
            state = {"state": "alone", "held": "", "problems": [], "awaits": False}
            self.pairs.append(SimpleNamespace(id=uuid.uuid4(), **{"record_a": None, **sides}, **state))

    def goes_over(self, row: Row) -> None:
        """The product makes its counterpart."""
        pair, now = self.pairs[self.rows.index(row)], dt.datetime.fromtimestamp(self.threads.clock(), dt.UTC)
        told = {"ticket": self.end.b.id, "body": row.now.cells["body"].value}
        made = self.remotes[Side.B].answer("POST", ["comments"], {}, told, "").shown[0][0]
        self.mirrored(made)
        pair.record_b, pair.state = self.records[Side.B][-1].id, "paired"
        state = {"operation": "create", "state": "done", "record_id": None, "error": None, "values": told}
        self.journal.append(
            SimpleNamespace(id=uuid.uuid4(), pair_id=pair.id, journalled_at=now, finished_at=now, **state)
        )

    @property
    def wrongs(self) -> list[str]:
        """What is told to be wrong."""
        told = {"side_of": lambda _write: Side.B, "overruled": list}
        tickets = SimpleNamespace(
            mirrored=self.end.records.__getitem__, pairs=lambda: self.end.there, writes=list, **told
        )
        mine = SimpleNamespace(
            mirrored=self.records.__getitem__,
            pairs=lambda: self.pairs,
            writes=lambda: self.journal,
            planned=dict,
            **told,
        )
        return list(thread_verdict.wrongs(cast("Stage", mine), self.threads, cast("Stage", tickets)))

    def over(self) -> None:
        """Both go over, in turn."""
        for row in self.rows:
            self.goes_over(row)


def _leaves(talk: Talk) -> None:
    """The ticket takes no part any more."""
    talk.end.forged.books.choosy = Side.A
    talk.end.edit(talk.end.a, priority="LOW")


def _out_of_turn(talk: Talk) -> None:
    for row in reversed(talk.rows):
        talk.goes_over(row)


def _left(talk: Talk) -> None:
    talk.goes_over(talk.rows[0])


def _waits(talk: Talk) -> None:
    talk.over()
    talk.pairs[0].awaits = True


def _otherwise(talk: Talk) -> None:
    talk.over()
    talk.threads.edit(talk.rows[0], "c3")
    talk.records[Side.A][0].body = "c3"


def _unread(talk: Talk) -> None:
    talk.over()
    talk.threads.edit(talk.rows[0], "c3")


def _unpaired(talk: Talk) -> None:
    talk.over()
    talk.pairs.clear()


def _left_out(talk: Talk) -> None:
    _leaves(talk)
    talk.pairs[0].problems = [{"kind": "unpaired"}]


def _never(talk: Talk) -> None:
    talk.end.forged.books.choosy = Side.A  # whose tickets of low priority take no part
    talk.over()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_out_of_turn, "comment a/2 was said after comment a/1, and stands before it over there"),
        (_left, "comment a/2 has no counterpart, and its ticket has"),
        (_waits, "comment a/1 still waits, and a/1 has its counterpart"),
        (_otherwise, "comment a/1 and comment b/1 do not say the same"),
        (_unread, "comment a/1 says 'c3', the mirror 'c1'"),
        (_unpaired, "comment a/1 belongs to no pair"),
        (_left_out, "comment a/1 has a problem, and its ticket takes no part"),
        (_never, "comment a/1 went over, and a/1 took no part"),
    ],
)
def test_what_is_wrong_is_told(spoil: Callable[[Talk], None], words: str) -> None:
    """One thing is not as it should be at the end."""
    talk = Talk()
    spoil(talk)

    assert any(words in wrong for wrong in talk.wrongs)


@pytest.mark.parametrize("spoil", [Talk.over, _leaves])
def test_what_went_over_in_turn_and_what_takes_no_part_is_right(spoil: Callable[[Talk], None]) -> None:
    """Nothing is said of either."""
    talk = Talk()
    spoil(talk)

    assert talk.wrongs == []


def test_nobody_waits_for_what_was_tried_in_vain() -> None:
    """The first was tried three times, and went over after the second."""
    talk = Talk()
    _out_of_turn(talk)
    first = talk.journal[-1]
    talk.journal += [SimpleNamespace(**{**vars(first), "state": "not applied"}) for _ in range(3)]

    assert talk.wrongs == []


def test_who_is_made_again_may_come_late() -> None:
    """Somebody had said it over there as well, and took it back when later ones had gone over already."""
    talk = Talk()
    first = talk.rows[0]
    there = talk.threads.said(talk.end.b, str(first.now.cells["body"].value))
    talk.mirrored(there)
    talk.pairs.pop()
    talk.threads.remove(there)
    talk.records[Side.B][-1].remote_was_deleted = True
    _out_of_turn(talk)

    assert [one for one in talk.wrongs if "stands before it" in one] == []
