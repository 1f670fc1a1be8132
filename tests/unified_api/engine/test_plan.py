"""The state machine: looks, updates, and what their outcomes teach."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unified_api.engine.bench import ALL, Bench, agreed
from unified_api.engine.answer import edited
from unified_api.engine.events import (
    Answered,
    Dropped,
    LookAgain,
    Lost,
    Overruled,
    Record,
    Rejected,
    Settled,
    Wait,
)
from unified_api.engine.merge import Rule
from unified_api.engine.pair import Pair, Refusal, State
from unified_api.engine.plan import StateError, let_go
from unified_api.engine.policy import DeleteRule, Direction, Field, Policy, Winner
from unified_api.engine.values import Both, Side
from unified_api.engine.weigh import Access


def pushed() -> Bench:
    """A bench on which side a's new name is on its way to side b."""
    bench = Bench(agreed(name=("old", "old"), body=("text", "text")))
    bench.look({"name": "new", "body": "text"}, {"name": "old", "body": "text"})
    return bench


def test_quiet() -> None:
    """Records at their bases need nothing."""
    bench = Bench(agreed(name=("old", "OLD")))

    assert bench.look({"name": "old"}, {"name": "OLD"}) == (Settled(),)


def test_only_what_moved_travels() -> None:
    """A push carries the fields that moved, and nothing else."""
    bench = pushed()

    assert bench.push == (Side.B, {"name": "new"})
    assert bench.pair.state is State.PUSHING


def test_one_write_in_flight() -> None:
    """While a write is in flight, looks wait, whatever they show."""
    bench = pushed()
    before = bench.pair

    assert bench.look({"name": "newer"}, {"name": "other"}) == (Wait(),)
    assert bench.pair == before


def test_the_answer_is_spelling() -> None:
    """What is answered for a sent field becomes the target's base: the echo is no news."""
    bench = pushed()

    assert bench.tell(Answered({"name": "NEW", "body": "text"})) == (LookAgain(),)
    assert bench.base("name") == ("new", "NEW")
    assert bench.look({"name": "new", "body": "text"}, {"name": "NEW", "body": "text"}) == (Settled(),)


def test_the_answer_is_news_for_what_was_not_sent() -> None:
    """Somebody else's edit in the answer travels back; it is not taken for spelling."""
    bench = pushed()
    bench.tell(Answered({"name": "new", "body": "edited"}))

    bench.look({"name": "new", "body": "text"}, {"name": "new", "body": "edited"})
    assert bench.push == (Side.A, {"body": "edited"})


def test_an_edit_during_the_flight_is_news() -> None:
    """The source's base becomes what was sent, not what it holds by now."""
    bench = pushed()
    bench.tell(Answered({"name": "new"}))

    bench.look({"name": "newer", "body": "text"}, {"name": "new", "body": "text"})
    assert bench.push == (Side.B, {"name": "newer"})


def test_different_fields_of_one_record() -> None:
    """Edits of different fields on the two sides both travel, one write after the other."""
    bench = Bench(agreed(name=("old", "old"), body=("text", "text")))
    bench.look({"name": "new", "body": "text"}, {"name": "old", "body": "edited"})
    assert bench.push == (Side.B, {"name": "new"})

    bench.tell(Answered({"name": "new", "body": "edited"}))
    bench.look({"name": "new", "body": "text"}, {"name": "new", "body": "edited"})
    assert bench.push == (Side.A, {"body": "edited"})


def test_the_overruled_edit_is_told() -> None:
    """When the winner's value has arrived, the value that gave way is reported with its rule; not before."""
    bench = Bench(agreed(name=("old", "old")))
    sending = bench.look({"name": "one"}, {"name": "two"})
    done = bench.tell(Answered({"name": "one"}))

    assert not any(isinstance(one, Overruled) for one in sending)
    assert done == (Overruled("name", Side.B, "two", "one", Rule.WINNER), LookAgain())


def test_a_refused_field_is_a_problem_and_is_not_sent_again() -> None:
    """A field answered with its old value was refused; the rest of the write counts."""
    bench = Bench(agreed(name=("old", "old"), body=("text", "text")))
    bench.look({"name": "new", "body": "edited"}, {"name": "old", "body": "text"})
    bench.tell(Answered({"name": "old", "body": "edited"}))

    assert bench.look({"name": "new", "body": "edited"}, {"name": "old", "body": "edited"})[-1] == Settled()
    assert bench.problems == [("refused", "name")]
    assert bench.base("name") == ("old", "old")


