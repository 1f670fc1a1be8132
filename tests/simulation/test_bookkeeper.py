"""The bookkeeper, fed by hand with small histories: what went wrong is blamed, and what went right is not."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from tests.simulation.approved import Approved, Owed
from tests.simulation.contest import Ruling
from tests.simulation.forged import Forged
from tests.simulation.manners import PLAIN
from unified_api.engine.values import Side

CONDITIONAL = replace(PLAIN, conditional=True)


def one_wrong(forged: Forged, words: str) -> bool:
    """Whether one thing was blamed, in these words."""
    return len(forged.wrongs) == 1 and words in forged.wrongs[0]


# --- edits and writes -----------------------------------------------------------------------------------


def test_an_edit_that_travels_is_right() -> None:
    """What one side said is written to the other, and back comes nothing."""
    forged = Forged()
    a, b = forged.pair()
    forged.edited(a, description="v9")
    forged.written(b, description="v9")

    assert (forged.wrongs, forged.visible, forged.books.windows) == ([], [], 0)


def test_a_winner_that_replaces_an_edit_is_right_and_has_to_be_on_record() -> None:
    """Both sides were edited, and the side that wins is written over the other."""
    forged = Forged()
    a, b = forged.pair()
    forged.edited(a, description="v8")
    forged.edited(b, description="v9")
    forged.written(b, description="v8")

    assert (forged.wrongs, forged.visible) == ([], [("description", "v9", "v8")])


def test_a_winner_that_loses_is_blamed() -> None:
    """Both sides were edited, and the side that always wins is written over."""
    forged = Forged()
    a, b = forged.pair()
    forged.edited(a, description="v8")
    forged.edited(b, description="v9")
    forged.written(a, description="v9")

    assert one_wrong(forged, "description of a/1: the winner lost to 'v9'")


def test_an_edit_that_nobody_replaced_is_blamed() -> None:
    """One side was edited, and is written over with what the other had said all along."""
    forged = Forged()
    _, b = forged.kept_equal()
    forged.edited(b, description="v9")
    forged.written(b, description="v7")

    assert one_wrong(forged, "description of b/1: nobody's value replaced an edit")


def test_an_old_answer_that_comes_late_makes_no_agreement() -> None:
    """What was blanked before both met is blank, whatever a list says that was asked for earlier: it may be filled."""
    forged = Forged()
    a, b = forged.born(Side.A), forged.born(Side.B)
    before = a.now
    forged.edited(a, description=None)
    forged.books.served([(a, before)])
    forged.shown(b)
    forged.written(a, description="v2")

    assert (forged.wrongs, forged.visible) == ([], [])


@pytest.mark.parametrize("filled", ["a", "b"])
def test_what_no_round_has_found_alike_may_be_filled(filled: str) -> None:
    """Both were seen to say the same; one was blanked and the other edited before the bridge had looked."""
    forged = Forged()
    a, b = forged.pair(met=False)
    one, other = (a, b) if filled == "a" else (b, a)
    forged.edited(one, description=None)
    forged.edited(other, description="v9")
    forged.written(one, description="v9")

    assert (forged.wrongs, forged.visible) == ([], [])


def test_what_a_round_has_found_alike_may_not_be_filled() -> None:
    """The same after a round: the winner's blank is an edit that loses, and has to be on record."""
    forged = Forged()
    a, b = forged.pair()
    forged.edited(a, description=None)
    forged.edited(b, description="v9")
    forged.written(a, description="v9")

    assert one_wrong(forged, "description of a/1: the winner lost to 'v9'")
    assert forged.visible == [("description", None, "v9")]


@pytest.mark.parametrize(("alike", "visible"), [(True, []), (False, [("description", "v2", "v9")])])
def test_what_gives_way_is_on_record_unless_both_were_stored_alike(
    *, alike: bool, visible: list[tuple[str, str, str]]
) -> None:
    """One is edited and shown before the other is, and stored after it, or before it: then no bridge met them alike."""
    forged = Forged()
    a, b = forged.born(Side.A), forged.born(Side.B)
    forged.shown(a)
    forged.edited(a, seen=False, description="v9")
    forged.shown(a, b, stored=False)
    for row in (b, a) if alike else (a, b):
        forged.stored(row)
    forged.written(b, description="v9")

    assert (forged.visible, forged.wrongs) == (visible, [])


def test_what_was_alike_and_was_edited_before_a_round_is_new_to_it() -> None:
    """A round that finds other values than those which were alike agrees on nothing."""
    forged = Forged()
    a, b = forged.pair(met=False)
    forged.edited(a, description=None)
    forged.books.met(forged.books.alike())
    forged.edited(b, description="v9")
    forged.written(a, description="v9")

    assert (forged.wrongs, forged.visible) == ([], [])


