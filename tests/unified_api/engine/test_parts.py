"""Fields that hold several things, each settled for itself."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.unified_api.engine.bench import Bench, agreed
from unified_api.engine.events import Answered, Delete, LookAgain, Lost, Overruled, Record, Rejected, Settled
from unified_api.engine.merge import Rule
from unified_api.engine.pair import Pair, State
from unified_api.engine.parts import Opened, joined, names, split
from unified_api.engine.policy import DeleteRule, Field, Policy, PolicyError, Shape, Winner
from unified_api.engine.values import Both, Side, Value
from unified_api.engine.weigh import Access

TAGS = Field("tags", normalizer="case", shape=Shape.SET)
MAPPED = Field(
    "tags",
    normalizer="case",
    shape=Shape.SET,
    words=Both({"rot": "red", "karmin": "red", "blau": "blue"}, {"red": "rot", "blue": "blau"}),
)
NOTES = Field("tags", shape=Shape.LOG)
CUSTOM = Field("tags", normalizer="trim", shape=Shape.MAP)


def bench(one: Field, pair: Pair) -> Bench:
    """A bench with one field, which every account can write."""
    access = Access(frozenset({"tags"}), frozenset({"tags"}), creates=True)
    return Bench(pair, Policy({"tags": one}), Both(access, access))


def at_rest(one: Field, a: Value, b: Value) -> Bench:
    """The same, with the sides agreed on these values."""
    return bench(one, agreed(tags=(a, b)))


def sent(bench: Bench, a: Value, b: Value) -> tuple[Side, Value] | None:
    """Where the look sent what."""
    bench.look({"tags": a}, {"tags": b})
    return None if bench.push is None else (bench.push[0], bench.push[1]["tags"])


def test_what_both_sides_added_is_united() -> None:
    """A word that one side added comes to the other, and the other way; neither gives way."""
    one = at_rest(TAGS, ["x"], ["x"])

    assert sent(one, ["x", "mine"], ["x", "yours"]) == (Side.B, ["x", "yours", "mine"])
    one.answer()
    assert sent(one, ["x", "mine"], ["x", "yours", "mine"]) == (Side.A, ["x", "mine", "yours"])
    assert one.answer()[:-1] == ()


def test_what_one_side_removed_goes_on_the_other() -> None:
    """Removed here, added there: each is a matter of its own."""
    one = at_rest(TAGS, ["x", "y"], ["x", "y"])

    assert sent(one, ["y"], ["x", "y", "new"]) == (Side.B, ["y", "new"])


def test_the_order_of_a_set_is_nothing() -> None:
    """A remote that sorts its words has no news."""
    one = at_rest(TAGS, ["x", "y"], ["x", "y"])

    assert one.look({"tags": ["y", "x"]}, {"tags": ["X", "y"]}) == (Settled(),)


def test_the_other_words_stay_as_and_where_they_are() -> None:
    """What is sent holds the target's own spelling of what was there already."""
    one = at_rest(TAGS, ["x", "y"], ["Y", "X"])

    assert sent(one, ["x", "y", "z"], ["Y", "X"]) == (Side.B, ["Y", "X", "z"])


def test_two_sets_meet() -> None:
    """At first contact both sides get what either has."""
    one = bench(TAGS, Pair())

    assert sent(one, ["x", "y"], ["Y", "z"]) == (Side.B, ["Y", "z", "x"])
    one.answer()
    assert sent(one, ["x", "y"], ["Y", "z", "x"]) == (Side.A, ["x", "y", "z"])
    one.answer()
    assert one.look({"tags": ["x", "y", "z"]}, {"tags": ["Y", "z", "x"]}) == (Settled(),)


def test_empty_sets_meet() -> None:
    """Nothing on both sides is agreed, so that what is added later is news of one side."""
    one = bench(TAGS, Pair())
    one.look({"tags": []}, {"tags": None})

    assert one.pair.base.a.keys() == {"tags"}
    assert sent(one, [], ["x"]) == (Side.A, ["x"])


