"""A record that has no counterpart yet."""

from __future__ import annotations

from dataclasses import replace

from tests.unified_api.engine.bench import ALL, NAMES, POLICY, Bench
from unified_api.engine.events import (
    Answered,
    Create,
    Dropped,
    Kind,
    Lost,
    Problem,
    Record,
    Rejected,
    Settled,
)
from unified_api.engine.pair import Pair, State
from unified_api.engine.policy import Direction, Field
from unified_api.engine.values import MISSING, Both, Side
from unified_api.engine.weigh import Access


def alone(**access: object) -> Bench:
    """A bench with a reserved pair; side b's account may be limited."""
    return Bench(Pair(State.ALONE), access=Both(ALL, replace(ALL, **access)))  # type: ignore[arg-type]


def test_the_counterpart_is_created() -> None:
    """What the record says goes over in the other side's words; blanks are not sent."""
    bench = alone()
    effects = bench.look({"name": "word", "body": None, "status": "WORKING"}, None)

    assert isinstance(effects[0], Create)
    assert bench.push == (Side.B, {"name": "word", "status": "open"})
    assert bench.pair.state is State.CREATING


def test_after_the_create_both_are_quiet() -> None:
    """The answer is spelling for what was sent; what the remote filled in itself fills the blank."""
    bench = alone()
    bench.look({"name": "word", "body": None}, None)
    bench.tell(Answered({"name": "WORD", "body": "please fill in", "status": None}))
    assert bench.base("name") == ("word", "WORD")

    bench.look({"name": "word", "body": None}, {"name": "WORD", "body": "please fill in"})
    assert bench.push == (Side.A, {"body": "please fill in"})


def test_a_field_that_a_create_cannot_carry_follows() -> None:
    """A field that is writable only later is brought over by an update; the remote's default is nobody's edit."""
    bench = alone(create=NAMES - {"status"})
    bench.look({"name": "word", "status": "CLOSED"}, None)
    assert bench.push == (Side.B, {"name": "word"})

    bench.tell(Answered({"name": "word", "status": "open"}))
    bench.look({"name": "word", "status": "CLOSED"}, {"name": "word", "status": "open"})
    assert bench.push == (Side.B, {"status": "closed"})


def test_a_word_that_the_create_did_not_take_follows() -> None:
    """A create answered with another word is followed by an update, and if that is refused, by a problem."""
    bench = alone()
    bench.look({"name": "word", "status": "CLOSED"}, None)
    bench.tell(Answered({"name": "word", "status": "open"}))
    bench.look({"name": "word", "status": "CLOSED"}, {"name": "word", "status": "open"})
    assert bench.push == (Side.B, {"status": "closed"})

    bench.tell(Answered({"status": "open"}))
    bench.look({"name": "word", "status": "CLOSED"}, {"name": "word", "status": "open"})
    assert bench.problems == [("refused", "status")]


def test_an_unmapped_word_stays_a_problem() -> None:
    """The record is created without it, and the remote's default does not come back over it."""
    bench = alone()
    bench.look({"name": "word", "status": "strange"}, None)
    assert (bench.push, bench.problems) == ((Side.B, {"name": "word"}), [("unmapped", "status")])

    bench.tell(Answered({"name": "word", "status": "open"}))
    bench.look({"name": "word", "status": "strange"}, {"name": "word", "status": "open"})
    assert (bench.push, bench.problems) == (None, [("unmapped", "status")])


def test_nothing_is_created_without_what_is_required() -> None:
    """A record that lacks a required field waits, with a problem, until it has it."""
    bench = alone(required=frozenset({"name"}))
    bench.look({"name": " ", "body": "text"}, None)
    assert (bench.push, bench.problems, bench.pair.state) == (None, [("required", "name")], State.ALONE)

    bench.look({"name": "word", "body": "text"}, None)
    assert bench.push == (Side.B, {"name": "word", "body": "text"})


def test_an_unsettled_create_is_never_repeated() -> None:
    """While nobody knows whether the record was created, looks wait, also those that show a newcomer."""
    bench = alone()
    bench.look({"name": "word"}, None)
    bench.tell(Lost())
    assert bench.problems == [("unsettled", "")]

    bench.look({"name": "word"}, {"name": "word"})
    assert bench.push is None
    assert bench.pair.state is State.CREATING