@pytest.mark.parametrize(
    ("a", "b", "push"),
    [
        ("newer", "old", (Side.B, {"name": "newer"})),
        ("new", "other", (Side.B, {"name": "new"})),
        ("old", "other", (Side.A, {"name": "other"})),
        ("old", "old", None),
    ],
)
def test_a_refusal_ends_when_a_side_moves(a: str, b: str, push: tuple[Side, dict[str, str]] | None) -> None:
    """Once either side holds something else, the field is tried again, or is at peace."""
    bench = pushed()
    bench.tell(Answered({"name": "old"}))
    bench.look({"name": a, "body": "text"}, {"name": b, "body": "text"})

    assert bench.push == push
    assert bench.problems == []
    assert bench.pair.refused == ()


def test_a_refusal_ends_when_the_map_changes() -> None:
    """A value that now translates to another word is tried again."""
    bench = Bench(agreed(status=("OPEN", "open")))
    bench.look({"status": "CLOSED"}, {"status": "open"})
    bench.tell(Answered({"status": "open"}))
    bench.look({"status": "CLOSED"}, {"status": "open"})
    assert bench.problems == [("refused", "status")]

    data = bench.policy.as_data()
    data["fields"]["status"]["words"]["b"]["CLOSED"] = "done"
    bench.policy = type(bench.policy).parse(data)
    bench.look({"status": "CLOSED"}, {"status": "open"})
    assert bench.push == (Side.B, {"status": "done"})


def test_a_rejection_that_names_a_field() -> None:
    """Only the field at fault is held back; the others are sent again without it."""
    bench = Bench(agreed(name=("old", "old"), body=("text", "text")))
    bench.look({"name": "new", "body": "edited"}, {"name": "old", "body": "text"})
    bench.tell(Rejected("invalid", {"name": "too long"}))
    bench.look({"name": "new", "body": "edited"}, {"name": "old", "body": "text"})

    assert bench.push == (Side.B, {"body": "edited"})
    assert bench.problems == [("refused", "name")]


def test_a_rejection_that_names_nothing() -> None:
    """All fields of the write are held back together, and together they are tried again."""
    bench = Bench(agreed(name=("old", "old"), body=("text", "text")))
    bench.look({"name": "new", "body": "edited"}, {"name": "old", "body": "text"})
    bench.tell(Rejected("no"))
    bench.look({"name": "new", "body": "edited"}, {"name": "old", "body": "text"})
    assert bench.problems == [("refused", "name"), ("refused", "body")]

    bench.look({"name": "newer", "body": "edited"}, {"name": "old", "body": "text"})
    assert bench.push == (Side.B, {"name": "newer", "body": "edited"})


@given(st.lists(st.sampled_from(["edit", "look"]), max_size=8))
def test_what_was_refused_is_asked_once_for_each_edit_there(happens: list[str]) -> None:
    """However edits there and looks follow each other, a look asks again if, and only if, an edit came before it."""
    bench, owed = Bench(agreed(name=("old", "old"))), True
    for one in [*happens, "look"]:
        if one == "edit":
            bench.pair, owed = edited(bench.pair, Side.B), True
            bench.pair = edited(bench.pair, Side.A)
            continue
        bench.look({"name": "new"}, {"name": "old"})
        assert (bench.push is not None) is owed
        if owed:
            bench.tell(Rejected("nobody is named for it", {"name": "not yet"}))
        owed = False


def test_an_edit_is_no_reason_to_repeat_what_changed_nothing_there() -> None:
    """What was kept in silence may have been answered by that very edit; what is too large stays so."""
    bench = pushed()
    bench.tell(Answered({"name": "old"}))
    large = Refusal(Side.B, bench.pair.refused[0].moves, "larger than 10 MB", large=True)
    other = Refusal(Side.A, bench.pair.refused[0].moves, "no")
    pair = replace(bench.pair, refused=(*bench.pair.refused, large, other, Refusal(Side.B, (), "locked")))

    assert edited(pair, Side.B) == pair


