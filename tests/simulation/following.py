"""A bridge over comments beside the one over tickets, which it follows: who says what, and who approves its plans."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any, Final

from tests.simulation import thread_verdict
from tests.simulation.approved import Approved
from tests.simulation.asked import Approver
from tests.simulation.bookkeeper import Bookkeeper
from tests.simulation.comments import CommentManners, Comments
from tests.simulation.remote import Remote, Row
from tests.simulation.stage import Stage
from tests.simulation.stored import Mirror
from tests.simulation.threads import Threads
from unified_api.engine.values import Side

#: The share of all that people do which is about comments.
TALK: Final = 0.6
#: Up to where a share of that is: something new, said on a ticket; one taken back; all else is said otherwise.
SAY, TAKE_BACK = 0.6, 0.7
#: The shares of what people do to tickets beside all else: one takes part or no longer does; one comes back.
TURN, RETURN = 0.25, 0.35
#: How many are said in a row.
AT_ONCE: Final = (1, 1, 2, 3)
#: What is said, by the number of the edit; the last is refused by who is picky.
FORMS: Final = ("c{}", "c{}", "c{}", "no{}")


class Following:
    """The comments of one history. stage, books: of the tickets; owner: a connection that sees everything."""

    def __init__(
        self,
        stage: Stage,
        books: Bookkeeper,
        tickets: dict[Side, Remote],
        manners: dict[Side, CommentManners],
        clock: Callable[[], float],
        name: str,
        owner: Any,
    ) -> None:
        assert stage.follower is not None
        self.tickets, self.stage, self.books = stage, stage.follower, books
        self.chance = Random(f"comments in {name}")
        self.threads = Threads(self.stage.policy, books, clock)
        self.threads.stored = Mirror(self.stage, owner)
        self.remotes = {side: Comments(tickets[side], manners[side], clock, self.threads) for side in Side}
        self.threads.remotes = self.remotes
        self.asked = Approver(self.stage, self.threads, Random(f"plans of comments in {name}"))

    def plans(self, is_live: Callable[[], bool]) -> None:
        """The bridge writes nothing that no plan shows."""
        self.threads.plan = Approved(is_live)

    @property
    def counts(self) -> dict[str, int]:
        """What there was of it, in numbers."""
        rows = [row for remote in self.remotes.values() for row in remote.rows.values()]
        made = sum(row.maker == "bridge" for row in rows)
        return {"following": 1, "comments": len(rows) - made, "comments made": made} | {
            f"{name} of comments": number for name, number in self.asked.counts.items()
        }

    def found(self) -> None:
        """What was said before the first read; some of it on both sides."""
        for ticket in self._tickets():
            for _ in range(self.chance.choice([0, 1, 2])):
                body = self.threads.text("c{}")
                self.threads.said(ticket, body)
                for other in self._namesakes(ticket) if self.chance.random() < 0.5 else []:
                    self.threads.said(other, body)

    def act(self) -> bool:
        """One thing that somebody does about comments, or to what tickets they go over; False: about something else."""
        if self.chance.random() < TALK:
            return self._talk()
        chance = self.chance.random()
        if chance < TURN and self.books.choosy:
            return self._turn(self.books.choosy)
        return TURN <= chance < RETURN and self._return()

    def wrongs(self) -> Iterator[str]:
        """Every law that does not hold."""
        yield from self.threads.wrongs
        yield from thread_verdict.wrongs(self.stage, self.threads, self.tickets)

    def _talk(self) -> bool:
        chance, rows = self.chance.random(), self._comments()
        if chance < SAY or not rows:
            tickets = self._tickets()
            if not tickets:
                return False
            ticket = self.chance.choice(tickets)
            for _ in range(self.chance.choice(AT_ONCE)):
                self.threads.said(ticket, self.threads.text(self.chance.choice(FORMS)))
        elif chance < TAKE_BACK:
            self.threads.remove(self.chance.choice(rows))
        else:
            self.threads.edit(self.chance.choice(rows), self.threads.text(self.chance.choice(FORMS)))
        return True

    def _turn(self, side: Side) -> bool:
        """A ticket takes part from now on, or no longer does."""
        rows = [row for row in self._tickets() if row.side is side]
        if rows:
            row = self.chance.choice(rows)
            self.books.edit(row, "priority", "NORMAL" if self.books.is_outside(row) else "LOW")
        return bool(rows)

    def _return(self) -> bool:
        """A ticket that was removed is there again."""
        gone = [row for remote in self.books.remotes.values() for row in remote.rows.values() if row.now.gone]
        gone = [row for row in gone if row not in self.books.remade]
        if gone:
            self.books.bring_back(self.chance.choice(gone))
        return bool(gone)

    def _namesakes(self, ticket: Row) -> list[Row]:
        name, others = ticket.now.cells["name"].value, self.books.remotes[ticket.side.other].living()
        return [other for other in others if other.now.cells["name"].value == name]

    def _tickets(self) -> list[Row]:
        rows = [row for remote in self.books.remotes.values() for row in remote.living()]
        return [row for row in rows if row not in self.books.unread]

    def _comments(self) -> list[Row]:
        rows = [row for remote in self.remotes.values() for row in remote.living()]
        return [row for row in rows if row not in self.threads.unread]
