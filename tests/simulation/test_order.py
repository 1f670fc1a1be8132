"""The end does not depend on the order of delivery."""

from __future__ import annotations

from random import Random
from typing import Any, Final

import psycopg
import pytest

from tests.simulation import manners, place
from tests.simulation.asked import Asked
from tests.simulation.history import STEPS, History
from tests.simulation.people import People
from tests.simulation.terms import Terms
from unified_api.engine.values import Side, Value
from unified_api.sync.models_bridge import Conflict

#: Edits that are made before the first of them is delivered.
EDITS: Final = 8
#: What the bridge is told, by the seed of the edits.
TERMS: Final = {
    1: Terms(),
    2: Terms(winners=dict.fromkeys(manners.FIELDS, "newest")),
    3: Terms(winners=dict.fromkeys(manners.FIELDS, "ask")),
    4: Terms(deletes={"a": "restore", "b": "propagate"}, budget={"deletes": {"share": 0.0, "least": 0}}),
    5: Terms(choosy=Side.A),
    6: Terms(plans=True, steered=True),
}

End = dict[Side, list[tuple[Value, ...]]]


class Decided(Asked):
    """Who rules alike about a field, whenever that is asked."""

    def _said(self, conflict: Conflict) -> str:
        return {"name": "a", "description": "b"}.get(conflict.field, "both")


class Ordered(History):
    """Edits of agreed records, all made at once; the order in which they are delivered has a seed of its own.

    Where deletes have rules one record is removed as well. Where priorities say who takes part nobody edits these: an
    edit that comes before its record has left goes over, and one that comes later does not.
    """

    def __init__(self, seed: int, order: int, here: place.Place) -> None:
        self.order = order
        super().__init__(seed, here)

    def _manners(self) -> dict[Side, manners.Manners]:
        self.name = f"seed {self.seed}, order {self.order}"
        self.world, self.chance = Random(f"world {self.seed}"), Random(f"order {self.seed} {self.order}")
        return {side: manners.drawn(self.world, late=False).plainly() for side in Side}

    def _terms(self) -> Terms:
        return TERMS[self.seed]

    def _open_books(self) -> None:
        super()._open_books()
        self.asked = Decided(self.stage, self.books, Random(f"people asked in {self.name}"))

    def _happen(self) -> None:
        self.calm, rates, self.wires.rates = True, self.wires.rates, {}
        self.people = People(self.books, self.world)
        self.people.found(kinds=("alike",))
        for _ in range(2):
            self._round()
        for _ in range(EDITS):
            self.people.edit([name for name in manners.FIELDS if name != "priority" or not self.terms.choosy])
        if self.terms.deletes:
            self.books.remove(self.world.choice(self.people.rows()))
        self.calm, self.wires.rates = False, rates
        for _ in range(STEPS):
            self._step()

    def _edit(self) -> None:
        """All edits have been made."""

    def end(self) -> End:
        """What both remotes hold, whatever the ids of their records are."""
        return {
            side: sorted(
                (tuple(row.now.cells[name].value for name in manners.FIELDS) for row in remote.living()),
                key=str,
            )
            for side, remote in self.remotes.items()
        }


@pytest.mark.parametrize("seed", TERMS)
def test_the_end_does_not_depend_on_the_order_of_delivery(
    seed: int, database: psycopg.Connection[Any]
) -> None:
    """The same edits under other schedules, kills and lost answers lead to the same values, whatever the rules."""
    with place.opened(database) as here:
        ends = []
        for order in range(3):
            history = Ordered(seed, order, here)
            assert history.play().wrongs == []
            ends.append(history.end())

    assert ends == ends[:1] * 3
