"""What the bookkeeper says at rest: which cells differ, and which problems have no reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.laws.fields import CELLS, FIELD, STATUS_TO_A, STATUS_TO_B, TAGS, normal
from tests.laws.ledger import Law
from tests.laws.remote import refusable, spelt
from tests.laws.wires import unseen
from tests.laws.world import World
from unified_api.engine.events import Contest, Kind, Problem
from unified_api.engine.policy import DeleteRule, Direction, Shape, Winner
from unified_api.engine.values import Side

Broken = Iterator[tuple[Law, str]]


def at_rest(world: World) -> Broken:
    """Each law that does not hold while nothing moves."""
    lives = [side for side in Side if world.remotes[side].lives]
    outside = any(world.remotes[side].outside for side in lives)
    if len(lives) == len(Side) and not outside:
        yield from _unequal(world)
    elif lives and not outside:
        yield from _lone(world, lives[0])
    yield from ((Law.FOUNDED, f"a problem that nobody caused: {one}") for one in unfounded(world))
    yield from (
        (Law.ASKED, f"nobody caused the contest {one.field}")
        for one in world.contests
        if not _is_open(world, one)
    )


# --- two records ----------------------------------------------------------------------------------------


def _unequal(world: World) -> Broken:
    named = {one.field for one in world.problems} | {one.field for one in world.contests}
    for cell in world.ledger.cells:
        reasons = FIELD[cell] in named or _is_spared(world, cell) or cell in world.ledger.parted
        if not (
            reasons or _at_peace(world, cell) or edited_far_end(world, cell) or _is_withheld(world, cell)
        ):
            yield Law.EQUAL, f"{cell} differs"


def _at_peace(world: World, cell: str) -> bool:
    a, b = (world.remotes[side].holds(cell) for side in Side)
    free = cell not in {"status", "owner"} and FIELD[cell] != "tags"
    return world.ledger.equal(cell, a, b) or (free and any(_is_spelling(world, cell, side) for side in Side))


def _is_spelling(world: World, cell: str, side: Side) -> bool:
    """Whether a side says what it makes of the other's value, or of that as it was agreed in another spelling."""
    remote, told = world.remotes[side], world.remotes[side.other].holds(cell)
    values = [told]
    if world.ledger.went_back(cell, side.other, told):
        values.append(world.ledger.agreed[side.other][cell])
    return any(remote.holds(cell) == spelt(remote.manners, cell, value) for value in values)


def _is_spared(world: World, cell: str) -> bool:
    """Whether the sides may differ, as the field gives up nothing."""
    one = world.ledger.of(cell)
    held = [normal(cell, world.remotes[side].holds(cell)) for side in Side]
    return one.fills or (None in held and (not one.blanks or one.shape is Shape.LOG))


def _is_withheld(world: World, cell: str) -> bool:
    return any(world.ledger.of(cell).direction.reaches(side) for side in world.closed)


def edited_far_end(world: World, cell: str) -> bool:
    """Whether a one-way field was edited where nothing leaves from, or never had a reason to travel."""
    direction = world.ledger.of(cell).direction
    if direction in {Direction.BOTH, Direction.NEVER} or cell in world.ledger.left:
        return direction is not Direction.BOTH
    far = Side.B if direction is Direction.A_TO_B else Side.A
    return normal(cell, world.remotes[far].holds(cell)) != normal(cell, world.ledger.agreed[far].get(cell))


def _is_open(world: World, contest: Contest) -> bool:
    """Whether both sides hold an edit that the other does not know, and the policy asks a person."""
    known = [(world.remotes[side].cells or {})[contest.field].known for side in Side]
    asked = world.policy.fields[contest.field].winner is Winner.ASK
    return asked and (
        contest.field in world.ledger.doubts or bool(known[0] - known[1] and known[1] - known[0])
    )


# --- one record -----------------------------------------------------------------------------------------


