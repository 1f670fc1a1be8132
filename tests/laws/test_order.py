"""The outcome of edits does not depend on the order in which they are delivered."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hypothesis import given
from hypothesis import strategies as st

from tests.laws.histories import EQUAL, NAMES, cells, come_to_rest, policies, poll_a, poll_b
from tests.laws.remote import Manners, Remote
from tests.laws.world import World
from unified_api.engine.pair import Pair, State
from unified_api.engine.policy import Policy
from unified_api.engine.values import Both, Side, Value, Values
from unified_api.engine.weigh import Access

Edit = tuple[Side, str, Value]
FREE = Access(frozenset(NAMES), frozenset(NAMES), creates=True)

edited = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from(Side), st.sampled_from(["name", "body"]), st.sampled_from(["v1", "v2", None])
        ),
        st.tuples(st.just(Side.A), st.just("status"), st.sampled_from(["WORKING", "HELD", "CLOSED"])),
        st.tuples(st.just(Side.B), st.just("status"), st.sampled_from(["waiting", "closed", "merged"])),
        st.tuples(st.sampled_from(Side), st.just("urgent"), st.booleans()),
    ),
    max_size=6,
)
deliveries = st.lists(
    st.sampled_from(
        [poll_a, poll_b, World.look, World.look, World.land, World.answer, World.lose, World.drop]
    ),
    max_size=20,
)


def outcome(policy: Policy, edits: Sequence[Edit], order: Sequence[Callable[[World], None]]) -> Both[Values]:
    """What both remotes hold when all edits were made before the first delivery, delivered in this order."""
    remotes = Both(
        Remote(Manners(versioned=True), cells(Side.A, agreed=True)),
        Remote(Manners(versioned=True), cells(Side.B, agreed=True)),
    )
    pair = Pair(State.PAIRED, Both[Values](EQUAL.a, EQUAL.b))
    world = World(policy, Both(FREE, FREE), remotes, pair)
    world.poll(Side.A)
    world.poll(Side.B)
    for edit in edits:
        world.edit(*edit)
    for delivery in order:
        delivery(world)
    come_to_rest(world)
    return Both[Values](remotes.a.values(), remotes.b.values())


@given(policies(), edited, deliveries)
def test_the_outcome_does_not_depend_on_the_order_of_delivery(
    policy: Policy, edits: list[Edit], order: list[Callable[[World], None]]
) -> None:
    """Marks, reads, lost answers and repeats in any order end like one read of both sides."""
    assert outcome(policy, edits, order) == outcome(policy, edits, [])


@given(policies(), edited, st.permutations(range(6)))
def test_the_outcome_does_not_depend_on_the_order_of_fields(
    policy: Policy, edits: list[Edit], order: list[int]
) -> None:
    """Edits of different cells commute."""
    once = list({(side, name): (side, name, value) for side, name, value in edits}.values())
    turned = [once[place] for place in order if place < len(once)]

    assert outcome(policy, once, []) == outcome(policy, turned, [])
