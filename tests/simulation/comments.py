"""The comments of a simulated remote: each goes with its ticket, or stays where nobody can answer any more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, ClassVar, Final

from tests.simulation import manners
from tests.simulation.remote import Answer, Cell, Remote, Row, Witness, items
from unified_api.engine.values import Side

#: What refused comments begin with, where any are.
BAD: Final = "no"


@dataclass(frozen=True)
class CommentManners(manners.Manners):
    """How a remote behaves with comments.

    cascades: they go, and come back, with their ticket. dated: they tell when they were made. picky: what begins with
    "no" is refused.
    """

    cascades: bool = True
    dated: bool = True
    picky: bool = False


def drawn(chance: Random, tickets: manners.Manners) -> CommentManners:
    """The manners of the comments of a remote; its clock is the same."""
    plain = vars(manners.drawn(chance, late=False).plainly())
    own = {"skew": tickets.skew, "granular": tickets.granular, "late_fields": frozenset()}
    return CommentManners(
        **{**plain, **own},
        cascades=chance.random() < 0.7,
        dated=chance.random() < 0.6,
        picky=chance.random() < 0.25,
    )


class Comments(Remote):
    """All comments of one remote."""

    searched: ClassVar[str] = "ticket"

    def __init__(
        self, tickets: Remote, behaves: CommentManners, clock: Callable[[], float], witness: Witness
    ) -> None:
        super().__init__(tickets.side, behaves, clock, witness)
        self.tickets, self.behaves = tickets, behaves
        #: Those that went with their ticket.
        self.taken_along: set[Row] = set()
        tickets.parts.append(self)

    def of(self, ticket: Row) -> list[Row]:
        """The comments of a ticket that are there."""
        return [row for row in self.living() if row.whole is ticket]

    def follow(self, whole: Row) -> None:
        """Its ticket is gone, or there again."""
        if not self.behaves.cascades:
            return
        for row in [row for row in self.rows.values() if row.whole is whole]:
            if whole.now.gone and not row.now.gone:
                self.taken_along.add(row)
                self.remove(row)
            elif not whole.now.gone and row in self.taken_along:
                self.taken_along.remove(row)
                self.bring_back(row)

    def refuses(self, body: object) -> bool:
        """Whether it takes no comment that says this."""
        return self.behaves.picky and str(body).startswith(BAD)

    def _create(self, body: dict[str, Any]) -> Answer:
        ticket = self.tickets.rows.get(body["ticket"])
        if ticket is None or ticket.now.gone:
            return Answer(404, {"error": "no such ticket"})
        if self.refuses(body["body"]):
            return Answer(422, {"error": "invalid", "fields": {"body": "not here"}})
        self.writes += 1
        row = self.add({"body": Cell(None)}, maker="bridge", whole=ticket)
        self._take(row, {"body": body["body"]}, create=True)
        return self._told(row, 201)

    def _update(self, row: Row, body: dict[str, Any]) -> Answer:
        if self.refuses(body["body"]):
            return Answer(422, {"error": "invalid", "fields": {"body": "not here"}})
        return super()._update(row, {"body": body["body"]})

    def _search(self, query: Mapping[str, str]) -> Answer:
        found = self._as_of(self.clock() - self.manners.search_lag)
        return items([(r, s) for r, s in found if r.whole and r.whole.id == query["ticket"]][::-1])


def by_side(tickets: Mapping[Side, manners.Manners], seed: int) -> dict[Side, CommentManners]:
    """The manners of both sides' comments, drawn from a stream of their own."""
    chance = Random(f"manners of comments {seed}")
    return {side: drawn(chance, tickets[side]) for side in Side}