def _lone(world: World, left: Side) -> Broken:
    lost = world.remotes[left.other]
    kinds = {one.kind for one in world.problems}
    if lost.cells is None:
        if not (world.problems or left.other in world.closed or nothing_to_create(world, left)):
            yield Law.EQUAL, "the counterpart was not created"
        return
    rule = world.policy.deletes[left]
    if (
        rule is DeleteRule.PROPAGATE
        and left not in world.closed
        and not kinds & {Kind.EDITED, Kind.NO_DELETE, Kind.REFUSED}
    ):
        yield Law.DELETED, f"{left} was to follow, and did not"
    if rule is DeleteRule.RESTORE and not (
        world.problems or left.other in world.closed or nothing_to_create(world, left)
    ):
        yield Law.DELETED, f"{left.other} was to be made again, and was not"
    if rule is DeleteRule.ASK and kinds != {Kind.GONE}:
        yield Law.DELETED, f"nobody was told that {left.other} is gone"
    if rule is DeleteRule.UNLINK and kinds:
        yield Law.DELETED, f"{left} is not left alone"


def nothing_to_create(world: World, left: Side) -> bool:
    """Whether the lone record holds nothing that could travel."""
    return not any(
        normal(cell, world.remotes[left].holds(cell)) is not None
        and world.ledger.of(cell).direction.reaches(left.other)
        for name in world.policy.fields
        if name in world.access[left.other].create
        for cell in CELLS[name]
    )


# --- problems -------------------------------------------------------------------------------------------


def unfounded(world: World) -> list[str]:
    """Problems that the remotes give no reason for."""
    return [f"{one.kind}: {one.field}" for one in world.problems if not _founded(world, one)]


def _founded(world: World, one: Problem) -> bool:
    reasons: dict[Kind, Callable[[World, Problem], bool]] = {
        Kind.UNMAPPED: _no_word,
        Kind.UNPAIRED: _no_counterpart,
        Kind.REQUIRED: _nothing_for,
        Kind.REFUSED: _refused,
        Kind.GONE: _to_be_asked,
        Kind.NO_DELETE: lambda world, one: not world.access[one.side.other].deletes,
        Kind.EDITED: lambda world, one: _edited_since(world, one.side),
    }
    return one.kind in reasons and reasons[one.kind](world, one)


def _no_counterpart(world: World, one: Problem) -> bool:
    words = world.policy.fields["owner"].words
    return words is not None and world.remotes[one.side].holds("owner") not in words[one.side.other]


def _to_be_asked(world: World, one: Problem) -> bool:
    return world.policy.deletes[one.side.other] is DeleteRule.ASK and world.remotes[one.side].gone


def _edited_since(world: World, left: Side) -> bool:
    ledger, remote = world.ledger, world.remotes[left]
    return bool(unseen(ledger, left)) or any(
        cell in ledger.doubts
        or cell not in ledger.agreed[left]
        or normal(cell, remote.holds(cell)) != normal(cell, ledger.agreed[left][cell])
        for cell in ledger.cells
    )


def _no_word(world: World, one: Problem) -> bool:
    if one.field == "status":
        words = STATUS_TO_B if one.side is Side.A else STATUS_TO_A
        return str(world.remotes[one.side].holds("status")) not in words
    lone = "odd" if one.side is Side.A else "seltsam"
    return (
        one.field == "tags"
        and None in TAGS[lone]
        and world.remotes[one.side].holds(f"tags/{lone}") is not None
    )


def _nothing_for(world: World, one: Problem) -> bool:
    value, target = world.remotes[one.side].holds(one.field), world.remotes[one.side.other]
    barred = not world.policy.fields[one.field].direction.reaches(one.side.other)
    return (
        barred or normal(one.field, value) is None or refusable(value) or target.manners.refusal == "unnamed"
    )


def _refused(world: World, one: Problem) -> bool:
    source, target = world.remotes[one.side], world.remotes[one.side.other]
    manners = target.manners
    if not one.field:
        return manners.clings
    if manners.refusal == "unnamed" and any(refusable(source.holds(cell)) for cell in world.ledger.cells):
        return True
    return any(_cell_refused(world, cell, one.side) for cell in CELLS[one.field])


def _cell_refused(world: World, cell: str, side: Side) -> bool:
    manners, value = world.remotes[side.other].manners, world.remotes[side].holds(cell)
    told = manners.refusal != "never" and refusable(value)
    same = normal(cell, spelt(manners, cell, value)) == normal(cell, world.remotes[side.other].holds(cell))
    is_spelling = (
        value is not None and same
    )  # what it holds is how it spells this, so it answers with its old value
    return manners.decides if cell == "status" else told or is_spelling
