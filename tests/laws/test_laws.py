"""The laws of two-way synchronization, each on random histories that stress it.

A history is drawn from one seed: a failing one is played again and made short by `play.shortened`.
"""

from __future__ import annotations

import os
from dataclasses import replace
from random import Random
from typing import Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.laws.fields import moved
from tests.laws.histories import PAIRS, USUAL, Theme, come_to_rest
from tests.laws.ledger import Law
from tests.laws.play import broken, drawn
from unified_api.engine.events import Create, Delete, Push
from unified_api.engine.forecast import forecast
from unified_api.engine.policy import Winner
from unified_api.engine.values import Side
from unified_api.engine.weigh import Terms

#: Histories of each property; together with those of `test_histories` the suite plays more than 20,000.
EXAMPLES: Final = int(os.environ.get("EXAMPLES", "100"))
dices = st.builds(Random, st.integers(0, 2**32 - 1))
some = settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow])

CONTESTED: Final = replace(PAIRS, deletes=0.0, crossings=0.0)
ASKING: Final = replace(CONTESTED, winners=(Winner.ASK,))
CLOCKS: Final = replace(CONTESTED, winners=(Winner.NEWEST,))
SPARING: Final = replace(CONTESTED, sparing=0.5)
MISHAPS: Final = Theme(mishaps=0.4, deletes=0.0)
LONE: Final = Theme(starts=("alone",), mishaps=0.3)
DELETING: Final = replace(PAIRS, deletes=0.1, crossings=0.0)
CROSSING: Final = replace(PAIRS, deletes=0.0, crossings=0.15)

POLITE: Final = Theme(polite=True)
#: Addresses with their types, which either side may have no place for; and lists that only fill.
TYPED: Final = Theme(always=("mails",), sparing=0.3)


def against(law: Law, dice: Random, theme: Theme = USUAL) -> list[str]:
    """What a random history does against a law."""
    return [sentence for broken_law, sentence in broken(*drawn(dice, theme)) if broken_law is law]


@some
@given(dices)
def test_once_edits_stop_both_sides_are_equal(dice: Random) -> None:
    """Within 12 rounds both sides say the same on bridged fields, or a problem or contest names the field."""
    assert against(Law.EQUAL, dice) == []


@some
@given(dices)
def test_then_no_write_happens(dice: Random) -> None:
    """At rest, another round writes nothing and remembers nothing."""
    assert against(Law.QUIET, dice, MISHAPS) == []


@some
@given(dices)
def test_every_edit_survives_or_is_on_record(dice: Random) -> None:
    """An edit that a read could see survives, or is overruled by the rule of its field, and told."""
    assert against(Law.KEPT, dice, CONTESTED) == []


@some
@given(dices)
def test_every_edit_survives_lost_answers(dice: Random) -> None:
    """The same where writes are lost, dropped and read back."""
    assert against(Law.KEPT, dice, MISHAPS) == []


@some
@given(dices)
def test_no_conflict_that_nobody_caused(dice: Random) -> None:
    """What is told as overruled, or as a problem, has its reason in what people and remotes did."""
    assert against(Law.FOUNDED, dice) == []


@some
@given(dices)
def test_no_second_record(dice: Random) -> None:
    """A record is made once, whatever is lost, dropped or refused; and one write is in flight at a time."""
    assert against(Law.SINGLE, dice, LONE) == []


@some
@given(dices)
def test_nothing_is_written_that_may_not_be(dice: Random) -> None:
    """Not against a direction, not to a closed side, not for what stands outside, not what cannot be written."""
    assert against(Law.ALLOWED, dice, CROSSING) == []


@some
@given(dices)
def test_who_left_and_came_back_is_compared_three_way(dice: Random) -> None:
    """Once the filter wants both records again, and both sides are open, they become equal."""
    assert against(Law.EQUAL, dice, CROSSING) == []


@some
@given(dices)
def test_the_newest_edit_prevails(dice: Random) -> None:
    """The truly later one where the clocks can tell, whatever their skew and grain; else the fixed side."""
    assert against(Law.NEWEST, dice, CLOCKS) == []


@some
@given(dices)
def test_a_contest_waits_for_a_person(dice: Random) -> None:
    """It stands until somebody decides about these very values, and then it is gone."""
    assert against(Law.ASKED, dice, ASKING) == []


@some
@given(dices)
def test_a_contest_holds_up_no_other_field(dice: Random) -> None:
    """Fields that nobody contests become equal beside it."""
    assert against(Law.EQUAL, dice, ASKING) == []


@some
@given(dices)
def test_what_is_spared_is_spared(dice: Random) -> None:
    """A blank overwrites nothing that never blanks, a filling field nothing that is filled, a log loses nothing."""
    assert against(Law.SPARED, dice, SPARING) == []


@some
@given(dices)
def test_a_delete_follows_its_rule(dice: Random) -> None:
    """It follows only what is as it was agreed; an edited survivor is kept; a lost record is made again once."""
    assert against(Law.DELETED, dice, DELETING) == []


@some
@given(dices)
def test_the_same_event_gives_the_same_outcome(dice: Random) -> None:
    """The engine is a function of the stored pair and the event."""
    assert against(Law.PURE, dice) == []


@some
@given(dices)
def test_every_law_holds_of_entries_that_a_side_tells_less_of(dice: Random) -> None:
    """An address is one thing, whatever its type is there: nothing is doubled, written for ever, or lost unseen."""
    assert list(broken(*drawn(dice, TYPED))) == []


def meant(write: Push | Delete) -> tuple[object, ...]:
    """What a write means, whatever the order in which a remote tells its words."""
    if isinstance(write, Delete):
        return ("delete", write.to)
    return type(write), write.to, {cell: (one.value, one.rule, one.overrules) for cell, one in moved(write)}


@some
@given(dices)
def test_a_forecast_comes_true(dice: Random) -> None:
    """What is foreseen is sent, in that order, by remotes that do as they are told; to a create they add their own."""
    world, history = drawn(dice, POLITE)
    for step in history:
        step(world)
    for happens in (world.land, world.answer, lambda: world.poll(Side.A), lambda: world.poll(Side.B)):
        happens()
    foreseen = forecast(world.pair, world.shown(), Terms(world.policy, world.access, world.closed))
    before = len(world.sent)
    come_to_rest(world)
    done = world.sent[before:]
    made = next((number for number, one in enumerate(done, 1) if isinstance(one, Create)), len(done))

    assert [meant(one.write) for one in foreseen.writes][:made] == [meant(one) for one in done[:made]]
    assert len(foreseen.writes) == len(done) or any(isinstance(one, Create) for one in done)
