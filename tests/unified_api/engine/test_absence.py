"""One record of a pair is gone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unified_api.engine.bench import ALL, POLICY, Bench, agreed
from unified_api.engine.absence import AGAIN
from unified_api.engine.events import (
    Answered,
    Create,
    Delete,
    Dropped,
    Kind,
    Look,
    LookAgain,
    Lost,
    Problem,
    Record,
    Rejected,
    Settled,
    Wait,
    Withheld,
)
from unified_api.engine.merge import Rule
from unified_api.engine.pair import Move, Pair, State
from unified_api.engine.plan import StateError, bring_back, part
from unified_api.engine.policy import DeleteRule
from unified_api.engine.values import MISSING, Both, Side

GONE = Record({"name": "old"}, gone=True)
ABLE = replace(ALL, deletes=True)


def bench(rule: DeleteRule) -> Bench:
    """A pair at rest; the rule is that of side b, which can delete."""
    policy = replace(POLICY, deletes=Both(DeleteRule.ASK, rule))
    return Bench(agreed(name=("old", "old")), policy, Both(ABLE, ABLE))


def deleting() -> Bench:
    """A pair whose record at side b is being deleted, as its counterpart was."""
    one = bench(DeleteRule.PROPAGATE)
    one.look(GONE, {"name": "old"})
    return one


def test_a_person_is_asked() -> None:
    """By default the other record stays, and a problem is shown."""
    one = bench(DeleteRule.ASK)
    effects = one.look(GONE, {"name": "old"})

    assert (one.problems, effects[-1], one.pair.state) == ([("gone", "")], Settled(), State.GONE)


@pytest.mark.parametrize("rule", [DeleteRule.PROPAGATE, DeleteRule.RESTORE])
def test_for_what_may_be_there_again_nothing_is_deleted_and_nothing_made(rule: DeleteRule) -> None:
    """A person says who belongs together."""
    one = bench(rule)
    effects = one.tell(Look(GONE, Record({"name": "old"}), again=True))

    assert effects == (Problem(Kind.GONE, Side.A, reason=AGAIN), Settled())


def test_unlink_leaves_it_alone() -> None:
    """It lives on, with no problem, and nothing travels any more."""
    one = bench(DeleteRule.UNLINK)

    assert one.look(GONE, {"name": "edited"}) == (Settled(),)


def test_a_delete_follows() -> None:
    """A record that is as it was agreed is deleted too, if it still is when that is done."""
    one = deleting()

    assert one.effects == (Delete(Side.B, {"name": "old"}),)
    assert one.pair.state is State.DELETING
    assert one.look(GONE, {"name": "old"}) == (Wait(),)
    assert one.tell(Answered({})) == (LookAgain(),)
    assert one.look(GONE, GONE) == (Settled(),)


def test_an_edit_outlives_a_delete() -> None:
    """A record that was edited since it was last agreed is kept, and a person is asked."""
    one = bench(DeleteRule.PROPAGATE)
    one.look(GONE, {"name": "edited"})

    assert (one.problems, one.pair.state) == ([("edited", "")], State.GONE)


def test_what_was_never_agreed_counts_as_edited() -> None:
    """A field without a base may hold what nobody else has."""
    one = bench(DeleteRule.PROPAGATE)
    one.look(GONE, {"name": "old", "body": "text"})

    assert one.problems == [("edited", "")]


def test_an_account_that_cannot_delete() -> None:
    """It is a problem."""
    one = bench(DeleteRule.PROPAGATE)
    one.access = Both(ABLE, ALL)
    one.look(GONE, {"name": "old"})

    assert one.problems == [("no_delete", "")]


def test_a_closed_side_is_not_deleted_from() -> None:
    """The delete waits until the side is opened."""
    one = bench(DeleteRule.PROPAGATE)
    one.closed = frozenset({Side.B})
    assert one.look(GONE, {"name": "old"}) == (Withheld(Side.B),)

    one.closed = frozenset()
    assert one.look(GONE, {"name": "old"}) == (Delete(Side.B, {"name": "old"}),)


@pytest.mark.parametrize("event", [Dropped(), Lost()])
def test_a_delete_that_may_not_have_happened(event: Dropped | Lost) -> None:
    """The next look decides: it is gone, or is to be deleted still, or was edited and is kept."""
    one = deleting()
    assert one.tell(event) == (LookAgain(),)
    assert one.pair.state is State.GONE

    one.look(GONE, {"name": "old"})
    assert one.effects == (Delete(Side.B, {"name": "old"}),)


def test_an_edit_during_the_delete() -> None:
    """A delete that was dropped, as the record had moved, is not tried again on the edited one."""
    one = deleting()
    one.tell(Dropped())
    one.look(GONE, {"name": "edited"})

    assert one.problems == [("edited", "")]


def test_a_refused_delete_is_not_tried_again() -> None:
    """It is a problem with the remote's reason."""
    one = deleting()
    one.tell(Rejected("it is locked"))
    for _ in range(2):
        one.look(GONE, {"name": "old"})

        assert one.problems == [("refused", "")]


def test_a_refused_delete_is_forgotten_when_the_record_is_back() -> None:
    """Both records there again are compared, and a later delete is tried anew."""
    one = deleting()
    one.tell(Rejected("it is locked"))
    assert one.look({"name": "old"}, {"name": "old"}) == (Settled(),)

    one.look(GONE, {"name": "old"})
    assert one.effects == (Delete(Side.B, {"name": "old"}),)