def test_words_of_a_set_are_translated() -> None:
    """A set speaks each side's words; two words for one are at peace."""
    one = at_rest(MAPPED, ["red"], ["karmin"])

    assert sent(one, ["red", "blue"], ["karmin"]) == (Side.B, ["karmin", "blau"])
    assert one.look({"tags": ["red"]}, {"tags": ["rot"]})[-1:] != (Settled(),)


MAILS = Field("tags", normalizer="email", shape=Shape.SET)
WORK: Value = {"email_address": "ann@x.example", "email_address_type": "WORK"}
HOME: Value = {"email_address": "Ann@X.example", "email_address_type": "HOME"}
BARE: Value = {"email_address": "ann@x.example"}
MORE: Value = {"email_address": "more@x.example", "email_address_type": "WORK"}
MORE_BARE: Value = {"email_address": "more@x.example", "email_address_type": None}


def test_an_address_is_known_by_itself() -> None:
    """Its type makes no other address of it: two sides that meet hold it once, with the winner's type."""
    one = bench(MAILS, Pair())

    assert sent(one, [WORK], [HOME]) == (Side.B, [WORK])
    one.answer()
    assert one.look({"tags": [WORK]}, {"tags": [WORK]}) == (Settled(),)


def test_a_side_that_says_no_type_does_not_differ() -> None:
    """Nothing travels for it either way, whoever wins, and both sides are seen to agree."""
    for winner in Winner.A, Winner.B:
        one = bench(replace(MAILS, winner=winner), Pair())
        assert one.look({"tags": [WORK, MORE]}, {"tags": [MORE_BARE, BARE]}) == (Settled(),)

        assert one.base("tags") == ([WORK, MORE], [BARE, MORE_BARE])
        assert MAILS.agree(Both([WORK, MORE], [MORE_BARE, BARE]))
        assert not MAILS.agree(Both([WORK], [HOME]))


def test_an_address_that_lost_its_type_arrived() -> None:
    """A create, an update and a lost one at a side without types: no echo, no problem, no doubt."""
    one = bench(MAILS, Pair(State.ALONE))
    one.look({"tags": [WORK]}, None)
    one.tell(Answered({"tags": [BARE]}))
    assert one.look({"tags": [WORK]}, {"tags": [BARE]}) == (Settled(),)

    for outcome in Answered({"tags": [BARE, MORE_BARE]}), Lost({"tags": [BARE, MORE_BARE]}):
        two = bench(MAILS, one.pair)
        assert sent(two, [WORK, MORE], [BARE]) == (Side.B, [BARE, MORE])
        two.tell(outcome)
        assert two.pair.presumed == {}
        assert two.look({"tags": [WORK, MORE]}, {"tags": [BARE, MORE_BARE]}) == (Settled(),)


def test_a_type_travels_where_both_sides_say_one() -> None:
    """As an edit of that address, and of no other."""
    one = at_rest(MAILS, [WORK, MORE], [WORK, MORE])

    assert sent(one, [HOME, MORE], [WORK, MORE]) == (Side.B, [HOME, MORE])


def test_one_address_of_two_types_is_one() -> None:
    """In whatever order its side tells them, and nothing is written for it."""
    one = bench(MAILS, Pair())
    one.look({"tags": [WORK, HOME]}, {"tags": [BARE]})

    for told in [WORK, HOME], [HOME, WORK]:
        assert one.look({"tags": told}, {"tags": [BARE]}) == (Settled(),)


def test_a_list_that_only_fills_is_filled_from_nothing() -> None:
    """One that has something stays as it is; each name of a map is a place of its own."""
    fills = replace(TAGS, fills=True)
    assert sent(bench(fills, Pair()), ["x"], ["y"]) is None
    assert sent(at_rest(fills, ["x", "y"], ["x", "y"]), ["x", "new"], ["x", "y"]) is None
    assert sent(bench(fills, Pair()), ["x", "y"], []) == (Side.B, ["x", "y"])
    assert sent(bench(replace(CUSTOM, fills=True), Pair()), {"k": "1"}, {"m": "2"}) == (
        Side.B,
        {"m": "2", "k": "1"},
    )