@pytest.mark.parametrize("met", [True, False])
def test_what_was_alike_and_met_by_no_round_is_new_after_the_first_write_too(*, met: bool) -> None:
    """That a write of another field has bound the two says nothing of what differs by then."""
    forged = Forged()
    a, b = forged.pair(met=met)
    forged.edited(a, description=None)
    forged.edited(b, priority="URGENT")
    forged.written(a, priority="URGENT")

    assert forged.books.is_new(a, "description") != met


def test_an_answer_that_was_lost_with_its_worker_makes_nothing_alike() -> None:
    """What a worker had been shown and did not store, no round finds."""
    forged = Forged()
    forged.pair(met=False)
    forged.books.silenced(threading.get_ident())

    assert forged.books.alike() == []


def test_an_echo_is_blamed() -> None:
    """What a remote made of a value that it was told comes back as if somebody had said it."""
    forged = Forged(replace(PLAIN, spelling="shouts"))
    a, b = forged.kept_equal()
    assert b.now.cells["description"].value == "V7"
    forged.written(a, description="V7")

    assert one_wrong(forged, "description of a/1: 'V7' is an echo, and nobody's edit")


def test_an_edit_in_the_window_is_counted_and_not_blamed() -> None:
    """An edit that no answer had shown is written over, where writes have no condition."""
    forged = Forged()
    a, b = forged.pair()
    forged.edited(a, description="v8")
    forged.edited(b, seen=False, description="v9")
    forged.written(b, description="v8")

    assert (forged.wrongs, forged.visible, forged.books.windows) == ([], [], 1)


def test_an_edit_that_others_were_shown_after_the_writer_had_looked_is_in_the_window() -> None:
    """A request that is long under way arrives after an edit that another worker has read meanwhile."""
    forged = Forged()
    a, b = forged.pair()
    forged.edited(a, description="v8")
    forged.books.since = forged.books.clock()
    forged.edited(b, description="v9")
    forged.written(b, description="v8")

    assert (forged.wrongs, forged.visible, forged.books.windows) == ([], [], 1)


def test_an_edit_that_says_what_is_written_may_leave_the_one_before_it_on_record() -> None:
    """Its author replaced it after the writer had looked, by what the writer sent: the record tells what was seen."""
    forged = Forged()
    a, b = forged.pair()
    forged.edited(a, description="v8")
    forged.edited(b, description="v9")
    forged.books.since = forged.books.clock()
    forged.edited(b, seen=False, description="v8")
    forged.written(b, description="v8")

    assert (forged.wrongs, forged.visible) == ([], [])
    assert [(gave.row, gave.field) for gave in forged.books.gave] == [(b, "description")]


def test_a_window_of_a_conditional_write_is_blamed() -> None:
    """The same, where the write named the version that it was meant for."""
    forged = Forged(CONDITIONAL)
    a, b = forged.pair()
    forged.edited(a, description="v8")
    forged.edited(b, seen=False, description="v9")
    forged.written(b, description="v8")

    assert one_wrong(forged, "a conditional write replaced an edit that it had not seen")


def test_a_write_against_its_direction_is_blamed() -> None:
    """A field that goes from a to b is written at a."""
    forged = Forged(direction="a_to_b")
    a, b = forged.pair()
    forged.edited(b, description="v9")
    forged.written(a, description="v9")

    assert one_wrong(forged, "description was written to a against its direction")


def test_a_value_out_of_nowhere_is_blamed() -> None:
    """What is written was never said on the other side."""
    forged = Forged()
    _, b = forged.kept_equal()
    forged.written(b, description="v9")

    assert one_wrong(forged, "description of b/1 became 'v9', which the other side never held")


def test_a_write_to_a_record_without_counterpart_is_blamed() -> None:
    """Nobody on the other side has, or had, a name of this record."""
    forged = Forged()
    alone = forged.born(Side.B, name="v3")
    forged.shown(alone)
    forged.written(alone, description="v9")

    assert one_wrong(forged, "description of b/1 was written, which has no counterpart")


def test_after_a_lost_answer_the_product_may_not_know_who_edited() -> None:
    """Who cannot know whether a write arrived is not blamed for what it replaces."""
    forged = Forged()
    a, b = forged.pair()
    forged.edited(a, description="v8")
    forged.written(b, description="v8")
    forged.books.unanswered(b)
    forged.edited(b, description="v9")
    forged.written(b, description="v8")

    assert forged.wrongs == []


