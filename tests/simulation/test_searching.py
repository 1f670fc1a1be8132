"""Where a search is all that tells: in two small histories without it, broken on purpose, the laws are broken too."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any, Final

import psycopg
import pytest

from integrations.kit.breaks import Broken
from integrations.kit.client import Client
from integrations.kit.transport import Reply
from tests.simulation import manners, mutants, place
from tests.simulation.history import History
from tests.simulation.remote import Answer
from tests.simulation.test_schedule import Scripted
from tests.simulation.wire import Call, Wire
from unified_api.engine.values import Side
from unified_api.sync import connect, settle, streams
from unified_api.sync.models import Stream

#: Seconds that a twin is there before its namesake is read; less than until the next reading of its own side.
BEFORE: Final = 40.0


class Losing(Wire):
    """A line on which the answer to the first create is lost."""

    def _answered(self, call: Call, answer: Answer, left: float) -> Reply | Broken:
        if call.method != "POST" or "lost" in self.wires.faults:
            return super()._answered(call, answer, left)
        self.wires.faults["lost"] = 1
        self._lose(answer, call)
        return Broken("cut", left=True)


class Plain(Scripted):
    """All fields go both ways."""

    def _options(self) -> dict[str, dict[str, Any]]:
        return {name: {"direction": "both", "winner": "a", "first": "fill"} for name in manners.FIELDS}

    def _born(self, side: Side) -> None:
        self.books.born(side, {"name": "twin", "status": "OPEN", "priority": "LOW"})


class LostCreate(Plain):
    """A counterpart is made, the answer is lost, and nobody does anything else."""

    def _outside(self) -> connect.Outside:
        return replace(super()._outside(), wire=lambda *_args: Losing(self.wires))

    def _then(self) -> None:
        self._born(Side.A)


class UnseenTwin(Plain):
    """Somebody makes the same record in both systems, of which only one is read before the bridge looks."""

    def _then(self) -> None:
        self.books.prompt = BEFORE / 2
        for side in (Side.B, Side.A):
            self._born(side)
            self._pass(BEFORE / 2)
        account = self.stage.accounts[Side.A].id
        stream = self.stage.of(lambda: Stream.objects.get(linked_account_id=account))
        self.workers[0].begin(partial(self._do, streams.KIND, stream.id))
        self._drain()


@pytest.fixture
def mended(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a mutant breaks is whole again afterwards."""
    for thing, name in ((settle, "_searched"), (Client, "recent")):
        monkeypatch.setattr(thing, name, getattr(thing, name))


@pytest.mark.usefixtures("mended")
@pytest.mark.parametrize(
    ("history", "mutant", "wrong"),
    [
        (LostCreate, "", ""),
        (LostCreate, "lost creates not searched", "its create is told to have made nothing"),
        (UnseenTwin, "", ""),
        (UnseenTwin, "nothing recent", "'twin' was created, which a search would have shown"),
    ],
)
def test_who_does_not_search_is_blamed(
    database: psycopg.Connection[Any], history: type[History], mutant: str, wrong: str
) -> None:
    """For the outcome that it tells of a lost create, or for the double that it makes; who searches is not."""
    if mutant:
        mutants.apply(mutant)
    with place.opened(database) as here:
        wrongs = history(1, here).play().wrongs

    assert [wrong in one for one in wrongs] == [True] * bool(wrong)