def test_a_list_that_only_fills_is_barred_from_nowhere_that_is_filled() -> None:
    """What could not be written there anyway is no problem."""
    one = bench(replace(TAGS, fills=True), Pair())
    one.access = one.access.having(Side.B, Access())
    one.look({"tags": ["x"]}, {"tags": ["y"]})
    assert one.problems == []

    one.look({"tags": ["x"]}, {"tags": []})
    assert one.problems == [("read_only", "tags")]


def test_two_words_that_mean_one_are_both_kept() -> None:
    """A side that says one thing twice keeps both, until the other side takes that thing back."""
    one = at_rest(MAPPED, ["red"], ["rot", "karmin"])

    assert sent(one, ["red", "blue"], ["rot", "karmin"]) == (Side.B, ["rot", "karmin", "blau"])
    one.answer()
    assert sent(one, ["blue"], ["rot", "karmin", "blau"]) == (Side.B, ["blau"])


def test_an_unmapped_word_holds_up_no_other() -> None:
    """A word without translation stays behind as a problem, on either side; the others travel."""
    one = at_rest(MAPPED, [], [])
    assert sent(one, ["red", "odd"], ["seltsam"]) == (Side.B, ["seltsam", "rot"])
    one.answer()

    assert sent(one, ["red", "odd"], ["seltsam", "rot"]) is None
    assert one.problems == [("unmapped", "tags"), ("unmapped", "tags")]


def test_a_refused_word_holds_up_no_other() -> None:
    """The words that the remote took are agreed; the one that it left out is a problem, and not sent again."""
    one = at_rest(TAGS, [], [])
    sent(one, ["good", "bad", "worse"], [])
    one.tell(Answered({"tags": ["good"]}))

    assert sent(one, ["good", "bad", "worse"], ["good"]) is None
    assert one.problems == [("refused", "tags")]
    assert one.base("tags") == (["good"], ["good"])


def test_a_refused_word_is_tried_again_with_the_next_change() -> None:
    """Once the source says something else, all that it owes goes over anew."""
    one = at_rest(TAGS, [], [])
    sent(one, ["good", "bad"], [])
    one.tell(Answered({"tags": ["good"]}))

    assert sent(one, ["good", "bad", "new"], ["good"]) == (Side.B, ["good", "bad", "new"])


def test_a_refusal_outlasts_another_order() -> None:
    """Who sorts the words of a set has not changed it, so what was refused is not tried again."""
    one = at_rest(TAGS, [], [])
    sent(one, ["good", "bad"], [])
    one.tell(Answered({"tags": ["good"]}))

    assert sent(one, ["bad", "good"], ["good"]) is None
    assert one.problems == [("refused", "tags")]


def test_another_order_is_no_edit() -> None:
    """A survivor whose words were sorted is as it was agreed, and follows its counterpart."""
    one = at_rest(TAGS, ["x", "y"], ["x", "y"])
    one.policy = replace(one.policy, deletes=Both(DeleteRule.ASK, DeleteRule.PROPAGATE))
    one.access = Both(one.access.a, replace(one.access.b, deletes=True))
    one.look(Record({}, gone=True), {"tags": ["y", "x"]})

    assert one.effects == (Delete(Side.B, {"tags": ["y", "x"]}),)


def test_a_rejected_set_is_refused_as_a_whole() -> None:
    """Who rejects a write says nothing of single words."""
    one = at_rest(TAGS, [], [])
    sent(one, ["bad"], [])
    one.tell(Rejected("no", {"tags": "unknown word"}))

    assert sent(one, ["bad"], []) is None
    assert one.problems == [("refused", "tags")]


def test_a_lost_answer_of_a_set() -> None:
    """What is read back is agreed word by word; a word that is not there is still owed."""
    one = at_rest(TAGS, ["x"], ["x"])
    sent(one, ["x", "y", "z"], ["x"])
    one.tell(Lost({"tags": ["x", "y"]}))

    assert one.base("tags") == (["x", "y"], ["x", "y"])
    assert sent(one, ["x", "y", "z"], ["x", "y"]) == (Side.B, ["x", "y", "z"])


