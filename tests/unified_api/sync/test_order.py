"""The order of observations as a law, over random histories of one record: what is stored last is what is true."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

from integrations.kit.observation import Observation
from unified_api.models.ticketing import Ticket
from unified_api.sync import landing

HISTORIES = 5_000
EPOCH = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


class World:
    """One record at a provider, requests for it that answer whenever they like, and the row that mirrors it."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.moment = 0
        self.truth = 0
        self.row: dict[str, Any] | None = None
        self.asked: list[tuple[int, str]] = []
        self.answered: list[tuple[int, str, int, int]] = []

    def draw(self) -> int:
        """The next moment."""
        self.moment += 1
        return self.moment

    def edit(self) -> None:
        """Somebody changes the record."""
        self.truth += 1

    def ask(self, shape: str) -> None:
        """A request leaves."""
        self.asked.append((self.draw(), shape))

    def answer(self) -> None:
        """The provider works on some request that is under way: its answer shows the record as it is now."""
        if self.asked:
            started, shape = self.asked.pop(self.random.randrange(len(self.asked)))
            self.answered.append((started, shape, self.truth, self.draw()))

    def store(self) -> None:
        """Some answer, not necessarily the first, is stored; one that is late has the record read by id."""
        if not self.answered:
            return
        started, shape, value, arrived = self.answered.pop(self.random.randrange(len(self.answered)))
        observation = Observation(
            Ticket,
            "1",
            {"name": value},
            None,
            started,
            arrived,
            {},
            "/t",
            shape,  # type: ignore[arg-type]
        )
        if self.row is not None and landing.is_late(self.row, observation, EPOCH):
            self.ask("get")
        elif self.row is None or landing.differences(self.row, observation.values):
            self.row = landing.landed(self.row, observation, observation.values, b"")
        elif shape != "list":
            self.row["as_of"] = max(self.row["as_of"], arrived)

    def step(self, name: str) -> None:
        """One thing happens."""
        {"edit": self.edit, "answer": self.answer, "store": self.store}.get(name, lambda: self.ask(name))()

    def come_to_rest(self) -> None:
        """Edits have stopped: one more list shows the record, and all that is under way is stored in any order."""
        self.ask("list")
        while self.asked or self.answered:
            self.step(self.random.choice(["answer", "store"]))


def test_random_histories_end_with_what_is_true() -> None:
    """Whatever the order in which answers are stored, the row shows the provider's last state at rest."""
    wrong = []
    for seed in range(HISTORIES):
        world = World(seed)
        for _ in range(world.random.randint(5, 40)):
            step = world.random.choice(["edit", "answer", "answer", "store", "store", "list", "get"])
            world.step(step)
        world.come_to_rest()
        if world.row is None or world.row["name"] != world.truth:
            wrong.append(seed)

    assert wrong == []
