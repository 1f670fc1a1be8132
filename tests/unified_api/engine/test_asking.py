"""Contests that a person decides, and edits whose times decide."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.unified_api.engine.bench import Bench, agreed
from unified_api.engine.events import Contest, LookAgain, Overruled, Record, Settled, Span
from unified_api.engine.merge import Rule
from unified_api.engine.pair import Pair, Ruling
from unified_api.engine.policy import Direction, Field, FirstContact, Policy, Winner
from unified_api.engine.values import MISSING, Both, Side, Value

ASKING = Policy({"name": Field("name", winner=Winner.ASK), "body": Field("body")})
NEWEST = Policy({"name": Field("name", winner=Winner.NEWEST, otherwise=Side.B), "body": Field("body")})


def named(at: float | None, doubt: float = 0.0) -> dict[str, Span]:
    """When the name was edited."""
    return {} if at is None else {"name": Span.around(at, doubt)}


def contested() -> Bench:
    """Both sides moved the name, and side a the body."""
    one = Bench(agreed(name=("old", "old"), body=("text", "text")), ASKING)
    one.look({"name": "one", "body": "edited"}, {"name": "two", "body": "text"})
    return one


def rule(one: Bench, winner: Side | None, a: Value = "one", b: Value = "two") -> None:
    """A person says whose name prevails, having seen these."""
    one.pair = replace(one.pair, rulings=(Ruling("name", winner, Both(a, b)),))


def test_a_contest_stands_and_holds_up_no_other_field() -> None:
    """The contest shows both values and what was agreed; the other field travels."""
    one = contested()

    assert one.push == (Side.B, {"body": "edited"})
    assert Contest("name", Both[Value]("one", "two"), Both("old", "old")) in one.effects
    one.answer()
    one.look({"name": "one", "body": "edited"}, {"name": "two", "body": "edited"})
    assert one.effects == (Contest("name", Both[Value]("one", "two"), Both("old", "old")), Settled())


def test_a_person_rules() -> None:
    """Their word travels under their rule, and the other value is on record as overruled."""
    one = contested()
    one.answer()
    rule(one, Side.B)
    one.look({"name": "one", "body": "edited"}, {"name": "two", "body": "edited"})
    assert one.push == (Side.A, {"name": "two"})

    assert one.answer() == (Overruled("name", Side.A, "one", "two", Rule.RULED), LookAgain())
    one.look({"name": "two", "body": "edited"}, {"name": "two", "body": "edited"})
    assert (one.effects, one.pair.rulings) == ((Settled(),), ())


def test_a_person_may_leave_both_as_they_are() -> None:
    """Two values stand as agreed, until somebody edits one of them."""
    one = contested()
    one.answer()
    rule(one, None)
    assert one.look({"name": "one", "body": "edited"}, {"name": "two", "body": "edited"}) == (Settled(),)
    assert one.base("name") == ("one", "two")

    one.look({"name": "three", "body": "edited"}, {"name": "two", "body": "edited"})
    assert one.push == (Side.B, {"name": "three"})


def test_a_ruling_about_values_that_moved_is_void() -> None:
    """Who edits a contested field opens the question anew."""
    one = contested()
    one.answer()
    rule(one, Side.B)
    one.look({"name": "three", "body": "edited"}, {"name": "two", "body": "edited"})

    assert (one.push, one.contests, one.pair.rulings) == (None, ["name"], ())


def test_a_contest_ends_when_the_sides_say_the_same() -> None:
    """Somebody settled it by hand."""
    one = contested()
    one.answer()

    assert one.look({"name": "two", "body": "edited"}, {"name": "two", "body": "edited"}) == (Settled(),)


def test_first_contact_is_asked_about_too() -> None:
    """A blank is filled without asking; two values that never met wait for a person."""
    one = Bench(Pair(), ASKING)
    one.look({"name": "one", "body": "text"}, {"name": None, "body": "text"})
    assert one.push == (Side.B, {"name": "one"})

    one = Bench(Pair(), ASKING)
    one.look({"name": "one", "body": "text"}, {"name": "two", "body": "text"})
    assert one.effects == (Contest("name", Both[Value]("one", "two"), Both(MISSING, MISSING)), Settled())


def test_nobody_is_asked_where_there_is_one_way() -> None:
    """A field that travels one way has no contest."""
    policy = Policy({"name": Field("name", Direction.A_TO_B, Winner.ASK)})
    one = Bench(agreed(name=("old", "old")), policy)
    one.look({"name": "one"}, {"name": "two"})

    assert (one.push, one.contests) == ((Side.B, {"name": "one"}), [])


def test_a_ruling_survives_json() -> None:
    """What a person said is the same after a journey through JSON."""
    one = contested()
    for winner in (*Side, None):
        rule(one, winner)

        assert Pair.load(json.loads(json.dumps(one.pair.as_data()))) == one.pair


@pytest.mark.parametrize(
    ("a", "b", "push"),
    [
        (200.0, 100.0, (Side.B, {"name": "one"})),
        (100.0, 200.0, (Side.A, {"name": "two"})),
        (100.0, 103.0, (Side.A, {"name": "two"})),
        (103.0, 100.0, (Side.A, {"name": "two"})),
        (104.0, 100.0, (Side.B, {"name": "one"})),
        (None, 100.0, (Side.A, {"name": "two"})),
        (200.0, None, (Side.A, {"name": "two"})),
    ],
)
def test_the_later_edit_prevails(a: float | None, b: float | None, push: tuple[Side, dict[str, str]]) -> None:
    """Outside of what the clocks may be wrong; within, or where a time is not known, the fixed side prevails."""
    one = Bench(agreed(name=("old", "old")), NEWEST)
    one.look(Record({"name": "one"}, edited=named(a, 1.0)), Record({"name": "two"}, edited=named(b, 2.0)))

    assert one.push == push


def test_the_rule_says_whether_the_times_decided() -> None:
    """What gave way is on record as overruled by the newest, or by the fixed winner."""
    for at, told in ((200.0, Rule.NEWEST), (100.0, Rule.WINNER)):
        one = Bench(agreed(name=("old", "old")), NEWEST)
        one.look(Record({"name": "one"}, edited=named(100.0)), Record({"name": "two"}, edited=named(at)))

        assert one.answer()[0] == Overruled("name", Side.A, "one", "two", told)


def test_times_do_not_matter_to_a_lone_edit() -> None:
    """The side that moved prevails, whatever the clocks say."""
    one = Bench(agreed(name=("old", "old")), NEWEST)
    one.look(Record({"name": "one"}, edited=named(1.0)), Record({"name": "old"}, edited=named(9.0)))

    assert one.push == (Side.B, {"name": "one"})


def test_the_newest_at_first_contact() -> None:
    """Two values that never met follow the times as well, if the field goes by its winner."""
    first = Field("name", winner=Winner.NEWEST, first=FirstContact.WINNER)
    one = Bench(Pair(), Policy({"name": first}))
    one.look(Record({"name": "one"}, edited=named(1.0)), Record({"name": "two"}, edited=named(9.0)))

    assert one.push == (Side.A, {"name": "two"})
