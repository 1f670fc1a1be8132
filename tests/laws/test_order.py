"""The outcome of edits does not depend on the order in which they are delivered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from tests.laws import histories
from tests.laws.fields import NAMES
from tests.laws.histories import Step, cells, come_to_rest
from tests.laws.remote import Manners, Remote
from tests.laws.world import World
from unified_api.engine.pair import Pair, State
from unified_api.engine.policy import DeleteRule, Field, Policy, Winner
from unified_api.engine.values import Both, Side, Value, Values
from unified_api.engine.weigh import Access

Edit = tuple[Side, str, Value]
FREE: Final = Access(frozenset(NAMES), frozenset(NAMES), creates=True)
THEME: Final = histories.Theme(winners=(Winner.A, Winner.B, Winner.ASK))
DELIVERIES: Final = (*histories.DELIVERIES, Step("lose"), Step("drop"))

policies = st.builds(lambda seed: histories.policy(Random(seed), NAMES, THEME), st.integers(0, 2**32 - 1))
edited = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from(Side),
            st.sampled_from(["name", "body", "custom/k1", "custom/k2"]),
            st.sampled_from(["v1", "v2", None]),
        ),
        st.tuples(st.just(Side.A), st.just("tags/red"), st.sampled_from(["red", None])),
        st.tuples(st.just(Side.B), st.just("tags/green"), st.sampled_from(["gruen", None])),
        st.tuples(st.sampled_from(Side), st.just("notes/n1"), st.just("n1")),
        st.tuples(st.just(Side.A), st.just("status"), st.sampled_from(["WORKING", "HELD", "CLOSED"])),
        st.tuples(st.just(Side.B), st.just("status"), st.sampled_from(["waiting", "closed", "merged"])),
        st.tuples(st.sampled_from(Side), st.just("urgent"), st.booleans()),
    ),
    max_size=6,
)
deliveries = st.lists(st.sampled_from(DELIVERIES), max_size=20)


def outcome(policy: Policy, edits: Sequence[Edit], order: Sequence[Callable[[World], None]]) -> Both[Values]:
    """What both remotes hold when all edits were made before the first delivery, delivered in this order."""
    a, b = (Remote(side, Manners(versioned=True), cells(NAMES, side, agreed=True)) for side in Side)
    pair = Pair(State.PAIRED, Both[Values](a.values(), b.values()))
    world = World(policy, Both(FREE, FREE), Both(a, b), pair)
    world.poll(Side.A)
    world.poll(Side.B)
    for edit in edits:
        world.edit(*edit)
    for delivery in order:
        delivery(world)
    come_to_rest(world)
    return Both[Values](a.values(), b.values())


@given(policies, edited, deliveries)
def test_the_outcome_does_not_depend_on_the_order_of_delivery(
    policy: Policy, edits: list[Edit], order: list[Step]
) -> None:
    """Marks, reads, lost answers and repeats in any order end like one read of both sides."""
    assert outcome(policy, edits, order) == outcome(policy, edits, [])


@given(policies, edited, st.permutations(range(6)))
def test_the_outcome_does_not_depend_on_the_order_of_fields(
    policy: Policy, edits: list[Edit], order: list[int]
) -> None:
    """Edits of different cells commute."""
    once = list({(side, cell): (side, cell, value) for side, cell, value in edits}.values())
    turned = [once[place] for place in order if place < len(once)]

    assert outcome(policy, once, []) == outcome(policy, turned, [])


@given(
    st.sampled_from(DeleteRule), st.sampled_from(Side), st.permutations(["edit", "poll_a", "poll_b", "look"])
)
def test_an_edit_outlives_a_delete_in_any_order(rule: DeleteRule, side: Side, order: list[str]) -> None:
    """Deleted here and edited there: the edited record is there at the end, however the news came."""
    policy = Policy({"name": Field("name")}, deletes=Both(rule, rule))
    a, b = (Remote(one, Manners(), cells(["name"], one, agreed=True)) for one in Side)
    able = replace(FREE, deletes=True)
    pair = Pair(State.PAIRED, Both[Values](a.values(), b.values()))
    world = World(policy, Both(able, able), Both(a, b), pair)
    world.poll(Side.A)
    world.poll(Side.B)
    world.delete(side.other)
    happens = {
        "edit": lambda: world.edit(side, "name", "edited"),
        "poll_a": lambda: world.poll(Side.A),
        "poll_b": lambda: world.poll(Side.B),
        "look": world.look,
    }
    for one in order:
        happens[one]()
    come_to_rest(world)

    assert world.remotes[side].values() == {"name": "edited"}
    assert world.remotes[side].lives