def test_what_a_dead_or_overtaken_worker_wrote_is_a_lost_answer() -> None:
    """Its answer came, and whoever goes on does not know of it."""
    forged = Forged()
    a, b = forged.pair()
    forged.edited(a, description="v8")
    forged.written(b, description="v8")
    (thread,) = forged.books.written
    forged.books.silenced(thread)

    assert "description" in forged.books.of(b).doubts


@pytest.mark.parametrize("read_back", [True, False])
def test_what_its_writer_did_not_read_back_is_a_lost_answer(*, read_back: bool) -> None:
    """The reading back is turned away: whoever reads later cannot tell a remote's word from somebody's."""
    forged = Forged(replace(PLAIN, answers="none"))
    a, b = forged.pair()
    forged.edited(a, description="v8")
    forged.written(b, description="v8")
    (thread,) = forged.books.written
    if read_back:
        forged.shown(b)
    forged.books.forget(thread)

    assert ("description" in forged.books.of(b).doubts) != read_back


@pytest.mark.parametrize("written", [True, False])
def test_what_its_writer_got_no_further_with_is_a_lost_answer(*, written: bool) -> None:
    """A create is not finished, and ends as one of unknown outcome though it was answered; others are as they were."""
    forged = Forged()
    a, b = forged.kept_equal()
    forged.books.broke_off(b if written else a)

    assert ("description" in forged.books.of(b).doubts) == written


@pytest.mark.parametrize("overtaken", [True, False])
def test_a_write_whose_answer_is_stored_after_a_newer_read_is_a_lost_answer(*, overtaken: bool) -> None:
    """Another worker is shown the record before its writer is done, and not after that."""
    forged = Forged()
    _, b = forged.kept_equal()
    (writer,) = forged.books.written
    if not overtaken:
        forged.books.forget(writer)
    reader = threading.Thread(target=forged.shown, args=[b])
    reader.start()
    reader.join()

    assert ("description" in forged.books.of(b).doubts) == overtaken


# --- the newest, and what people decide -----------------------------------------------------------------


@pytest.mark.parametrize(("pause", "wrong"), [(100.0, True), (2.0, False)])
def test_a_later_edit_that_loses_is_blamed(pause: float, *, wrong: bool) -> None:
    """Where the newest edit wins, one that is later by more than clocks can be wrong may not lose."""
    forged = Forged(winner="newest")
    a, b = forged.pair()
    forged.edited(a, description="v8")
    forged.later += pause
    forged.edited(b, description="v9")
    forged.written(b, description="v8")

    assert one_wrong(forged, "description of b/1: the winner lost to 'v8'") == wrong


@pytest.mark.parametrize(("otherwise", "wrong"), [("a", False), ("b", True)])
def test_a_later_edit_loses_to_nobody_but_who_prevails_in_doubt(otherwise: str, *, wrong: bool) -> None:
    """Both are shown by readings after both were made: only the side that the bridge falls back on may have won."""
    forged = Forged(winner="newest", otherwise=otherwise)
    a, b = forged.pair()
    forged.edited(a, seen=False, description="v8")
    forged.later += 100.0
    forged.edited(b, seen=False, description="v9")
    forged.shown(a, b)
    forged.written(b, description="v8")

    assert one_wrong(forged, "description of b/1: the winner lost to 'v8'") == wrong


def test_an_earlier_edit_that_loses_is_right() -> None:
    """Where the newest edit wins, the later one is written over the other."""
    forged = Forged(winner="newest")
    a, b = forged.pair()
    forged.edited(a, description="v8")
    forged.later += 100.0
    forged.edited(b, description="v9")
    forged.written(a, description="v9")

    assert forged.wrongs == []


@pytest.mark.parametrize(
    ("said", "seen", "wrong"),
    [
        (Side.A, ("v8", "v9"), False),
        (Side.B, ("v8", "v9"), True),
        (None, ("v8", "v9"), True),
        (Side.A, ("v2", "v9"), True),
    ],
)
def test_a_write_that_nobody_ruled_for_is_blamed(
    said: Side | None, seen: tuple[str, str], *, wrong: bool
) -> None:
    """Where a person is asked, an edit gives way only by a ruling about these very values."""
    forged = Forged(winner="ask")
    a, b = forged.pair()
    forged.edited(a, description="v8")
    forged.edited(b, description="v9")
    forged.books.contests.rulings.append(Ruling("description", (a, b), seen, said))
    forged.written(b, description="v8")

    assert one_wrong(forged, "the winner lost to 'v8'") == wrong


