"""Random histories: two remotes with their manners, a policy, a start, and what happens to them in which order.

Everything is drawn from one `random.Random`, which its seed has play the same history again. Of properties, Hypothesis
draws nothing but that seed, so it cannot shrink a history; `play.shortened` makes one short.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Final, TypeVar

from tests.laws.fields import (
    CELLS,
    FIELD,
    NAMES,
    STATUS_TO_A,
    STATUS_TO_B,
    TAGS_TO_A,
    TAGS_TO_B,
    WORDY,
    entry,
    word,
)
from tests.laws.fields import (
    USUAL as FIELDS,
)
from tests.laws.remote import Cell, Clock, Manners, Remote, spelt
from tests.laws.world import World
from unified_api.engine.pair import Pair, State
from unified_api.engine.policy import DeleteRule, Direction, Field, FirstContact, Policy, Shape, Winner
from unified_api.engine.values import Both, Side, Value, Values
from unified_api.engine.weigh import Access

T = TypeVar("T")
SHAPES: Final = {"tags": Shape.SET, "notes": Shape.LOG, "custom": Shape.MAP, "mails": Shape.SET}
NORMALIZERS: Final = {"tags": "case", "notes": "case", "mails": "email"}
WORDS: Final[Mapping[str, Both[Mapping[str, str]]]] = {
    "status": Both(STATUS_TO_A, STATUS_TO_B),
    "tags": Both(TAGS_TO_A, TAGS_TO_B),
    "owner": Both({"b1": "a1"}, {"a1": "b1"}),
}
MAILED: Final[dict[str, Value]] = {"mails/m1": entry("m1", "work")}
#: What every cell holds where a history begins with two records that are agreed; blank where it is not named.
BEGIN: Final[Both[Mapping[str, Value]]] = Both(
    {"name": "v0", "status": "OPEN", "urgent": False, "tags/red": "red", "custom/k1": "v1", **MAILED},
    {"name": "v0", "status": "open", "urgent": False, "tags/red": "rot", "custom/k1": "v1", **MAILED},
)


@dataclass(frozen=True)
class Step:
    """One thing that happens: a method of the world, and what it is given."""

    does: str
    given: tuple[Any, ...] = ()

    def __call__(self, world: World) -> None:
        """Let it happen."""
        getattr(world, self.does)(*self.given)

    def __repr__(self) -> str:
        return f"{self.does}({', '.join(map(repr, self.given))})"


@dataclass(frozen=True)
class Theme:
    """What histories are about: each property stresses its own."""

    winners: Sequence[Winner] = (Winner.A, Winner.B, Winner.A, Winner.B, Winner.NEWEST, Winner.ASK)
    starts: Sequence[str] = ("agreed", "agreed", "first", "alone")
    sparing: float = 0.15  # of fields that never blank, or only fill
    mishaps: float = 0.2  # of steps that lose or drop a write
    deletes: float = 0.02
    crossings: float = 0.02  # of the filter, and of closed sides
    polite: bool = False  # remotes that do as they are told
    always: Sequence[str] = ()  # fields that are bridged in any case


USUAL: Final = Theme()
PAIRS: Final = Theme(starts=("agreed",))


# --- the world ------------------------------------------------------------------------------------------


def world(dice: Random, theme: Theme = USUAL) -> World:
    """Two remotes and a bridge, as a history finds them."""
    names = sorted({*dice.sample(FIELDS, dice.randint(2, 4)), *theme.always}, key=NAMES.index)
    start = dice.choice(theme.starts)
    agreed = start == "agreed"
    sides = [
        Remote(side, Manners() if theme.polite else manners(dice, side), cells(names, side, agreed=agreed))
        for side in Side
    ]
    if "mails" in names:
        for one in sides:
            _forget_types(dice, one)
    remotes = Both(*sides)
    base = Both[Values](remotes.a.values(), remotes.b.values())
    pair = Pair(State.PAIRED, base) if agreed else Pair()
    if start == "alone":
        pair = Pair(State.ALONE)
        dice.choice(sides).cells = None
    made = World(policy(dice, names, theme), Both(access(dice, names), access(dice, names)), remotes, pair)
    if agreed:
        made.ledger.agreed = Both(
            *({cell: remotes[side].holds(cell) for cell in made.ledger.cells} for side in Side)
        )
    if start != "alone":
        made.poll(Side.A)
        made.poll(Side.B)
    return made


def _forget_types(dice: Random, one: Remote) -> None:
    """A remote may have no place for the type of an address, from the beginning on."""
    one.manners = replace(one.manners, untyped=dice.random() < 0.5)
    for cell, held in (one.cells or {}).items():
        one.cells = {**(one.cells or {}), cell: replace(held, value=_typed(one, cell, held.value))}


def _typed(one: Remote, cell: str, value: Value) -> Value:
    return spelt(one.manners, cell, value) if FIELD[cell] == "mails" else value


def cells(names: Sequence[str], side: Side, *, agreed: bool) -> dict[str, Cell]:
    """The cells of a side: what was never agreed counts as the edit of somebody, long ago."""
    known = frozenset[int]() if agreed else frozenset({-1 if side is Side.A else -2})
    return {cell: Cell(BEGIN[side].get(cell), known) for name in names for cell in CELLS[name]}


def policy(dice: Random, names: Sequence[str], theme: Theme = USUAL) -> Policy:
    """Any direction, winner and first contact for each field; a rule for deletes per side."""
    rules = Both(*(dice.choice(list(DeleteRule)) for _ in Side))
    constants = Both[Values]({}, {"queue": "support"} if dice.random() < 0.2 else {})
    return Policy({name: _field(dice, name, theme) for name in names}, constants=constants, deletes=rules)


def _field(dice: Random, name: str, theme: Theme) -> Field:
    winner = dice.choice(theme.winners)
    both = dice.random() < 0.75
    return Field(
        name,
        Direction.BOTH if both else dice.choice(list(Direction)),
        Winner.B if winner is Winner.ASK and name in SHAPES else winner,
        dice.choice(list(FirstContact)),
        NORMALIZERS.get(name, "trim"),
        WORDS.get(name),
        SHAPES.get(name, Shape.VALUE),
        dice.choice(list(Side)),
        dice.random() >= theme.sparing,
        dice.random() < theme.sparing,
        name == "owner",
    )


def manners(dice: Random, side: Side) -> Manners:
    """How one remote behaves. Silent refusals can be told from edits only where writes are conditional."""
    refusal = dice.choice(["never", "never", "silent", "named", "unnamed"])
    most = dice.choice([0, 3])
    return Manners(
        dice.choice(["keeps", "strips", "shouts", "cuts"]),
        side is Side.B and dice.random() < 0.5,
        refusal,
        side is Side.B and dice.random() < 0.5,
        dice.random() < 0.5,
        refusal == "silent" or dice.random() < 0.5,
        dice.random() < 0.5,
        dice.random() < 0.1,
        Clock(dice.randint(-most, most), dice.choice([1, 4]), most) if dice.random() < 0.9 else None,
    )


def access(dice: Random, names: Sequence[str]) -> Access:
    """A create may be unable to carry some fields, or require the name."""
    lacking = {name for name in names if name != "name" and dice.random() < 0.3}
    required = frozenset({"name"} & set(names)) if dice.random() < 0.5 else frozenset[str]()
    every = frozenset(names)
    return Access(every, every - lacking, required, creates=True, deletes=dice.random() < 0.9)


# --- what happens ---------------------------------------------------------------------------------------

DELIVERIES: Final = (
    Step("poll", (Side.A,)),
    Step("poll", (Side.B,)),
    *[Step("look")] * 2,
    *[Step("land")] * 2,
    *[Step("answer")] * 2,
)
MISHAPS: Final = (Step("lose"), Step("lose"), Step("drop"))


def history(dice: Random, made: World, theme: Theme = USUAL) -> list[Step]:
    """Edits, deliveries and mishaps in any order."""
    return [step(dice, made, theme) for _ in range(dice.randint(6, 30))]


def step(dice: Random, made: World, theme: Theme = USUAL) -> Step:
    """One thing that happens."""
    chance = dice.random()
    for share, drawn in (
        (theme.deletes, _deletion),
        (theme.crossings, _crossing),
        (0.04, _ruling),
        (0.01, _introduction),
        (0.25, edit),
        (theme.mishaps, _mishap),
    ):
        chance -= share
        if chance < 0:
            return drawn(dice, made)
    return dice.choice(DELIVERIES)


def _deletion(dice: Random, _made: World) -> Step:
    return Step("delete", (dice.choice(list(Side)),))


def _ruling(dice: Random, _made: World) -> Step:
    return Step("rule", (dice.choice([*Side, None]),))


def _introduction(_dice: Random, _made: World) -> Step:
    return Step("introduce")


def _mishap(dice: Random, _made: World) -> Step:
    return dice.choice(MISHAPS)


def _crossing(dice: Random, _made: World) -> Step:
    does = dice.choice(["cross", "close"])
    return Step(does, (dice.choice(list(Side)), dice.random() < 0.5))


def edit(dice: Random, made: World) -> Step:
    """Somebody edits a cell: new text, odd spelling, a blank, an unmapped word, a refusable text."""
    side, cell = dice.choice(list(Side)), dice.choice(made.ledger.cells)
    return Step("edit", (side, cell, _value(dice, side, cell)))


def _value(dice: Random, side: Side, cell: str) -> Value:
    if cell == "urgent":
        return dice.random() < 0.5
    if cell == "status":
        return dice.choice([*(STATUS_TO_B if side is Side.A else STATUS_TO_A), "strange"])
    if cell == "owner":
        return dice.choice([f"{side.value}1", f"{side.value}2", None])
    if FIELD[cell] == "mails":
        return (
            entry(cell.partition("/")[2], dice.choice(["work", "home", None]))
            if dice.random() < 0.7
            else None
        )
    if FIELD[cell] in WORDY:
        return word(cell, side) if dice.random() < 0.6 else None
    text = dice.choice(["v{}", "v{}", " v{} ", "V{}-long", "no{}", ""])
    return text.format(dice.randint(100, 140)) or None


# --- coming to rest -------------------------------------------------------------------------------------


def deliver(made: World) -> None:
    """One round without mishaps: the wire empties, both sides are read, the pair is looked at."""
    made.time += 1
    made.land()
    made.answer()
    made.poll(Side.A)
    made.poll(Side.B)
    made.look()


def come_to_rest(made: World, *, rounds: int = 12) -> int:
    """Deliver until nothing is to be done; the number of rounds that it took."""
    for number in range(1, rounds + 1):
        deliver(made)
        if made.rests:
            return number
    return rounds + 1


def lift(made: World) -> bool:
    """Whatever kept the sides apart for a time ends, if anything did: filters, closed sides, missing counterparts."""
    before = made.policy, made.closed, made.remotes.a.outside, made.remotes.b.outside
    for side in Side:
        made.cross(side, False)
        made.close(side, False)
    made.introduce()
    return before != (made.policy, made.closed, made.remotes.a.outside, made.remotes.b.outside)