def test_a_write_that_did_not_leave() -> None:
    """What was not written is still owed."""
    bench = pushed()

    assert bench.tell(Dropped()) == (LookAgain(),)
    bench.look({"name": "new", "body": "text"}, {"name": "old", "body": "text"})
    assert bench.push == (Side.B, {"name": "new"})


def test_the_remote_decides_otherwise() -> None:
    """Another word than was sent is no spelling where words are mapped: it is the remote's news."""
    bench = Bench(agreed(status=("OPEN", "open")))
    bench.look({"status": "CLOSED"}, {"status": "open"})
    bench.tell(Answered({"status": "waiting"}))

    assert bench.base("status") == ("CLOSED", "closed")
    bench.look({"status": "CLOSED"}, {"status": "waiting"})
    assert bench.problems == [("unmapped", "status")]


def test_what_was_answered_otherwise_is_on_record_when_it_gives_way() -> None:
    """The remote's own decision, or an edit that met the write there: nobody may ever have seen what was sent."""
    bench = Bench(agreed(status=("OPEN", "open")))
    bench.look({"status": "OPEN"}, {"status": "closed"})
    bench.tell(Answered({"status": "WORKING"}))
    bench.look({"status": "WORKING"}, {"status": "closed"})
    assert bench.push == (Side.B, {"status": "open"})

    done = bench.answer()
    assert done == (Overruled("status", Side.B, "closed", "open", Rule.OTHERWISE), LookAgain())
    bench.look({"status": "CLOSED"}, {"status": "open"})
    assert bench.pair.sent is not None
    assert [move.rule for move in bench.pair.sent.moves] == [Rule.MOVED]


def test_what_was_presumed_before_rules_were_noted_is_of_a_lost_answer() -> None:
    """A pair that an earlier version stored names the fields only."""
    data = {**Pair().as_data(), "presumed": ["name"]}

    assert Pair.load(data).presumed == {"name": Rule.LOST}


def test_a_lost_answer_that_is_read_back() -> None:
    """Read back as sent: agreed, in the spelling of the target."""
    bench = pushed()
    bench.tell(Lost({"name": "new", "body": "text"}))

    assert bench.base("name") == ("new", "new")


def test_a_lost_write_that_shows_no_effect() -> None:
    """Read back with its old value: still owed, and sent again."""
    bench = pushed()
    bench.tell(Lost({"name": "old", "body": "text"}))
    bench.look({"name": "new", "body": "text"}, {"name": "old", "body": "text"})

    assert bench.push == (Side.B, {"name": "new"})


def test_a_lost_write_that_landed_for_sure() -> None:
    """With a version as witness, the old value read back is somebody's edit, and travels."""
    bench = pushed()
    bench.tell(Lost({"name": "old", "body": "text"}, landed=True))
    bench.look({"name": "new", "body": "text"}, {"name": "old", "body": "text"})

    assert bench.push == (Side.A, {"name": "old"})


def test_an_old_value_in_a_lost_write_that_landed() -> None:
    """Other fields tell that it landed: what was kept or put back is sent again, and recorded if it gives way."""
    bench = pushed()
    bench.tell(Lost({"name": "old", "body": "text"}, landed=True, partly=True))
    bench.look({"name": "new", "body": "text"}, {"name": "old", "body": "text"})
    assert bench.push == (Side.B, {"name": "new"})

    done = bench.tell(Answered({"name": "new"}))
    assert done == (Overruled("name", Side.B, "old", "new", Rule.LOST), LookAgain())


def test_a_silent_refusal_in_a_lost_write_that_landed() -> None:
    """Sent again, it is seen to be refused, and nobody's edit is reverted."""
    bench = pushed()
    bench.tell(Lost({"name": "old", "body": "text"}, landed=True, partly=True))
    bench.look({"name": "new", "body": "text"}, {"name": "old", "body": "text"})
    bench.tell(Answered({"name": "old"}))
    bench.look({"name": "new", "body": "text"}, {"name": "old", "body": "text"})

    assert bench.push is None
    assert bench.problems == [("refused", "name")]


def test_a_lost_write_and_a_third_value() -> None:
    """The base becomes what was sent, so the third value is news; that it may overrule is recorded."""
    bench = pushed()
    bench.tell(Lost({"name": "third", "body": "text"}))
    bench.look({"name": "new", "body": "text"}, {"name": "third", "body": "text"})
    assert bench.push == (Side.A, {"name": "third"})

    done = bench.tell(Answered({"name": "third"}))
    assert done == (Overruled("name", Side.A, "new", "third", Rule.LOST), LookAgain())
    assert bench.pair.presumed == {}