def test_a_question_without_reason_is_blamed() -> None:
    """Only one side was edited, and a person is asked all the same."""
    forged = Forged(winner="ask")
    a, b = forged.kept_equal()
    forged.edited(a, description="v9")
    forged.books.rule(Ruling("description", (a, b), ("v9", "v7"), Side.A))

    assert one_wrong(forged, "description of a/1: a person was asked without reason")


def test_a_question_about_strangers_is_blamed() -> None:
    """Two records that never had one name are no pair."""
    forged = Forged(winner="ask")
    a, b = forged.born(Side.A), forged.born(Side.B, name="v3", description="v9")
    forged.shown(a, b)
    forged.books.rule(Ruling("description", (a, b), ("v2", "v9"), Side.A))

    assert one_wrong(forged, "a/1 and b/1 were taken for a pair")


def test_a_ruling_that_both_stay_makes_peace_about_these_values_only() -> None:
    """They may differ until somebody edits one of them."""
    forged = Forged(winner="ask")
    a, b = forged.pair()
    forged.edited(a, description="v8")
    forged.edited(b, description="v9")
    forged.books.rule(Ruling("description", (a, b), ("v8", "v9"), None))
    assert forged.books.contests.both_stay("description", a, b)

    forged.edited(a, description="v7")
    assert not forged.books.contests.both_stay("description", a, b)
    assert forged.wrongs == []


# --- creates --------------------------------------------------------------------------------------------


def test_a_counterpart_that_is_created_is_right() -> None:
    """One side has a record, and the other gets it."""
    forged = Forged()
    source = forged.born(Side.A)
    forged.shown(source)
    forged.searched(Side.B, "v1")
    made = forged.created(Side.B, name="v1", description="v2", priority="LOW")

    assert forged.wrongs == []
    assert forged.books.of(source).partner is made


def test_a_second_counterpart_is_blamed() -> None:
    """A record that has a counterpart gets another."""
    forged = Forged()
    forged.shown(forged.born(Side.A))
    forged.created(Side.B, name="v1")
    forged.created(Side.B, name="v1")

    assert "a second counterpart of 'v1' was created" in forged.wrongs


def test_a_counterpart_that_a_search_had_shown_is_blamed() -> None:
    """The search before the create showed a record of that name."""
    forged = Forged()
    a, b = forged.born(Side.A), forged.born(Side.B)
    forged.shown(a)
    forged.searched(Side.B, "v1")
    forged.created(Side.B, name="v1")

    assert b.id == "1"
    assert one_wrong(forged, "'v1' was created, which its search had shown")


def test_what_a_search_had_shown_and_another_had_taken_may_be_doubled() -> None:
    """Two records of one name find one counterpart, which is the first one's; the other gets its own."""
    forged = Forged()
    forged.pair()
    forged.shown(forged.born(Side.A, description="v6"))
    forged.searched(Side.B, "v1")
    forged.created(Side.B, name="v1", description="v6")

    assert forged.wrongs == []


def test_a_record_out_of_nowhere_is_blamed() -> None:
    """Nobody on the other side ever had that name."""
    forged = Forged()
    forged.created(Side.B, name="v5")

    assert one_wrong(forged, "'v5' was created, which the other side never held")


def test_a_counterpart_of_what_never_took_part_is_blamed() -> None:
    """A record that was outside of the filter all its life gets a counterpart."""
    forged = Forged()
    forged.books.choosy = Side.A
    forged.shown(forged.born(Side.A, priority="LOW"))
    forged.created(Side.B, name="v1")

    assert one_wrong(forged, "a counterpart of a/1 was created, which never took part")


def test_a_created_record_belongs_to_the_one_that_was_shown_by_its_name() -> None:
    """A removed record that nobody ever read is no reason to doubt whose counterpart was created."""
    forged = Forged()
    forged.books.remove(forged.born(Side.B))
    b = forged.born(Side.B)
    forged.shown(b)
    a = forged.created(Side.A, name="v1", priority="LOW")

    assert forged.books.of(a).partner is b
    assert forged.wrongs == []


def test_a_created_record_belongs_to_the_namesake_that_held_all_of_it() -> None:
    """Of two that were shown by its name, one was renamed since; what was created says what the other says."""
    forged = Forged()
    renamed, other = forged.born(Side.A), forged.born(Side.A, description="v6")
    forged.shown(renamed, other)
    forged.edited(renamed, name="v9")
    made = forged.created(Side.B, name="v1", description="v6")

    assert forged.books.of(made).partner is other


def test_a_name_that_no_answer_showed_makes_no_namesake() -> None:
    """What was renamed before anybody read it leaves two records of its first name the only ones, and agreed."""
    forged = Forged()
    forged.edited(forged.born(Side.A), seen=False, name="v9")
    a, b = forged.pair()
    forged.edited(b, priority="NORMAL")
    forged.written(a, priority="NORMAL")

    assert (forged.wrongs, forged.visible) == ([], [])


