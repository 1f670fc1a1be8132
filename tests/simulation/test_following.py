"""Comments that follow their tickets: in small histories of a shell broken on purpose, the laws are broken too."""

from __future__ import annotations

from typing import Any, Final

import psycopg
import pytest

from tests.simulation import comments, manners, mutants, place
from tests.simulation.history import History
from tests.simulation.remote import Row
from tests.simulation.terms import CommentTerms, Terms
from tests.simulation.test_searching import Plain
from unified_api.engine.values import Side
from unified_api.sync.bridge import belonging, siblings, stirring

LIVE: Final = CommentTerms("a", {}, plans=False, budget={})


class Talk(Plain):
    """A bridge over comments follows that over tickets, of which those of low priority take no part at side a."""

    def _terms(self) -> Terms:
        return Terms(choosy=Side.A, comments=LIVE)

    def _manners_of_comments(self) -> dict[Side, comments.CommentManners]:
        return dict.fromkeys(Side, comments.CommentManners(**vars(manners.PLAIN)))

    def _happen(self) -> None:
        self.calm, self.wires.rates = True, {}
        self._then()

    def _born_as(self, priority: str) -> Row:
        return self.books.born(Side.A, {"name": "talked about", "status": "OPEN", "priority": priority})

    def _say(self, ticket: Row, times: int = 1) -> None:
        assert self.following is not None
        for _ in range(times):
            self.following.threads.said(ticket, self.following.threads.text("c{}"))


class InTurn(Talk):
    """Four things are said on a ticket that has its counterpart."""

    def _then(self) -> None:
        ticket = self._born_as("NORMAL")
        self._until_quiet()
        self._say(ticket, times=4)


class LeftOut(Talk):
    """Something is said on a ticket that takes no part."""

    def _then(self) -> None:
        self._say(self._born_as("LOW"))


class TakenIn(Talk):
    """Something is said on a ticket that takes no part, and does later."""

    def _then(self) -> None:
        ticket = self._born_as("LOW")
        self._say(ticket)
        self._until_quiet()
        self.books.edit(ticket, "priority", "NORMAL")


@pytest.fixture
def mended(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a mutant breaks is whole again afterwards."""
    broken = [(siblings, name) for name in ("behind", "in_turn", "first_of_each")]
    for thing, name in (*broken, (stirring, "_awaken"), (belonging, "astray")):
        monkeypatch.setattr(thing, name, getattr(thing, name))


@pytest.mark.usefixtures("mended")
@pytest.mark.parametrize(
    ("history", "mutant", "wrong"),
    [
        (InTurn, "said at once", "and stands before it over there"),
        (LeftOut, "left out and missed", "has a problem, and its ticket takes no part"),
        (TakenIn, "", ""),
        (TakenIn, "parts asleep", "has no counterpart, and its ticket has"),
    ],
)
def test_a_follower_that_is_broken_on_purpose_is_blamed(
    database: psycopg.Connection[Any], history: type[History], mutant: str, wrong: str
) -> None:
    """Out of turn, missed without reason, or left waiting for ever; and nothing is said of one that is whole."""
    if mutant:
        mutants.apply(mutant)
    with place.opened(database) as here:
        wrongs = history(1, here).play().wrongs

    assert any(wrong in one for one in wrongs) is bool(mutant)
    assert bool(wrongs) is bool(mutant)