def test_a_log_never_loses_an_entry() -> None:
    """What is taken out on one side stays on the other, and does not come back by itself."""
    one = at_rest(NOTES, ["one", "two"], ["one", "two"])

    assert sent(one, ["one"], ["one", "two"]) is None
    assert sent(one, ["one", "three"], ["one", "two"]) == (Side.B, ["one", "two", "three"])


def test_a_map_merges_name_by_name() -> None:
    """Different names of one map never disturb each other; one name in both follows the winner."""
    one = at_rest(CUSTOM, {"k": "0", "m": "0", "n": "0"}, {"k": "0", "m": "0", "n": "0"})
    held: tuple[Value, Value] = ({"k": "1", "m": "0", "n": "1"}, {"k": "0", "m": "2", "n": "2"})

    assert sent(one, *held) == (Side.B, {"m": "2", "k": "1", "n": "1"})
    assert [type(effect) for effect in one.answer()[:-1]] == [Overruled]
    assert sent(one, held[0], {"k": "1", "m": "2", "n": "1"}) == (Side.A, {"k": "1", "n": "1", "m": "2"})


def test_a_name_leaves_a_map() -> None:
    """What one side emptied goes on the other side too."""
    one = at_rest(CUSTOM, {"k": "0", "m": "0"}, {"k": "0", "m": "0"})

    assert sent(one, {"m": "0"}, {"k": "0", "m": "0"}) == (Side.B, {"m": "0"})


def test_a_part_is_re_spelt() -> None:
    """The answer is spelling for the parts that were sent, and news for the others."""
    one = at_rest(CUSTOM, {"k": "0", "m": "0"}, {"k": "0", "m": "0"})
    sent(one, {"k": "word", "m": "0"}, {"k": "0", "m": "0"})
    one.tell(Answered({"tags": {"k": "WORD", "m": "edited"}}))

    assert sent(one, {"k": "word", "m": "0"}, {"k": "WORD", "m": "edited"}) == (
        Side.A,
        {"k": "word", "m": "edited"},
    )


def test_a_new_record_gets_the_parts_that_can_travel() -> None:
    """A create carries what is translated; the rest is a problem that stays."""
    one = bench(MAPPED, Pair(State.ALONE))
    one.look({"tags": ["red", "odd"]}, None)
    assert (one.push, one.problems) == ((Side.B, {"tags": ["rot"]}), [("unmapped", "tags")])

    one.answer()
    assert sent(one, ["red", "odd"], ["rot"]) is None
    assert one.problems == [("unmapped", "tags")]


def test_what_a_side_does_not_have_is_no_news_of_it() -> None:
    """A set that the create could not carry follows, and what was added to the new record meanwhile comes back."""
    one = bench(TAGS, Pair(State.ALONE))
    one.policy = replace(one.policy, fields={"tags": TAGS, "name": Field("name")})
    one.access = one.access.having(Side.B, replace(one.access.b, create=frozenset({"name"})))
    one.look({"tags": ["mine"], "name": "word"}, None)
    one.tell(Answered({"tags": [], "name": "word"}))
    one.look({"tags": ["mine"], "name": "word"}, {"tags": ["yours"], "name": "word"})
    assert one.push == (Side.B, {"tags": ["yours", "mine"]})

    assert one.answer() == (LookAgain(),)
    one.look({"tags": ["mine"], "name": "word"}, {"tags": ["yours", "mine"], "name": "word"})
    assert one.push == (Side.A, {"tags": ["mine", "yours"]})
    assert one.answer() == (LookAgain(),)


def test_a_found_record_keeps_what_somebody_added() -> None:
    """A create that was found after its answer was lost: the owed set is united with what is there by now."""
    one = bench(TAGS, Pair(State.ALONE))
    one.policy = replace(one.policy, fields={"tags": TAGS, "name": Field("name")})
    one.access = one.access.having(Side.B, replace(one.access.b, create=frozenset({"name"})))
    one.look({"tags": ["mine"], "name": "word"}, None)
    one.tell(Lost({"tags": ["yours"], "name": "word"}, landed=True))
    one.look({"tags": ["mine"], "name": "word"}, {"tags": ["yours"], "name": "word"})
    assert one.push == (Side.B, {"tags": ["yours", "mine"]})

    one.answer()
    one.look({"tags": ["mine"], "name": "word"}, {"tags": ["yours", "mine"], "name": "word"})
    assert one.push == (Side.A, {"tags": ["mine", "yours"]})


