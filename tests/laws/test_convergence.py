"""The laws of two-way synchronization, on random histories of two simulated remotes."""

from __future__ import annotations

import os
from collections.abc import Iterator

from hypothesis import HealthCheck, given, settings

from tests.laws import verdict
from tests.laws.histories import Step, come_to_rest, deliver, steps, worlds
from tests.laws.world import World

ROUNDS = 12
#: The mutants are given more histories than every run of the suite.
HISTORIES = int(os.environ.get("HISTORIES", "1000"))


def broken(world: World, history: list[Step]) -> Iterator[str]:
    """Let a history happen, then come to rest; each law that does not hold, in a sentence."""
    for step in history:
        step(world)
    if come_to_rest(world, rounds=ROUNDS) > ROUNDS:
        yield f"not at rest after {ROUNDS} rounds"
    yield from world.wrongs
    yield from _unequal(world)
    yield from (f"a problem that nobody caused: {problem}" for problem in verdict.unfounded(world))
    if world.remotes.a.creates + world.remotes.b.creates > 1:
        yield "two counterparts were created"
    yield from _unquiet(world)


def _unequal(world: World) -> Iterator[str]:
    if world.remotes.a.cells is None or world.remotes.b.cells is None:
        if not (world.problems or verdict.nothing_to_create(world)):
            yield "the counterpart was not created"
        return
    named = {problem.field for problem in world.problems}
    yield from (
        f"{name} differs"
        for name in verdict.apart(world)
        if name not in named and not verdict.edited_far_end(world, name)
    )


def _unquiet(world: World) -> Iterator[str]:
    writes, pair = world.writes(), world.pair
    for _ in range(3):
        deliver(world)
    if world.writes() != writes:
        yield "something is written after quiet"
    if world.pair != pair:
        yield "something is remembered after quiet"


@settings(max_examples=HISTORIES, suppress_health_check=[HealthCheck.too_slow])
@given(worlds(), steps)
def test_every_law_holds_in_every_history(world: World, history: list[Step]) -> None:
    """Whatever happened, and in whichever order, the laws hold once edits stop.

    Both sides are equal on bridged fields within a few rounds, or a problem names the field, and for a reason;
    Then nothing is written; every edit that a read saw survives or was overruled, on record and by the rule;
    There is no conflict that nobody caused, no write against a direction, no second record.
    """
    assert list(broken(world, history)) == []
