"""Fields that keep what they have, closed sides, constants, references, and values that are put back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unified_api.engine.bench import ALL, POLICY, Bench, agreed
from unified_api.engine.events import Answered, LookAgain, Push, Rejected, Settled, Withheld
from unified_api.engine.merge import Rule
from unified_api.engine.pair import Move, Pair, State
from unified_api.engine.plan import StateError, propose
from unified_api.engine.policy import UNMAPPED, Field, FirstContact, Policy, PolicyError
from unified_api.engine.values import Both, Side, Values

KEEPS = Policy({"name": Field("name", blanks=False), "body": Field("body")})
FILLS = Policy({"name": Field("name", fills=True), "body": Field("body")})


def at_rest(policy: Policy) -> Bench:
    """A pair that agrees on both fields."""
    return Bench(agreed(name=("old", "old"), body=("text", "text")), policy)


def test_a_blank_does_not_overwrite() -> None:
    """A field that never blanks keeps what the other side emptied, and does not fill it in again by itself."""
    one = at_rest(KEEPS)

    assert one.look({"name": None, "body": "text"}, {"name": "old", "body": "text"}) == (Settled(),)
    one.look({"name": "new", "body": None}, {"name": "old", "body": "text"})
    assert one.push == (Side.B, {"name": "new", "body": None})


def test_an_edit_fills_what_was_emptied() -> None:
    """Emptied here and edited there: the edit prevails, whoever the winner is."""
    one = at_rest(KEEPS)
    one.look({"name": None, "body": "text"}, {"name": "edited", "body": "text"})

    assert one.push == (Side.A, {"name": "edited"})


def test_a_blank_wins_not_even_at_first_contact() -> None:
    """A winner that says nothing fills from the other side."""
    policy = Policy({"name": Field("name", first=FirstContact.WINNER, blanks=False)})
    one = Bench(Pair(), policy)
    one.look({"name": None}, {"name": "text"})

    assert one.push == (Side.A, {"name": "text"})


def test_a_filling_field_leaves_alone_what_is_filled() -> None:
    """It travels only to where there is nothing."""
    one = at_rest(FILLS)
    assert one.look({"name": "new", "body": "text"}, {"name": "old", "body": "text"}) == (Settled(),)

    one.look({"name": "new", "body": "text"}, {"name": None, "body": "text"})
    assert one.push == (Side.B, {"name": "new"})


def test_nothing_leaves_for_a_closed_side() -> None:
    """What it is owed is withheld, the other side gets its own, and all follows when it is opened."""
    one = at_rest(POLICY)
    one.closed = frozenset({Side.B})
    one.look({"name": "new", "body": "text"}, {"name": "old", "body": "edited"})
    assert one.push == (Side.A, {"body": "edited"})

    one.answer()
    held: tuple[Values, Values] = ({"name": "new", "body": "edited"}, {"name": "old", "body": "edited"})
    assert one.look(*held) == (Withheld(Side.B),)
    one.closed = frozenset()
    one.look(*held)
    assert one.push == (Side.B, {"name": "new"})


def test_nothing_is_created_at_a_closed_side() -> None:
    """The lone record waits, reserved, until the side is opened."""
    one = Bench(Pair(State.ALONE), closed=frozenset({Side.B}))
    assert one.look({"name": "word"}, None) == (Withheld(Side.B),)
    assert one.pair.state is State.ALONE

    one.closed = frozenset()
    one.look({"name": "word"}, None)
    assert one.push == (Side.B, {"name": "word"})


def test_a_new_record_gets_its_constants() -> None:
    """They are sent with the create, meet what is required there, and are never compared."""
    policy = replace(POLICY, constants=Both[Values]({}, {"queue": "support"}))
    access = replace(ALL, required=frozenset({"queue"}))
    one = Bench(Pair(State.ALONE), policy, Both(ALL, access))
    one.look({"name": "word"}, None)
    assert one.push == (Side.B, {"name": "word", "queue": "support"})

    one.tell(Answered({"name": "word", "queue": "other"}))
    assert one.look({"name": "word"}, {"name": "word", "queue": "other"}) == (Settled(),)
    assert "queue" not in one.pair.base.b


@pytest.mark.parametrize("fields", [{}, {"queue": "unknown"}])
def test_a_refused_constant_is_not_sent_again(fields: dict[str, str]) -> None:
    """Named, it is left out; with all the rest, nothing is tried again until the record or the constant changes."""
    policy = replace(POLICY, constants=Both[Values]({}, {"queue": "support"}))
    one = Bench(Pair(State.ALONE), policy)
    one.look({"name": "word"}, None)
    one.tell(Rejected("no", fields))
    one.look({"name": "word"}, None)
    assert one.push == ((Side.B, {"name": "word"}) if fields else None)
    assert ("refused", "queue") in one.problems

    one.pair = replace(one.pair, state=State.ALONE, sent=None)
    one.policy = replace(POLICY, constants=Both[Values]({}, {"queue": "other"}))
    one.look({"name": "word"}, None)
    assert one.push == (Side.B, {"name": "word", "queue": "other"})


def test_constants_make_no_record() -> None:
    """A record that says nothing is not created for its constants' sake."""
    policy = replace(POLICY, constants=Both[Values]({}, {"queue": "support"}))
    one = Bench(Pair(State.ALONE), policy)

    assert one.look({"name": None}, None) == (Settled(),)