def test_a_lost_write_of_a_field_that_does_not_travel_back() -> None:
    """It is sent again over the third value; what may have given way to it the first time is on record all the same."""
    one_way = Policy({"name": Field("name", Direction.A_TO_B)})
    bench = Bench(agreed(name=("old", "old")), one_way)
    bench.look({"name": "new"}, {"name": "theirs"})
    lost = bench.tell(Lost({"name": "third"}))
    assert lost == (Overruled("name", Side.B, "theirs", "new", Rule.DIRECTION), LookAgain())

    bench.look({"name": "new"}, {"name": "third"})
    done = bench.tell(Answered({"name": "new"}))
    assert done == (Overruled("name", Side.B, "third", "new", Rule.DIRECTION), LookAgain())


def test_a_presumption_ends_with_the_next_look() -> None:
    """When the target shows what was sent after all, its next edit overrules nobody."""
    bench = pushed()
    bench.tell(Lost({"name": "third", "body": "text"}))
    bench.look({"name": "new", "body": "text"}, {"name": "new", "body": "text"})
    bench.look({"name": "new", "body": "text"}, {"name": "later", "body": "text"})

    assert bench.pair.sent is not None
    assert [move.rule for move in bench.pair.sent.moves] == [Rule.MOVED]


def test_a_presumption_outlasts_a_look_that_spares_a_blank() -> None:
    """A blank that never overwrites may be of somebody who never saw what was sent; so may what they type next."""
    bench = Bench(agreed(name=("old", "old")), Policy({"name": Field("name", blanks=False)}))
    bench.look({"name": "old"}, {"name": "theirs"})
    bench.tell(Lost({"name": None}))
    bench.look({"name": None}, {"name": "theirs"})
    assert bench.effects == (Settled(),)
    assert bench.pair.presumed == {"name": Rule.LOST}

    bench.look({"name": "mine"}, {"name": "theirs"})
    assert bench.answer() == (Overruled("name", Side.B, "theirs", "mine", Rule.LOST), LookAgain())
    assert bench.pair.presumed == {}


def test_a_presumption_outlasts_a_contest() -> None:
    """While a person is asked, nobody has seen the edit whose answer was lost: it is on record when it gives way."""
    bench = Bench(agreed(name=("old", "old")), Policy({"name": Field("name", winner=Winner.ASK)}))
    bench.look({"name": "old"}, {"name": "theirs"})
    bench.tell(Lost({"name": "mine"}))
    bench.look({"name": "mine"}, {"name": "theirs too"})
    assert bench.contests == ["name"]

    bench.look({"name": "mine"}, {"name": "theirs"})
    assert bench.answer() == (Overruled("name", Side.B, "theirs", "mine", Rule.LOST), LookAgain())


def test_a_presumption_outlasts_a_record_that_does_not_speak_of_it() -> None:
    """Absent is not null: it neither shows what was sent nor anything else."""
    bench = pushed()
    bench.tell(Lost({"name": "third", "body": "text"}))
    bench.look({"name": "new", "body": "text"}, {"body": "text"})
    assert bench.pair.presumed == {"name": Rule.LOST}

    bench.look({"name": "new", "body": "text"}, {"name": "third", "body": "text"})
    done = bench.tell(Answered({"name": "third"}))
    assert done == (Overruled("name", Side.A, "new", "third", Rule.LOST), LookAgain())


def test_a_presumption_is_of_a_record_and_not_of_the_next() -> None:
    """Where the lost record is made again, what it is given is nobody's edit, and overrules nobody."""
    again = Policy({"name": Field("name"), "body": Field("body")}, deletes=Both(*[DeleteRule.RESTORE] * 2))
    bench = Bench(agreed(name=("old", "old"), body=("text", "text")), again)
    bench.look({"name": "old", "body": "text"}, {"name": "theirs", "body": "text"})
    bench.tell(Lost({"name": None, "body": "text"}))
    bench.look({"name": None, "body": "text"}, Record({"name": "theirs", "body": "text"}, gone=True))
    bench.tell(Answered({"name": "by default", "body": "text"}))
    assert bench.pair.presumed == {}

    bench.look({"name": None, "body": "text"}, {"name": "by default", "body": "text"})
    assert bench.push == (Side.A, {"name": "by default"})
    assert bench.answer() == (LookAgain(),)


