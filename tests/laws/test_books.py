"""What the bookkeeper holds against the engine, and what not."""

from __future__ import annotations

import json

import pytest

from tests.laws import __main__ as command
from tests.laws.histories import come_to_rest
from tests.laws.ledger import Law
from tests.laws.play import Played, of_seed
from tests.laws.remote import Cell, Manners, Remote
from tests.laws.world import World
from unified_api.engine.pair import Pair
from unified_api.engine.policy import DeleteRule, Direction, Field, Policy, Shape
from unified_api.engine.values import Both, Side, Value
from unified_api.engine.weigh import Access

ACCESS = Access(frozenset({"custom"}), frozenset({"custom"}), deletes=True)


def left_alone(second: Value) -> World:
    """Two maps that nobody carries meet, `second` stands in one of them, and the other record is deleted."""
    custom = Field("custom", Direction.NEVER, shape=Shape.MAP)
    follow = Both(DeleteRule.PROPAGATE, DeleteRule.PROPAGATE)
    sides = [
        Remote(side, Manners(), {"custom/k1": Cell("v1", known), "custom/k2": Cell(value, known)})
        for side, value, known in ((Side.A, second, frozenset({-1})), (Side.B, "theirs", frozenset({-2})))
    ]
    world = World(Policy({"custom": custom}, deletes=follow), Both(ACCESS, ACCESS), Both(*sides), Pair())
    world.poll(Side.A)
    world.poll(Side.B)
    world.look()
    world.delete(Side.B)
    come_to_rest(world)
    return world


def test_a_blank_that_was_never_agreed_is_no_edit_that_a_delete_takes_along() -> None:
    """That somebody emptied it before the sides met nobody could see, and nothing that it says is lost."""
    world = left_alone(None)

    assert world.remotes.a.gone
    assert world.ledger.wrongs == []


def test_a_value_that_was_never_agreed_is_deleted_with_its_record_by_nobody() -> None:
    """It would be lost, so the record is kept, and a person says."""
    world = left_alone("mine")

    assert world.remotes.a.lives
    assert [one.kind.value for one in world.problems] == ["edited"]


@pytest.mark.parametrize("seed", [1005876, 1007598, 1014502, 1811840309, 3683451131, 3683451853])
def test_seeds_that_broke_a_law_break_none(seed: int) -> None:
    """They are none of the suite's.

    A spared blank; a blank that was never agreed; a record gone behind a lost update, and one behind a lost create; a
    first contact that a lost write had not touched; another spelling of what a remote had spelt in its own way.
    """
    assert of_seed(seed) == []


def test_fresh_seeds_are_played_by_command(capsys: pytest.CaptureFixture[str]) -> None:
    """It tells programs how much happened, and that no law was broken."""
    assert command.main(["--histories", "150", "--seed", "5", "--processes", "1", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)

    assert (told["first seed"], told["histories"], told["broken"]) == (5, 150, {})
    assert told["counts"]["edits"] > told["counts"]["writes"] > 0


def test_a_seed_that_breaks_a_law_is_named() -> None:
    """With each law that it breaks."""
    broken = Played(8, [f"{Law.EQUAL.name}: name differs"], {"edits": 2})
    told = command.summary(7, [Played(7, [], {"edits": 1}), broken], 1.0)

    assert told["broken"] == {"8": ["EQUAL: name differs"]}
    assert told["counts"] == {"edits": 3}
