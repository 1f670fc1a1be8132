"""People who are asked by the product: they look at what it shows them, and decide."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from random import Random
from typing import Final, Protocol

from tests.simulation.bookkeeper import Bookkeeper
from tests.simulation.contest import Ruling
from tests.simulation.stage import Shown, Stage
from unified_api.engine.values import Side, Value
from unified_api.sync.models_bridge import Conflict

#: How often somebody who has seen a plan approves it when asked again.
APPROVED: Final = 0.4


class Books(Protocol):
    """The books, as far as who approves plans keeps them."""

    arrived: int
    wrongs: list[str]
    on_the_way: Callable[[], bool]

    def approved(self, items: Iterable[tuple[Side, dict[str, Value]]]) -> None:
        """A person approves a plan."""


class Approver:
    """Who looks at the plans of a bridge, and approves them, in one history. counts: how often."""

    def __init__(self, stage: Stage, books: Books, chance: Random) -> None:
        self.stage, self.plans, self.chance = stage, books, chance
        self.counts: Counter[str] = Counter()
        #: The plan that somebody has looked at last, and how many writes had arrived then.
        self.seen: Shown | None = None
        self.arrived: int | None = None

    def decide(self) -> None:
        """Somebody looks at a plan, if there is any; who has looked at one may approve it."""
        if self.seen is not None and self.chance.random() < APPROVED:
            self._approve(self.seen)
        else:
            self._look()

    def decide_all(self) -> bool:
        """Everything that is left is decided; whether there was anything."""
        self._look()
        return self.seen is not None and self._approve(self.seen)

    def _look(self) -> None:
        """Somebody sees the plan that waits; while it does, nothing is written."""
        self._check()
        self.seen = self.stage.open_plan()
        quiet = self.seen is not None and not self.stage.in_flight() and not self.plans.on_the_way()
        self.arrived = self.plans.arrived if quiet else None

    def _check(self) -> None:
        if self.arrived is not None and self.arrived != self.plans.arrived:
            self.plans.wrongs.append("something was written while a plan waited for a person")

    def _approve(self, plan: Shown) -> bool:
        self._check()
        self.seen = self.arrived = None
        if not self.stage.approve(plan.id, plan.hash):
            return False
        self.counts["plans"] += 1
        self.counts["over budget"] += plan.made_by == "budget"
        self.plans.approved(plan.items)
        return True


class Asked(Approver):
    """Those who decide also what records are to say."""

    def __init__(self, stage: Stage, books: Bookkeeper, chance: Random) -> None:
        super().__init__(stage, books, chance)
        self.books = books

    def decide(self) -> None:
        """Somebody decides one thing, if there is any to decide; who looks at a plan may approve it later."""
        if found := self.stage.conflicts():
            self._rule(self.chance.choice(found))
        else:
            super().decide()

    def decide_all(self) -> bool:
        """Everything that is left is decided; whether there was anything."""
        found = self.stage.conflicts()
        for conflict in found:
            self._rule(conflict)
        return super().decide_all() or bool(found)

    def _said(self, _conflict: Conflict) -> str:
        """Who prevails."""
        return self.chance.choice(["a", "b", "both"])

    def _rule(self, conflict: Conflict) -> None:
        said = self._said(conflict)
        a, b = self.stage.remote_ids(conflict.pair_id)
        rows = (self.books.remotes[Side.A].rows[a], self.books.remotes[Side.B].rows[b])
        if self.stage.resolve(conflict, said):
            self.counts["rulings"] += 1
            winner = None if said == "both" else Side(said)
            seen = (conflict.value_a, conflict.value_b)
            self.books.rule(Ruling(conflict.field, rows, seen, winner))