def test_a_lost_write_to_a_record_that_is_gone() -> None:
    """What may have given way is on record; nothing is agreed, so the edit that was sent is not deleted unseen."""
    follow = Both(DeleteRule.PROPAGATE, DeleteRule.PROPAGATE)
    bench = Bench(agreed(name=("old", "old")), Policy({"name": Field("name")}, deletes=follow))
    bench.look({"name": "mine"}, {"name": "theirs"})
    lost = bench.tell(Lost(gone=True))
    assert lost == (Overruled("name", Side.B, "theirs", "mine", Rule.WINNER), LookAgain())
    assert bench.base("name") == ("old", "old")

    bench.look({"name": "mine"}, Record({"name": "theirs"}, gone=True))
    assert bench.problems == [("edited", "")]


def test_a_write_that_is_let_go_teaches_nothing_but_what_may_have_given_way() -> None:
    """Both records are compared with what was agreed before it: what arrived is equal, and nobody sends it again."""
    bench = Bench(agreed(name=("old", "old"), body=("text", "text")))
    bench.look({"name": "new", "body": "text"}, {"name": "other", "body": "text"})
    bench.pair, effects = let_go(bench.pair)

    assert effects == (Overruled("name", Side.B, "other", "new", Rule.WINNER), LookAgain())
    assert (bench.pair.state, bench.pair.base.b["name"]) == (State.PAIRED, "old")
    assert bench.look({"name": "new", "body": "text"}, {"name": "new", "body": "text"}) == (Settled(),)
    with pytest.raises(StateError):
        let_go(bench.pair)


def test_an_unmapped_value_holds_up_nothing_else() -> None:
    """The problem is visible, the target keeps its value, and the other field travels."""
    bench = Bench(agreed(name=("old", "old"), status=("OPEN", "open")))
    bench.look({"name": "new", "status": "strange"}, {"name": "old", "status": "open"})

    assert bench.push == (Side.B, {"name": "new"})
    assert bench.problems == [("unmapped", "status")]


def test_a_field_that_cannot_be_written_is_a_problem() -> None:
    """A field that the target's account cannot write is never sent."""
    bench = Bench(agreed(name=("old", "old")), access=Both(ALL, Access()))
    bench.look({"name": "new"}, {"name": "old"})

    assert bench.push is None
    assert bench.problems == [("read_only", "name")]


def test_a_deleted_record_is_kept_on_the_other_side() -> None:
    """Nothing is written for a pair with a deleted record; when it comes back, the bases still hold."""
    bench = Bench(agreed(name=("old", "old")))
    bench.look({"name": "new"}, Record({"name": "old"}, gone=True))
    assert (bench.pair.state, bench.push, bench.problems) == (State.GONE, None, [("gone", "")])

    bench.look({"name": "new"}, {"name": "old"})
    assert bench.push == (Side.B, {"name": "new"})


def test_a_record_that_left_the_filter_sleeps() -> None:
    """The pair is dormant with its bases; on return it is compared three-way."""
    bench = Bench(agreed(name=("old", "old")))
    bench.look(Record({"name": "new"}, outside=True), {"name": "old"})
    assert (bench.pair.state, bench.push) == (State.DORMANT, None)

    bench.look({"name": "new"}, {"name": "edited"})
    assert bench.push == (Side.B, {"name": "new"})


@pytest.mark.parametrize("event", [Answered({}), Rejected("no"), Dropped(), Lost()])
def test_an_outcome_without_a_write(event: Answered | Rejected | Dropped | Lost) -> None:
    """The outcome of a write that is not in flight is the caller's mistake."""
    with pytest.raises(StateError):
        Bench(agreed(name=("old", "old"))).tell(event)


def test_a_pair_survives_json() -> None:
    """A pair with everything in it is the same after a journey through JSON."""
    bench = pushed()
    bench.tell(Rejected("no", {"name": "too long"}))
    bench.look({"name": "new", "body": "edited"}, {"name": "old", "body": "text"})
    assert bench.pair.sent is not None
    assert bench.pair.refused

    assert Pair.load(json.loads(json.dumps(bench.pair.as_data()))) == bench.pair
