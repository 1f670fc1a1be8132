"""The books of comments, fed by hand: what is blamed, and what is not."""

from __future__ import annotations

import pytest

from tests.simulation.approved import Approved
from tests.simulation.comments import CommentManners, Comments
from tests.simulation.forged import Forged
from tests.simulation.remote import Row
from tests.simulation.threads import Threads
from unified_api.engine.policy import Policy
from unified_api.engine.values import Side

PICKY = CommentManners(picky=True)


class Said:
    """One ticket on both sides, and what is said on it. deletes: the rule of comments at both sides."""

    def __init__(self, deletes: str = "ask") -> None:
        tickets = self.forged = Forged()
        policy = Policy.parse({"fields": {"body": {"winner": "a"}}, "deletes": {"a": deletes, "b": deletes}})
        self.threads = Threads(policy, tickets.books, tickets.books.clock)
        self.remotes = {
            side: Comments(tickets.remotes[side], PICKY, tickets.books.clock, self.threads) for side in Side
        }
        self.threads.remotes, self.threads.stored = self.remotes, tickets.books.stored
        self.a, self.b = tickets.kept_equal()
        self.comment = self.threads.said(self.a, "c1")

    @property
    def wrongs(self) -> list[str]:
        """What was blamed."""
        return self.threads.wrongs

    def created(self, body: str, on: Row | None = None) -> Row | None:
        """The product says something at side b; nothing where it is refused."""
        told = {"ticket": (on or self.b).id, "body": body}
        answer = self.remotes[Side.B].answer("POST", ["comments"], {}, told, "")
        return answer.shown[0][0] if answer.shown else None

    def removed(self, row: Row) -> None:
        """The product deletes a comment."""
        self.remotes[row.side].answer("DELETE", ["comments", row.id], {}, None, "")


def test_what_is_said_once_on_the_counterpart_is_right() -> None:
    """A comment goes over."""
    said = Said()
    said.created("c1")

    assert (said.threads.partner[said.comment].id, said.wrongs) == ("1", [])


@pytest.mark.parametrize(
    ("bodies", "wrong"),
    [
        (["c1", "c1"], "a second counterpart of comment a/1 was made, comment b/2"),
        (["c9"], "comment b/1 says 'c9', which nobody has said on the other side"),
    ],
)
def test_what_is_said_twice_or_by_nobody_is_blamed(bodies: list[str], wrong: str) -> None:
    """Each comment goes over once, and nothing else does."""
    said = Said()
    for body in bodies:
        said.created(body)

    assert said.wrongs == [wrong]


def test_what_is_said_on_another_ticket_is_blamed() -> None:
    """It belongs on the counterpart of its own."""
    said = Said()
    said.created("c1", on=said.forged.born(Side.B, name="v9"))

    assert said.wrongs == ["comment b/1 was made for comment a/1, of another ticket"]


@pytest.mark.parametrize(("stored", "times", "wrongs"), [(False, 1, 0), (False, 2, 1), (True, 1, 2)])
def test_a_create_whose_record_was_edited_before_it_was_stored_may_be_repeated_once(
    *, stored: bool, times: int, wrongs: int
) -> None:
    """Its answer was lost, and nobody can know whose it is: it goes over itself, as what somebody said."""
    said = Said()
    lost = said.created("c1")
    assert lost is not None
    said.threads.unanswered(lost)
    if stored:
        said.forged.stored(lost)
    said.threads.edit(lost, "c2")
    said.created("c1")
    for _ in range(times):
        said.remotes[Side.A].answer("POST", ["comments"], {}, {"ticket": said.a.id, "body": "c2"}, "")

    assert len(said.wrongs) == wrongs


@pytest.mark.parametrize(("rule", "wrongs"), [("restore", 0), ("unlink", 1)])
def test_what_was_taken_back_is_made_again_where_a_rule_says_so(rule: str, wrongs: int) -> None:
    """Nowhere else."""
    said = Said(rule)
    made = said.created("c1")
    assert made is not None
    said.threads.remove(made)
    said.created("c1")

    assert len(said.wrongs) == wrongs


@pytest.mark.parametrize(
    ("rule", "is_gone", "wrongs"), [("propagate", True, 0), ("propagate", False, 1), ("ask", True, 1)]
)
def test_a_delete_needs_a_rule_and_a_counterpart_that_is_gone(
    rule: str, wrongs: int, *, is_gone: bool
) -> None:
    """What is still said on the other side is not deleted."""
    said = Said(rule)
    made = said.created("c1")
    assert made is not None
    if is_gone:
        said.threads.remove(said.comment)
    said.removed(made)

    assert len(said.wrongs) == wrongs


def test_what_no_approved_plan_shows_is_blamed() -> None:
    """The bridge plans, and one of two comments was shown."""
    said = Said()
    said.threads.plan = Approved(lambda: False)
    said.threads.said(said.a, "c2")
    said.threads.approved([(Side.B, {"body": "c1", "ticket": "of ours"})])
    said.created("c1")
    said.created("c2")

    assert said.wrongs == ["comment b/2 was written, {'body': 'c2'}, which no approved plan shows"]


def test_comments_go_with_their_ticket_and_come_back_with_it() -> None:
    """One that was taken back before stays so."""
    said = Said()
    back = said.threads.said(said.a, "c2")
    said.threads.remove(back)
    said.forged.books.remove(said.a)
    gone = said.comment.now.gone
    said.forged.books.bring_back(said.a)

    assert (gone, said.comment.now.gone, back.now.gone) == (True, False, True)


@pytest.mark.parametrize("gone", [False, True])
def test_a_remote_takes_no_comment_that_it_refuses_or_whose_ticket_is_gone(*, gone: bool) -> None:
    """Nothing arrives then."""
    said = Said()
    if gone:
        said.forged.books.remove(said.b)

    assert said.created("c1" if gone else "no1") is None
    assert said.remotes[Side.B].rows == {}
