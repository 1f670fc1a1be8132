"""Strategies: two remotes with their manners, a policy, a start, and what happens to them in which order."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hypothesis import strategies as st

from tests.laws.remote import STATUS_TO_A, STATUS_TO_B, Cell, Manners, Remote
from tests.laws.world import World
from unified_api.engine.pair import Pair, State
from unified_api.engine.policy import Direction, Field, FirstContact, Policy, Winner
from unified_api.engine.values import Both, Side, Value, Values
from unified_api.engine.weigh import Access

Step = Callable[[World], None]
NAMES = ("name", "body", "status", "urgent")
EQUAL: Both[dict[str, Value]] = Both(
    {"name": "v0", "body": None, "status": "OPEN", "urgent": False},
    {"name": "v0", "body": None, "status": "open", "urgent": False},
)

fields = st.builds(
    lambda direction, winner, first: (direction, winner, first),
    st.sampled_from([Direction.BOTH, Direction.BOTH, Direction.BOTH, *Direction]),
    st.sampled_from([Winner.A, Winner.B]),
    st.sampled_from([FirstContact.FILL, FirstContact.WINNER]),
)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Any direction, winner and first contact, for four kinds of fields."""
    chosen = {}
    for name in NAMES:
        direction, winner, first = draw(fields)
        words = Both[Mapping[str, str]](STATUS_TO_A, STATUS_TO_B) if name == "status" else None
        chosen[name] = Field(name, direction, winner, first, "trim", words)
    return Policy(chosen)


@st.composite
def manners(draw: st.DrawFn, *, late: bool, decides: bool) -> Manners:
    """How one remote behaves. Silent refusals can be told from edits only where writes are conditional."""
    refusal = draw(st.sampled_from(["never", "never", "silent", "named", "unnamed"]))
    return Manners(
        draw(st.sampled_from(["keeps", "strips", "shouts", "cuts"])),
        late and draw(st.booleans()),
        refusal,
        decides and draw(st.booleans()),
        draw(st.booleans()),
        refusal == "silent" or draw(st.booleans()),
        draw(st.booleans()),
    )


@st.composite
def access(draw: st.DrawFn) -> Access:
    """A create may be unable to carry some fields, or require the name."""
    lacking = draw(st.sets(st.sampled_from(["body", "status", "urgent"])))
    required = draw(st.sampled_from([frozenset[str](), frozenset({"name"})]))
    return Access(frozenset(NAMES), frozenset(NAMES) - lacking, required, creates=True)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Equal and agreed; or met for the first time; or one record alone."""
    start = draw(st.sampled_from(["agreed", "agreed", "first", "alone"]))
    polite = Both(draw(manners(late=False, decides=False)), draw(manners(late=True, decides=True)))
    agreed = start == "agreed"
    remotes = Both(
        Remote(polite.a, cells(Side.A, agreed=agreed)), Remote(polite.b, cells(Side.B, agreed=agreed))
    )
    pair = Pair(State.PAIRED, Both[Values](EQUAL.a, EQUAL.b)) if agreed else Pair()
    world = World(draw(policies()), Both(draw(access()), draw(access())), remotes, pair)
    if start == "alone":
        world.pair = Pair(State.ALONE)
        draw(st.sampled_from([remotes.a, remotes.b])).cells = None
    if start != "alone":
        world.poll(Side.A)
        world.poll(Side.B)
    return world


def cells(side: Side, *, agreed: bool) -> dict[str, Cell]:
    """The cells of a side: what was never agreed counts as the edit of somebody, long ago."""
    known = frozenset[int]() if agreed else frozenset({-1 if side is Side.A else -2})
    return {name: Cell(value, known) for name, value in EQUAL[side].items()}


@st.composite
def edits(draw: st.DrawFn) -> Step:
    """Somebody edits a field: new text, odd spelling, a blank, an unmapped word, a refusable text."""
    side, name = draw(st.sampled_from(Side)), draw(st.sampled_from(NAMES))
    form = draw(st.sampled_from(["v{}", " v{} ", "v{}", "V{}-long", "no{}", ""]))
    if name == "status":
        form = draw(st.sampled_from([*(STATUS_TO_B if side is Side.A else STATUS_TO_A), "strange"]))
    flag = draw(st.booleans())

    def edit(world: World) -> None:
        text = form.format(world.edits + 100) or None
        world.edit(side, name, flag if name == "urgent" else text)

    edit.__name__ = edit.__qualname__ = f"edit({side.value}, {name}, {flag if name == 'urgent' else form!r})"
    return edit


def nothing(_world: World) -> None:
    """A pause; failing histories shrink to these."""


def poll_a(world: World) -> None:
    """The mirror reads side a."""
    world.poll(Side.A)


def poll_b(world: World) -> None:
    """The mirror reads side b."""
    world.poll(Side.B)


deliveries: st.SearchStrategy[Step] = st.sampled_from(
    [poll_a, poll_b, World.look, World.look, World.land, World.land, World.answer, World.answer]
)
mishaps: st.SearchStrategy[Step] = st.sampled_from([World.lose, World.lose, World.drop])
steps = st.lists(
    st.one_of(st.just(nothing), edits(), edits(), deliveries, deliveries, deliveries, mishaps, mishaps),
    min_size=12,
    max_size=45,
)


def deliver(world: World) -> None:
    """One round without mishaps: the wire empties, both sides are read, the pair is looked at."""
    world.land()
    world.answer()
    world.poll(Side.A)
    world.poll(Side.B)
    world.look()


def come_to_rest(world: World, *, rounds: int = 12) -> int:
    """Deliver until the engine says that it is settled; the number of rounds that it took."""
    for number in range(1, rounds + 1):
        deliver(world)
        if world.settled and world.wire is None:
            return number
    return rounds + 1
