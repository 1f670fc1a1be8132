"""Comparing both sides with each other: what differs though neither moved."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from unified_api.engine.drift import apart, strayed
from unified_api.engine.pair import Pair, Ruling
from unified_api.engine.policy import Policy
from unified_api.engine.values import Both, Side, Value, Values

WORDS = {"a": {"open": "OPEN"}, "b": {"OPEN": "open", "DONE": "done"}}


def found(
    a: Value, b: Value, *, bases: tuple[Value, Value] | None = None, pair: Pair | None = None, **options: Any
) -> list[tuple[str | None, tuple[Side, ...]]]:
    """Which parts of one field stand apart, and to which sides; the bases are what is there unless they are given."""
    policy = Policy.parse({"fields": {"x": options}})
    base_a, base_b = bases or (a, b)
    remembered = replace(pair or Pair(), base=Both[Values]({"x": base_a}, {"x": base_b}))
    return [(one.part, one.to) for one in apart(remembered, Both[Values]({"x": a}, {"x": b}), policy)]


def test_equal_sides_do_not_stand_apart() -> None:
    """By the normalizer and the value map of the field, either way."""
    assert found("one", "one") == []
    assert found(" one", "one ", normalizer="trim") == []
    assert found("OPEN", "open", words=WORDS) == []
    assert found(["x", "y"], ["y", "x"], shape="set") == []


def test_what_rests_on_its_bases_and_differs_stands_apart() -> None:
    """To the sides that the field reaches."""
    assert found("one", "two") == [(None, (Side.A, Side.B))]
    assert found("one", "two", direction="a_to_b") == [(None, (Side.B,))]
    assert found("DONE", "open", words=WORDS) == [(None, (Side.A, Side.B))]


def test_what_moved_is_the_rounds_to_see_to() -> None:
    """A side that is not as its base has news, whichever it is."""
    assert found("one", "two", bases=("old", "two")) == []
    assert found("one", "two", bases=("one", "old")) == []


@pytest.mark.parametrize(
    ("a", "b", "options", "to"),
    [
        ("one", "edited", {}, [(Side.B,)]),
        ("edited", "two", {"direction": "b_to_a"}, [(Side.A,)]),
        ("one", "one ", {"normalizer": "trim"}, []),
        ("edited", "edited too", {}, []),
        ("edited", "two", {}, []),
        ("one", "edited", {"direction": "both"}, []),
        ("one", "edited", {"fills": True}, []),
        (["one"], ["two", "edited"], {"shape": "set"}, [(Side.B,)]),
    ],
)
def test_what_is_edited_where_a_field_only_arrives_has_strayed(
    a: Value, b: Value, options: dict[str, Any], to: list[tuple[Side, ...]]
) -> None:
    """Not what is news of the side from which it travels, nor what only fills what is empty."""
    policy = Policy.parse({"fields": {"x": {"direction": "a_to_b", **options}}})
    bases: tuple[Value, Value] = (["one"], ["two"]) if isinstance(a, list) else ("one", "two")
    remembered = Pair(base=Both[Values]({"x": bases[0]}, {"x": bases[1]}))

    assert [one.to for one in strayed(remembered, Both[Values]({"x": a}, {"x": b}), policy)] == to


def test_parts_stand_apart_one_by_one() -> None:
    """A word of a set, a key of a map: only those that differ."""
    both = (Side.A, Side.B)

    assert found(["x", "y"], ["x"], shape="set") == [("y", both)]
    assert found({"k": 1, "l": 2}, {"k": 1, "l": 3}, shape="map") == [("l", both)]
    assert found(["x", "y"], ["x"], shape="set", bases=(["x"], ["x"])) == []


@pytest.mark.parametrize("shape", ["value", "set"])
def test_what_rests_or_is_gone_has_no_name_to_stand_apart_by(shape: str) -> None:
    """A reference to a record without a word for it now is left alone."""
    words = {"a": {"y": "x"}, "b": {"x": "y"}}
    held: list[tuple[Value, Value, Value]] = [("x", "y", "rests"), (["x"], ["y"], ["rests"])]
    a, b, other = held[shape == "set"]

    assert found(a, b, words=words, reference=True, shape=shape) == []
    assert found(other, other, words=words, reference=True, shape=shape) == []
    assert found(a, b, words={"a": {}, "b": {}}, reference=True, shape=shape) == []


@pytest.mark.parametrize("options", [{"direction": "never"}, {"first": "keep"}])
def test_differences_on_purpose_are_left(options: dict[str, Any]) -> None:
    """A field that never travels, and one whose differences are kept at first contact."""
    assert found("one", "two", **options) == []


def test_what_a_person_left_as_it_is_does_not_stand_apart() -> None:
    """The ruling names the field; without a winner, both stay."""
    left = Pair(rulings=(Ruling("x", None, Both[Value]("one", "two")),))
    decided = Pair(rulings=(Ruling("x", Side.A, Both[Value]("one", "two")),))

    assert found("one", "two", pair=left) == []
    assert found("one", "two", pair=decided) != []


def test_a_field_that_was_never_agreed_or_is_not_told_is_not_judged() -> None:
    """Without bases it is a first contact; what a record does not speak of cannot differ."""
    policy = Policy.parse({"fields": {"x": {}}})
    values = Both[Values]({"x": 1}, {"x": 2})

    assert apart(Pair(), values, policy) == ()
    assert apart(Pair(base=values), Both[Values]({"x": 1}, {}), policy) == ()


def test_a_side_that_was_sent_the_other_ones_value_spells_it_in_its_own_way() -> None:
    """What was sent, translated, is what the other side holds: whole, or the part of it that differs."""
    text = Policy.parse({"fields": {"x": {}}})
    values = Both[Values]({"x": "Printer"}, {"x": "PRINTER"})
    [one] = apart(Pair(base=values), values, text)
    words = Policy.parse({"fields": {"x": {"shape": "set"}}})
    sets = Both[Values]({"x": ["a b"]}, {"x": []})
    [part] = apart(Pair(base=sets), sets, words)

    assert one.is_spelling_of("Printer", Side.B)
    assert not one.is_spelling_of("Plotter", Side.B)
    assert not one.is_spelling_of("Printer", Side.A)
    assert part.is_spelling_of(["a b", "c"], Side.B)
    assert not part.is_spelling_of(["c"], Side.B)
