"""What the bookkeeper says at the end: which fields differ, and which problems have no reason."""

from __future__ import annotations

from tests.laws.remote import STATUS_TO_A, STATUS_TO_B, normal, refusable, spelt
from tests.laws.world import World
from unified_api.engine.events import Kind, Problem
from unified_api.engine.policy import Direction
from unified_api.engine.values import Side


def apart(world: World) -> list[str]:
    """Fields that differ at the remotes beyond what their spelling explains."""
    return [name for name in world.policy.fields if not _at_peace(world, name)]


def _at_peace(world: World, name: str) -> bool:
    if world.remotes.a.cells is None or world.remotes.b.cells is None:
        return False
    a, b = world.remotes.a.cells[name].value, world.remotes.b.cells[name].value
    return (
        world.equal(name, a, b)
        or (name != "status" and b == spelt(world.remotes.b.manners, a))
        or (name != "status" and a == spelt(world.remotes.a.manners, b))
    )


def edited_far_end(world: World, name: str) -> bool:
    """Whether a one-way field was edited where nothing leaves from, or never had a reason to travel."""
    direction = world.policy.fields[name].direction
    if direction in {Direction.BOTH, Direction.NEVER} or name in world.left:
        return direction is not Direction.BOTH
    far = Side.B if direction is Direction.A_TO_B else Side.A
    return normal(world.remotes[far].values()[name]) != normal(world.agreed[far].get(name))


def nothing_to_create(world: World) -> bool:
    """Whether the lone record holds nothing that could travel."""
    side = Side.A if world.remotes.b.cells is None else Side.B
    values = world.remotes[side].values()
    return not any(
        normal(values[name]) is not None and one.direction.reaches(side.other)
        for name, one in world.policy.fields.items()
        if name in world.access[side.other].create
    )


def unfounded(world: World) -> list[str]:
    """Problems that the remotes give no reason for."""
    return [f"{one.kind}: {one.field}" for one in world.problems if not _founded(world, one)]


def _founded(world: World, one: Problem) -> bool:
    target = world.remotes[one.side.other]
    values = world.remotes[one.side].values()
    value, manners = values.get(one.field), target.manners
    if one.kind is Kind.UNMAPPED:
        return str(value) not in (STATUS_TO_B if one.side is Side.A else STATUS_TO_A)
    if one.kind is Kind.REQUIRED:
        barred = not world.policy.fields[one.field].direction.reaches(one.side.other)
        return barred or normal(value) is None or refusable(value) or manners.refusal == "unnamed"
    if one.kind is not Kind.REFUSED:
        return False
    if manners.refusal == "unnamed" and any(refusable(held) for held in values.values()):
        return True
    told = manners.refusal != "never" and refusable(value)
    cut = normal(spelt(manners, value)) == normal(target.values().get(one.field))
    return manners.decides if one.field == "status" else told or cut
