"""Plays histories, says which laws they break, and makes a broken one short: `python -m tests.laws.play SEED`.

`python -m tests.laws.play --first COUNT` plays that many, and names the first law that one of them breaks, for mutants.
Fresh seeds are played by `python -m tests.laws`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from tests.laws import histories, verdict
from tests.laws.histories import USUAL, Step, Theme, come_to_rest, deliver, lift
from tests.laws.ledger import Law
from tests.laws.world import World
from unified_api.engine.values import Side

ROUNDS = 12
Broken = Iterator[tuple[Law, str]]


def drawn(dice: Random, theme: Theme = USUAL) -> tuple[World, list[Step]]:
    """A history that has not happened yet."""
    world = histories.world(dice, theme)
    return world, histories.history(dice, world, theme)


def broken(world: World, history: list[Step]) -> Broken:
    """Let a history happen, come to rest, lift what kept the sides apart, and come to rest again."""
    for step in history:
        world.time += 1
        step(world)
    yield from _rest(world, "")
    if lift(world):
        yield from _rest(world, "when all is open: ")
    yield from _ask(world)
    yield from world.ledger.wrongs


def _rest(world: World, when: str) -> Broken:
    if come_to_rest(world, rounds=ROUNDS) > ROUNDS:
        yield Law.EQUAL, f"{when}not at rest after {ROUNDS} rounds"
        return
    yield from ((law, when + sentence) for law, sentence in verdict.at_rest(world))
    writes, pair = world.writes(), world.pair
    deliver(world)  # another round would be told the very same
    if world.writes() != writes:
        yield Law.QUIET, f"{when}something is written"
    if world.pair != pair:
        yield Law.QUIET, f"{when}something is remembered"


def _ask(world: World) -> Broken:
    """A person decides what waits for one; then nothing does."""
    for number in range(len(world.contests)):
        world.rule((Side.A, None, Side.B)[number % 3])
        yield from _rest(world, f"after ruling {number + 1}: ")
    if world.contests:
        yield Law.ASKED, f"{[one.field for one in world.contests]} still wait, though a person decided"


@dataclass(frozen=True)
class Played:
    """What the history of a seed breaks, and how much happened in it."""

    seed: int
    wrongs: list[str]
    counts: dict[str, int]


def played(seed: int, theme: Theme = USUAL) -> Played:
    """Play the history of a seed."""
    world, history = drawn(Random(seed), theme)
    wrongs = [f"{law.name}: {sentence}" for law, sentence in broken(world, history)]
    counts = {
        "steps": len(history),
        "edits": world.ledger.edits,
        "writes": world.writes(),
        "overruled": len(world.overruled),
        "windows": world.windows,
    }
    return Played(seed, wrongs, counts)


def of_seed(seed: int, theme: Theme = USUAL) -> list[str]:
    """What the history of a seed breaks."""
    return played(seed, theme).wrongs


def shortened(seed: int, theme: Theme = USUAL) -> list[Step]:
    """A history of as few steps as break something in the same world."""
    _world, history = drawn(Random(seed), theme)
    size = len(history)
    while size:
        size //= 2
        for start in range(0, len(history), max(size, 1)):
            fewer = history[:start] + history[start + max(size, 1) :]
            if list(broken(drawn(Random(seed), theme)[0], fewer)):
                history = fewer
                break
        else:
            continue
        size = max(size * 2, 1)
    return history


def first(count: int) -> str:
    """The first law that one of so many histories breaks; empty when none does."""
    return next((told[0].partition(":")[0] for seed in range(count) if (told := of_seed(seed))), "")


def main(words: list[str]) -> None:
    """Print a history made short, and what it breaks; or the name of a broken law."""
    if words[0] == "--first":
        sys.stdout.write(first(int(words[1])))
        return
    seed = int(words[0])
    world, _history = drawn(Random(seed))
    steps = shortened(seed)
    told = [f"{law.name}: {sentence}" for law, sentence in broken(world, steps)]
    sys.stdout.write("\n".join([repr(world), *map(repr, steps), *told, ""]))


if __name__ == "__main__":
    main(sys.argv[1:])