def test_a_create_that_was_found() -> None:
    """A search found the record: what it says by now, other than what was sent, is news."""
    bench = alone()
    bench.look({"name": "word"}, None)
    bench.tell(Lost({"name": "edited"}, landed=True))

    bench.look({"name": "word"}, {"name": "edited"})
    assert bench.push == (Side.A, {"name": "edited"})


def test_a_create_that_surely_did_not_happen() -> None:
    """It is tried again."""
    bench = alone()
    bench.look({"name": "word"}, None)
    bench.tell(Dropped())
    bench.look({"name": "word"}, None)

    assert bench.push == (Side.B, {"name": "word"})


def test_a_rejected_create() -> None:
    """A named field is left out; a rejection that names nothing is not repeated until the record changes."""
    bench = alone()
    bench.look({"name": "word", "body": "text"}, None)
    bench.tell(Rejected("invalid", {"body": "too short"}))
    bench.look({"name": "word", "body": "text"}, None)
    assert (bench.push, bench.problems) == ((Side.B, {"name": "word"}), [("refused", "body")])

    bench.tell(Rejected("no"))
    assert bench.look({"name": "word", "body": "text"}, None)[-1] == Settled()
    bench.look({"name": "other", "body": "text"}, None)
    assert bench.push == (Side.B, {"name": "other"})


def test_no_create_where_none_is_wanted_or_possible() -> None:
    """The policy may forbid it, which is peace; an account that cannot create is a problem."""
    forbidden = Bench(Pair(State.ALONE), replace(POLICY, creates=frozenset({Side.A})))
    unable = Bench(Pair(State.ALONE), access=Both(ALL, Access(NAMES)))

    assert forbidden.look({"name": "word"}, None) == (Settled(),)
    unable.look({"name": "word"}, None)
    assert unable.problems == [("no_create", "")]


def test_a_field_of_the_other_direction_is_not_sent() -> None:
    """A create carries only what may travel that way."""
    policy = replace(POLICY, fields={**POLICY.fields, "body": Field("body", Direction.B_TO_A)})
    bench = Bench(Pair(State.ALONE), policy)
    bench.look({"name": "word", "body": "text"}, None)

    assert bench.push == (Side.B, {"name": "word"})


def test_a_deleted_or_filtered_record_gets_no_counterpart() -> None:
    """Nothing is created for what is gone, or outside."""
    assert alone().look(Record({"name": "word"}, gone=True), None) == (Settled(),)
    assert alone().look(None, Record({"name": "word"}, outside=True)) == (Settled(),)


def test_a_counterpart_that_turned_up() -> None:
    """A reserved pair whose other record was matched meanwhile is compared, not created."""
    bench = alone()
    bench.look({"name": "word", "body": "text"}, {"name": "word", "body": None})

    assert bench.push == (Side.B, {"body": "text"})
    assert bench.base("name") == ("word", "word")
    assert bench.base("body") == (MISSING, MISSING)


def test_what_is_too_large_is_said_once_a_field_and_not_sent_again() -> None:
    """Also after it was stored; what the other side requires and was refused is not said to be lacking, too."""
    bench = alone(required=frozenset({"name"}))
    bench.look({"name": "word"}, None)
    bench.tell(Rejected("larger than 10 MB", large=True))
    bench.pair = Pair.load(bench.pair.as_data())
    effects = bench.look({"name": "word"}, None)

    assert effects == (Problem(Kind.TOO_LARGE, Side.A, "name", "word", "larger than 10 MB"), Settled())


def test_what_belongs_to_a_record_waits_until_that_has_a_counterpart() -> None:
    """A comment is not made without its ticket, though the other side would take it; one that names none is."""
    ticket = Field("ticket", words=Both({}, {}), reference=True)
    policy = replace(POLICY, fields={**POLICY.fields, "ticket": ticket})
    able = replace(ALL, create=NAMES | {"ticket"}, parents=frozenset({"ticket"}))
    for named, pushed in (("t1", None), (None, (Side.B, {"name": "word"}))):
        bench = Bench(Pair(State.ALONE), policy=policy, access=Both(able, able))
        bench.look({"name": "word", "ticket": named}, None)

        assert bench.push == pushed
        assert [one[0] for one in bench.problems] == ([] if pushed else ["unpaired"])
