"""People who are asked by the product: they look at what it shows them, and decide."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Final

from tests.simulation.bookkeeper import Bookkeeper
from tests.simulation.contest import Ruling
from tests.simulation.stage import Shown, Stage
from unified_api.engine.values import Side
from unified_api.sync.models_bridge import Conflict

#: How often somebody who has seen a plan approves it when asked again.
APPROVED: Final = 0.4


class Asked:
    """Those who decide, in one history. counts: how often they did."""

    def __init__(self, stage: Stage, books: Bookkeeper, chance: Random) -> None:
        self.stage, self.books, self.chance = stage, books, chance
        self.counts: Counter[str] = Counter()
        #: The plan that somebody has looked at last, and how many writes had arrived then.
        self.seen: Shown | None = None
        self.arrived: int | None = None

    def decide(self) -> None:
        """Somebody decides one thing, if there is any to decide; who looks at a plan may approve it later."""
        if found := self.stage.conflicts():
            self._rule(self.chance.choice(found))
        elif self.seen is not None and self.chance.random() < APPROVED:
            self._approve(self.seen)
        else:
            self._look()

    def decide_all(self) -> bool:
        """Everything that is left is decided; whether there was anything."""
        found = self.stage.conflicts()
        for conflict in found:
            self._rule(conflict)
        self._look()
        return bool(found) or (self.seen is not None and self._approve(self.seen))

    def _look(self) -> None:
        """Somebody sees the plan that waits; while it does, nothing is written."""
        self._check()
        self.seen = self.stage.open_plan()
        quiet = self.seen is not None and not self.stage.in_flight() and not self.books.on_the_way()
        self.arrived = self.books.arrived if quiet else None

    def _check(self) -> None:
        if self.arrived is not None and self.arrived != self.books.arrived:
            self.books.wrongs.append("something was written while a plan waited for a person")

    def _approve(self, plan: Shown) -> bool:
        self._check()
        self.seen = self.arrived = None
        if not self.stage.approve(plan.id, plan.hash):
            return False
        self.counts["plans"] += 1
        self.counts["over budget"] += plan.made_by == "budget"
        self.books.approved(plan.items, exactly=plan.made_by != "budget")
        return True

    def _rule(self, conflict: Conflict) -> None:
        said = self.chance.choice(["a", "b", "both"])
        a, b = self.stage.remote_ids(conflict.pair_id)
        rows = (self.books.remotes[Side.A].rows[a], self.books.remotes[Side.B].rows[b])
        if self.stage.resolve(conflict, said):
            self.counts["rulings"] += 1
            winner = None if said == "both" else Side(said)
            seen = (conflict.value_a, conflict.value_b)
            self.books.rule(Ruling(conflict.field, rows, seen, winner))