def test_a_found_record_with_a_part_left_out() -> None:
    """A word that the create did not bring is still owed, and one that somebody added comes back."""
    one = bench(TAGS, Pair(State.ALONE))
    one.look({"tags": ["good", "bad"]}, None)
    one.tell(Lost({"tags": ["good", "yours"]}, landed=True))
    assert sent(one, ["good", "bad"], ["good", "yours"]) == (Side.B, ["good", "yours", "bad"])

    one.tell(Answered({"tags": ["good", "yours"]}))
    assert sent(one, ["good", "bad"], ["good", "yours"]) == (Side.A, ["good", "bad", "yours"])


def test_parts_are_presumed_one_by_one() -> None:
    """Whether an edit gave way to a part with a lost answer is noted for that part alone, until it is settled."""
    one = at_rest(CUSTOM, {"k": "0", "m": "0"}, {"k": "0", "m": "0"})
    sent(one, {"k": "1", "m": "0"}, {"k": "0", "m": "0"})
    one.tell(Lost({"tags": {"k": "2", "m": "0"}}))
    assert one.pair.presumed == {"tags/k": Rule.LOST}

    assert sent(one, {"k": "1", "m": "3"}, {"k": "2", "m": "0"}) == (Side.B, {"k": "2", "m": "3"})
    assert one.answer() == (LookAgain(),)
    assert sent(one, {"k": "1", "m": "3"}, {"k": "2", "m": "3"}) == (Side.A, {"m": "3", "k": "2"})
    assert one.answer() == (Overruled("tags", Side.A, "1", "2", Rule.LOST), LookAgain())


def test_a_part_is_presumed_until_its_field_is_spoken_of() -> None:
    """A record that omits the field says nothing of any part of it."""
    one = at_rest(CUSTOM, {"k": "0"}, {"k": "0"})
    sent(one, {"k": "1"}, {"k": "0"})
    one.tell(Lost({"tags": {"k": "2"}}))
    one.look({"name": "word"}, {"tags": {"k": "2"}, "name": "word"})
    assert one.pair.presumed == {"tags/k": Rule.LOST}

    assert sent(one, {"k": "1"}, {"k": "2"}) == (Side.A, {"k": "2"})
    assert one.answer() == (Overruled("tags", Side.A, "1", "2", Rule.LOST), LookAgain())


def test_moves_with_parts_survive_json() -> None:
    """A pair that waits for the answer to parts is the same after a journey through JSON."""
    one = at_rest(TAGS, ["x"], ["x"])
    sent(one, ["x", "y"], ["x"])

    assert one.pair.sent is not None
    assert one.pair.sent.moves[0].parts
    assert Pair.load(json.loads(json.dumps(one.pair.as_data()))) == one.pair


def test_parts_have_one_name_on_both_sides() -> None:
    """The word as side a says it; an untranslated one cannot be taken for a word of side a."""
    held = Opened.both(MAPPED, Both(["red"], ["rot", "odd"]))
    base = Opened.both(MAPPED, Both(None, ["blau"]))

    assert list(split(MAPPED, ["rot", "odd"], Side.B)) == ["red", "\x1fbodd"]
    assert names(held, base) == ["\x1fbodd", "blue", "red"]


def test_nothing_is_joined_to_nothing() -> None:
    """A field that was not there begins with what is added."""
    assert joined(TAGS, None, {"x": "x"}, Side.A) == ["x"]
    assert joined(CUSTOM, None, {"k": "v"}, Side.A) == {"k": "v"}
    assert joined(CUSTOM, {"k": "v"}, {"k": None}, Side.A) == {}


def test_a_person_cannot_be_asked_about_parts() -> None:
    """A set has no contest to put before a person."""
    with pytest.raises(PolicyError, match=r"fields.tags.winner: 'ask' goes with single values; a set"):
        Policy.parse({"fields": {"tags": {"shape": "set", "winner": Winner.ASK.value}}})