# --- deletes --------------------------------------------------------------------------------------------


def test_a_delete_by_its_rule_is_right() -> None:
    """The counterpart is gone, the rule wants it, and nobody has edited what is left."""
    forged = Forged(deletes="propagate")
    a, b = forged.pair()
    forged.books.remove(a)
    forged.deleted(b)

    assert forged.wrongs == []


def test_a_delete_that_no_rule_wants_is_blamed() -> None:
    """The rule has a person asked."""
    forged = Forged(deletes="ask")
    a, b = forged.pair()
    forged.books.remove(a)
    forged.deleted(b)

    assert one_wrong(forged, "b/1 was deleted, which no rule wants")


def test_a_delete_of_what_has_its_counterpart_is_blamed() -> None:
    """Both are there, and one is deleted."""
    forged = Forged(deletes="propagate")
    _, b = forged.pair()
    forged.deleted(b)

    assert one_wrong(forged, "b/1 was deleted, and its counterpart is there")


@pytest.mark.parametrize(
    ("seen", "conditional", "words"),
    [
        (True, False, "description of b/1 was edited, and deleted all the same"),
        (False, True, "description of b/1: a conditional delete met an unseen edit"),
        (False, False, ""),
    ],
)
def test_a_delete_of_what_was_edited_is_blamed(*, seen: bool, conditional: bool, words: str) -> None:
    """An edit that an answer showed keeps its record; one in the window is counted, where there is a window."""
    forged = Forged(CONDITIONAL if conditional else PLAIN, deletes="propagate")
    a, b = forged.pair()
    forged.books.remove(a)
    forged.edited(b, seen=seen, description="v9")
    forged.deleted(b)

    assert one_wrong(forged, words) if words else forged.wrongs == []
    assert forged.books.windows == (not seen)


@pytest.mark.parametrize(("rule", "wrong"), [("restore", False), ("unlink", True)])
def test_a_lost_record_is_made_again_by_its_rule_only(rule: str, *, wrong: bool) -> None:
    """Where the rule restores, the record in the place of the lost one is no second counterpart."""
    forged = Forged(deletes=rule)
    a, b = forged.pair()
    forged.edited(a, description="v8")
    forged.written(b, description="v8")
    forged.books.remove(a)
    made = forged.created(Side.A, name="v1", description="v8")

    assert one_wrong(forged, "a second counterpart of 'v1' was created") == wrong
    assert (forged.books.remade.get(a) is made) != wrong


# --- plans ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("approved", "live", "wrong"),
    [
        ([], False, True),
        ([], True, False),
        ([(Side.B, {"description": "v9", "name": "v1"})], False, False),
        ([(Side.B, {"description": "v7"})], False, True),
        ([(Side.A, {"description": "v9"})], False, True),
    ],
)
def test_a_write_that_no_approved_plan_shows_is_blamed(
    approved: list[tuple[Side, dict[str, str]]], *, live: bool, wrong: bool
) -> None:
    """A bridge that plans writes what a person approved, to that side and with these values, and nothing else."""
    forged = Forged()
    a, b = forged.pair()
    forged.books.plan = plan = Approved(lambda: live)
    forged.books.approved(approved)  # type: ignore[arg-type] # texts are values
    forged.edited(a, description="v9")
    plan.left(Owed(Side.B, b.id, {"description": "v9"}))
    forged.written(b, description="v9")

    assert one_wrong(forged, "which no approved plan shows") == wrong
    assert wrong or forged.wrongs == []


@pytest.mark.parametrize(
    ("owed", "wrong"),
    [
        (Owed(Side.B, "1", {"description": "v9", "priority": "LOW"}), False),
        (Owed(Side.B, "1", {"description": "v7"}), True),
        (Owed(Side.B, "1", {}), True),
        (Owed(Side.B, "2", {"description": "v9"}), True),
        (Owed(Side.B, None, {"description": "v9"}), True),
        (Owed(Side.A, "1", {"description": "v9"}), True),
    ],
)
def test_what_left_while_a_bridge_was_live_may_arrive_when_it_plans(owed: Owed, *, wrong: bool) -> None:
    """What counts is the moment of leaving, and for that write, of that record, only."""
    forged, live = Forged(), True
    a, b = forged.pair()
    forged.books.plan = plan = Approved(lambda: live)
    forged.edited(a, description="v9")
    plan.left(owed)
    live = False
    forged.written(b, description="v9")

    assert one_wrong(forged, "which no approved plan shows") == wrong