def test_the_lost_record_is_made_again() -> None:
    """From its counterpart, with what that says by now, and once."""
    one = bench(DeleteRule.RESTORE)
    effects = one.look(GONE, {"name": "edited"})
    assert isinstance(effects[0], Create)
    assert effects[0].restores
    assert one.push == (Side.A, {"name": "edited"})

    one.tell(Answered({"name": "EDITED"}))
    assert one.base("name") == ("EDITED", "edited")
    assert one.look({"name": "EDITED"}, {"name": "edited"}) == (Settled(),)


def test_a_restore_does_not_need_leave_to_create() -> None:
    """A bridge that creates nothing at a side still makes again what was there."""
    one = bench(DeleteRule.RESTORE)
    one.policy = replace(one.policy, creates=frozenset())
    one.look(GONE, {"name": "old"})

    assert one.push == (Side.A, {"name": "old"})


def test_a_restore_that_did_not_leave_is_tried_again() -> None:
    """A create that surely made nothing leaves the lost record lost, and the rule as it was."""
    one = bench(DeleteRule.RESTORE)
    one.policy = replace(one.policy, creates=frozenset())
    one.look(GONE, {"name": "old"})
    one.tell(Dropped())
    one.look(GONE, {"name": "old"})

    assert one.push == (Side.A, {"name": "old"})


def test_both_gone_is_peace() -> None:
    """Nothing is owed, whatever the rule."""
    for rule in DeleteRule:
        assert bench(rule).look(GONE, GONE) == (Settled(),)


def test_what_stands_outside_is_left_alone() -> None:
    """Nothing is decided about a record that the filter does not want."""
    for rule in DeleteRule:
        assert bench(rule).look(GONE, Record({"name": "old"}, outside=True)) == (Settled(),)


def test_a_record_that_came_back() -> None:
    """Both are compared three-way, by the bases of before."""
    one = bench(DeleteRule.ASK)
    one.look(GONE, {"name": "edited"})
    one.look({"name": "old"}, {"name": "edited"})

    assert one.push == (Side.A, {"name": "edited"})


@pytest.mark.parametrize("rule", DeleteRule)
@pytest.mark.parametrize("by_itself", [True, False])
def test_who_comes_back_is_never_deleted_for_the_old_delete(rule: DeleteRule, *, by_itself: bool) -> None:
    """Both were gone, by the rule or by people: the other's deletion is old news. The rule says what follows."""
    one = bench(rule)
    if rule is DeleteRule.PROPAGATE and not by_itself:
        one.look(GONE, {"name": "old"})
        one.tell(Answered({}))
    one.look(GONE, GONE)
    effects = one.look(GONE, {"name": "old"})

    assert not any(isinstance(effect, Delete) for effect in effects)
    made = [effect for effect in effects if isinstance(effect, Create)]
    restores = rule in {DeleteRule.PROPAGATE, DeleteRule.RESTORE}
    assert [(effect.to, effect.restores) for effect in made] == ([(Side.A, True)] if restores else [])


def test_both_back_are_a_pair_and_the_next_delete_is_news() -> None:
    """That they were gone once is forgotten."""
    one = bench(DeleteRule.PROPAGATE)
    one.look(GONE, GONE)
    one.look({"name": "old"}, {"name": "old"})

    assert one.look(GONE, {"name": "old"}) == (Delete(Side.B, {"name": "old"}),)


@pytest.mark.parametrize("rule", DeleteRule)
def test_who_was_parted_lives_alone(rule: DeleteRule) -> None:
    """A person had the counterpart deleted: nothing follows, whatever the rule, also when it is edited."""
    one = bench(rule)
    one.pair, effects = part(one.pair, Side.A, {"name": "old"})
    assert effects == (Delete(Side.A, {"name": "old"}),)
    one.tell(Answered({}))

    assert one.look(GONE, {"name": "old"}) == (Settled(),)
    assert one.look(GONE, {"name": "edited"}) == (Settled(),)
    assert Pair.load(one.pair.as_data()) == one.pair


@pytest.mark.parametrize("rule", DeleteRule)
def test_who_was_brought_back_lives_alone(rule: DeleteRule) -> None:
    """Made again out of what it said itself, while its counterpart stays deleted."""
    one = bench(rule)
    one.look(GONE, GONE)
    moves = (Move("name", None, "old", MISSING, Rule.UNDO),)
    one.pair, effects = bring_back(one.pair, Side.B, moves)
    assert effects == (Create(Side.B, moves, restores=True),)
    one.tell(Answered({"name": "old"}))

    assert one.look(GONE, {"name": "old"}) == (Settled(),)


def test_nobody_is_parted_while_a_write_is_under_way() -> None:
    """The caller lost track of it."""
    with pytest.raises(StateError, match="wait for its outcome"):
        part(deleting().pair, Side.B, {})


def test_who_was_parted_and_came_back_is_a_pair_again() -> None:
    """That a person parted them once is forgotten: the next delete is news."""
    one = bench(DeleteRule.PROPAGATE)
    one.pair, _ = part(one.pair, Side.A, {"name": "old"})
    one.tell(Answered({}))
    one.look({"name": "old"}, {"name": "old"})

    assert one.look(GONE, {"name": "old"}) == (Delete(Side.B, {"name": "old"}),)
