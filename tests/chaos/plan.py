"""The plan of a history: everything that is chosen, from its seed alone.

Each ticket of the pristine stores is touched by one happening at the most, so that at the end everybody's edit can be
accounted for. What the machine decides (who is first, how far something got) is not in the plan; a history that is
replayed has the same plan, and mostly takes the same course.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from tests.chaos.points import (
    ASYNC,
    AT_RANDOM,
    CUT,
    EDIT,
    HOLDER,
    NEW,
    PATCH,
    POINTS,
    POST,
    READ,
    REMOVE,
    SLEEP,
    Point,
)
from tests.chaos.remotes import LARGE, SMALL, base_name

A, B = "a", "b"
#: Values by field that an edit may give; a title is made up.
VALUES: Final = {"status": ("CLOSED", "ON_HOLD"), "priority": ("URGENT", "LOW"), "name": ()}
#: Of the base tickets, those with these numbers are only read.
UNTOUCHED: Final = 1


@dataclass(frozen=True)
class Happening:
    """What somebody does. side: at which account; `both`: at either side, with different values.

    kind: a stimulus of `points`. name: the title of a ticket that is made, or of the one that is meant. field, value:
    what is changed to what; other: the value at side b, where both sides are edited. key: whether the client sends an
    Idempotency-Key.
    """

    kind: str
    side: str
    name: str = ""
    field: str = ""
    value: str = ""
    other: str = ""
    key: bool = True

    def __str__(self) -> str:
        what = f" {self.field}={self.value}" if self.field else ""
        both = f" against {self.other}" if self.other else ""
        return f"{self.kind} at {self.side}: {self.name or 'all'}{what}{both}{'' if self.key else ' without a key'}"


@dataclass(frozen=True)
class Blow:
    """What is killed, where and when. point: empty for a moment that is nobody's choice, `after` seconds from then.

    lost: a request that was held never arrives; else it arrives late.
    """

    victim: str
    point: str = ""
    after: float = 0.0
    lost: bool = False

    def __str__(self) -> str:
        fate = " (the request is lost)" if self.lost else ""
        return (
            f"{self.victim} at {self.point}{fate}"
            if self.point
            else f"{self.victim} after {self.after:.2f} s"
        )


@dataclass(frozen=True)
class Step:
    """A happening, and perhaps a blow that it leads to; then a pause in seconds."""

    happening: Happening
    blow: Blow | None
    pause: float

    def __str__(self) -> str:
        return f"{self.happening}{f'; {self.blow}' if self.blow else ''}"


@dataclass(frozen=True)
class Plan:
    """A history. size: tickets of the pristine stores. together: the product runs under `manage.py up`.

    early: it begins before anything was read; what is edited then meets the bridge's rule for first contact.
    """

    seed: int
    size: int
    bridged: bool
    together: bool
    early: bool
    steps: tuple[Step, ...]

    def lines(self) -> list[str]:
        """The plan for people."""
        how = "manage.py up" if self.together else "web, two workers, beat"
        bridge = "bridged" if self.bridged else "not bridged"
        when = ", from the first moment" if self.early else ""
        return [f"seed {self.seed}: {self.size} tickets a side, {bridge}, {how}{when}", *map(str, self.steps)]


@dataclass
class _Dice:
    """Chance, and what has been given away already."""

    seed: int
    bridged: bool
    early: bool
    chance: random.Random
    free: list[int] = field(default_factory=list)
    made: int = 0

    def ticket(self) -> str:
        """A base ticket that nothing has happened to."""
        return base_name(self.free.pop())

    def title(self, word: str) -> str:
        """A title that nothing else has."""
        self.made += 1
        return f"{word} {self.seed}-{self.made}"


def plan_of(seed: int) -> Plan:
    """The plan that follows from a seed. Seeds in a row go through all points and victims in turn."""
    chance = random.Random(f"history {seed}")
    together = seed % 5 == 0
    chosen = [_blow(seed * 2 + n, together=together) for n in range(2)]
    large = any(POINTS[blow.point].large for blow in chosen) or chance.random() < 0.2
    bridged = any(POINTS[blow.point].bridged for blow in chosen) or chance.random() < 0.7
    size = LARGE if large else SMALL
    early = any(POINTS[blow.point].early for blow in chosen) or chance.random() < 0.25
    dice = _Dice(seed, bridged, early, chance)
    dice.free = list(range(UNTOUCHED + 1, size + 1))
    chance.shuffle(dice.free)
    return Plan(seed, size, bridged, together, early, tuple(_steps(dice, chosen)))


def _blow(number: int, *, together: bool) -> Blow:
    """Round after round through all points, each with the next victim; ten seeds from a multiple of ten on are one."""
    turn, place = divmod(number, len(POINTS))
    names = list(POINTS)
    random.Random(f"round {turn}").shuffle(names)
    point = POINTS[names[place]]
    victim = point.victims[(turn + list(POINTS).index(point.name)) % len(point.victims)]
    if together and victim == SLEEP:
        victim = HOLDER  # `up` has one worker for each queue, so nobody overtakes
    return Blow(victim, point.name, lost=random.Random(f"lost {number}").random() < 0.5 or victim == CUT)


def _steps(dice: _Dice, chosen: list[Blow]) -> Iterator[Step]:
    chance = dice.chance
    todo: list[tuple[str, Blow | None]] = [(_stimulus(dice, POINTS[blow.point]), blow) for blow in chosen]
    todo += [
        (_anything(dice), Blow(chance.choice(AT_RANDOM), after=chance.uniform(0.0, 0.6)))
        for _ in range(chance.randint(1, 2))
    ]
    todo += [(_anything(dice), None) for _ in range(chance.randint(2, 4))]
    chance.shuffle(todo)
    for kind, struck in todo:
        yield Step(_happening(dice, kind), struck, chance.choice([0.0, 0.0, chance.uniform(0.0, 0.4)]))


def _stimulus(dice: _Dice, point: Point) -> str:
    """What leads there; without a bridge, nothing of what people do is written anywhere."""
    writes = "journal" in point.stimuli or POST in point.stimuli or PATCH in point.stimuli
    fit = [s for s in point.stimuli if dice.bridged or not writes or s in {POST, ASYNC, PATCH}]
    return dice.chance.choice(fit)


def _anything(dice: _Dice) -> str:
    return dice.chance.choice([POST, ASYNC, PATCH, PATCH, NEW, EDIT, EDIT, "both", REMOVE, READ])


def _happening(dice: _Dice, kind: str) -> Happening:
    chance, side = dice.chance, dice.chance.choice([A, B])
    if kind in {POST, ASYNC}:
        status = chance.choice(["", "CLOSED"])
        key = kind == ASYNC or chance.random() < 0.8
        return Happening(kind, side, dice.title("asked"), "status" if status else "", status, key=key)
    if kind == NEW:
        return Happening(kind, side, dice.title("made"))
    if kind == READ:
        return Happening(kind, side)
    if kind == REMOVE:
        return Happening(kind, side, dice.ticket())
    field = chance.choice([name for name in VALUES if not (dice.early and name == "name")])
    values = VALUES[field] or (dice.title("titled"), dice.title("titled"))
    value, other = chance.sample(values, 2)
    if kind == "both":
        return Happening(EDIT, "both", dice.ticket(), field, value, other)
    return Happening(kind, side, dice.ticket(), field, value)