def test_a_bridged_field_has_no_constant() -> None:
    """Each field is either carried or constant."""
    with pytest.raises(PolicyError, match=r"constants.b.name: the bridge carries this field"):
        Policy.parse({"fields": {"name": {}}, "constants": {"b": {"name": "x"}}})


def test_a_reference_waits_for_its_counterpart() -> None:
    """A name of a record that is not paired yet is a problem of its own, and goes over once it is."""
    owner = Policy({"owner": Field("owner", words=Both({}, {}), reference=True), "name": Field("name")})
    access = replace(ALL, update=frozenset({"owner", "name"}))
    one = Bench(agreed(owner=(None, None), name=("old", "old")), owner, Both(access, access))
    held: tuple[Values, Values] = ({"owner": "a1", "name": "new"}, {"owner": None, "name": "old"})
    one.look(*held)
    assert (one.push, one.problems) == ((Side.B, {"name": "new"}), [("unpaired", "owner")])

    one.answer()
    one.policy = owner.speaking({"owner": Both({"b1": "a1"}, {"a1": "b1"})})
    one.look({"owner": "a1", "name": "new"}, {"owner": None, "name": "new"})
    assert one.push == (Side.B, {"owner": "b1"})
    assert owner.fields["owner"].translate("a1", Side.B) is UNMAPPED


def test_a_value_that_is_put_back_stays() -> None:
    """What a person puts back is written though no comparison asks for it, and the next look leaves it there."""
    one = at_rest(POLICY)
    undo = Move("name", "before", "before", "old", Rule.UNDO)
    one.pair, one.effects = propose(one.pair, Side.B, (undo,))
    assert one.effects == (Push(Side.B, (undo,)),)

    assert one.answer() == (LookAgain(),)
    assert one.base("name") == ("before", "before")
    one.pair, one.effects = propose(one.pair, Side.A, (undo,))
    one.answer()
    assert one.look({"name": "before", "body": "text"}, {"name": "before", "body": "text"}) == (Settled(),)


def test_nothing_is_put_back_while_a_write_is_in_flight() -> None:
    """One write at a time."""
    one = at_rest(POLICY)
    one.look({"name": "new", "body": "text"}, {"name": "old", "body": "text"})

    with pytest.raises(StateError, match="has a write in flight"):
        propose(one.pair, Side.B, ())


def test_the_whole_policy_survives_json() -> None:
    """What as_data writes, parse reads, with every option."""
    data = {
        "fields": {
            "tags": {"shape": "set", "winner": "newest", "otherwise": "b", "blanks": False, "fills": True},
            "owner": {"reference": True, "words": {"a": {}, "b": {}}},
        },
        "constants": {"b": {"queue": "support"}},
        "deletes": {"a": "restore", "b": "propagate"},
    }
    policy = Policy.parse(data)

    assert Policy.parse(policy.as_data()) == policy
    assert policy.deletes[Side.B].value == "propagate"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"fields": {"name": {"blanks": 1}}}, "fields.name.blanks: 1 is neither true nor false"),
        (
            {"fields": {"name": {"shape": "heap"}}},
            "fields.name.shape: 'heap' is none of value, set, log, map",
        ),
        ({"fields": {"name": {"otherwise": "c"}}}, "fields.name.otherwise: 'c' is none of a, b"),
        ({"fields": {}, "deletes": {"a": "x"}}, "deletes.a: 'x' is none of ask, propagate, unlink, restore"),
        ({"fields": {}, "deletes": {"c": "ask"}}, "deletes: unknown option 'c'"),
        ({"fields": {}, "constants": {"c": {}}}, "constants: unknown option 'c'"),
    ],
)
def test_a_mistake_in_the_newer_options_is_named(data: dict[str, object], told: str) -> None:
    """A configuration that cannot be meant is refused, with its place and what is possible."""
    with pytest.raises(PolicyError) as refusal:
        Policy.parse(data)

    assert str(refusal.value).startswith(told)
