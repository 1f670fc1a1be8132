"""How values are compared, and how policies translate them."""

from __future__ import annotations

import pytest

from unified_api.engine.carry import carry
from unified_api.engine.events import Kind, Problem
from unified_api.engine.normal import blank, normal
from unified_api.engine.policy import UNMAPPED, Direction, Field, Policy, PolicyError
from unified_api.engine.values import MISSING, Both, Maybe, Side, Value

STATUS = Field(
    "status",
    words=Both(
        {"open": "OPEN", "closed": "CLOSED"},
        {"OPEN": "open", "WORKING": "open", "HELD": "open", "CLOSED": "closed"},
    ),
)


@pytest.mark.parametrize(
    ("normalizer", "one", "other"),
    [
        ("exact", "", None),
        ("trim", " a \r\nb  ", "a\nb"),
        ("trim", "  ", None),
        ("case", "Ärger ", "ärger"),
        ("instant", "2026-01-01T12:00:00+02:00", "2026-01-01T10:00:00Z"),
        ("trim", [" a"], ["a"]),
        ("exact", [], None),
    ],
)
def test_a_normalizer_sees_the_same_meaning(normalizer: str, one: object, other: object) -> None:
    """Two spellings that a normalizer is made for compare as equal."""
    assert normal(one, normalizer) == normal(other, normalizer)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("normalizer", "one", "other"),
    [
        ("exact", "a", "a "),
        ("trim", "a", "A"),
        ("trim", "a b", "ab"),
        ("instant", "2026-01-01T12:00:00", "2026-01-01T12:00:00Z"),
        ("instant", "soon", "later"),
        ("exact", False, None),
        ("exact", 0, None),
    ],
)
def test_a_normalizer_sees_no_more_than_it_says(normalizer: str, one: object, other: object) -> None:
    """What a normalizer is not made for stays different; false and nought are not nothing."""
    assert normal(one, normalizer) != normal(other, normalizer)  # type: ignore[arg-type]


def test_blank_is_nothing_and_white_space() -> None:
    """A blank says nothing; false and nought do say something."""
    nothing: list[Maybe] = [None, "", " \n", [], {}, MISSING]
    something: list[Value] = [False, 0, "x"]

    assert all(blank(value) for value in nothing)
    assert not any(blank(value) for value in something)


def test_many_words_to_one_are_at_peace() -> None:
    """A word of the richer side agrees with the one word that it maps to, whichever came back."""
    assert STATUS.agree(Both("HELD", "open"))
    assert STATUS.agree(Both("OPEN", "open"))
    assert not STATUS.agree(Both("HELD", "closed"))


def test_a_word_without_translation_is_no_null() -> None:
    """An unmapped word translates to a mark of its own; nothing translates to nothing."""
    assert STATUS.translate("strange", Side.B) is UNMAPPED
    assert STATUS.translate(None, Side.B) is None
    assert not STATUS.agree(Both("strange", None))


COLOURS = Field(
    "colours", words=Both({"rot": "red", "blau": "blue"}, {"red": "rot", "pink": "rot", "blue": "blau"})
)


def test_a_list_is_translated_word_by_word() -> None:
    """Both ways; several words that mean one are that one once, and nothing stays nothing."""
    assert COLOURS.translate(["pink", "blue", "red"], Side.B) == ["rot", "blau"]
    assert COLOURS.translate(["blau", "rot"], Side.A) == ["blue", "red"]
    assert COLOURS.translate([], Side.B) == []


def test_one_word_without_translation_keeps_back_its_list() -> None:
    """It is neither left out nor made null, and the problem names it and no other."""
    assert COLOURS.translate(["red", "odd"], Side.B) is UNMAPPED
    told = carry(COLOURS, ["red", "odd"], Side.B, ())

    assert isinstance(told, Problem)
    assert (told.kind, told.side, told.reason) == (Kind.UNMAPPED, Side.A, "no word for 'odd' on side b")


def test_words_of_a_value_map_go_without_order() -> None:
    """A remote that sorts what was chosen of several has no news."""
    assert COLOURS.agree(Both(["blue", "red"], ["rot", "blau"]))
    assert COLOURS.spells(["rot", "blau"], ["blau", "rot"])
    assert not COLOURS.spells(["rot", "blau"], ["rot"])


def test_a_number_is_the_word_that_spells_it() -> None:
    """Ids of options are numbers at some providers, and the words of a map are texts."""
    risk = Field("risk", words=Both({"high": "7"}, {"7": "high"}))

    assert risk.translate([7], Side.B) == ["high"]
    assert risk.spells("7", 7)
    assert risk.translate(value=True, to=Side.B) is UNMAPPED


def test_only_free_text_is_re_spelt() -> None:
    """Text may come back in another form; mapped words, flags and emptied text are no spelling."""
    text = Field("name")

    assert text.spells("word", "WORD")
    assert not text.spells("word", None)
    assert not STATUS.spells("open", "closed")
    assert not Field("urgent").spells(sent=True, got=False)


def test_a_direction_reaches_its_end() -> None:
    """A one-way field reaches one side only."""
    assert [side for side in Side if Direction.A_TO_B.reaches(side)] == [Side.B]
    assert [side for side in Side if Direction.B_TO_A.reaches(side)] == [Side.A]
    assert [side for side in Side if Direction.BOTH.reaches(side)] == list(Side)
    assert [side for side in Side if Direction.NEVER.reaches(side)] == []


def test_a_policy_survives_json() -> None:
    """What as_data writes, parse reads."""
    policy = Policy({"status": STATUS, "name": Field("name", Direction.A_TO_B)}, frozenset({Side.A}))

    assert Policy.parse(policy.as_data()) == policy


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"fields": {"name": {"winner": "c"}}}, "fields.name.winner: 'c' is none of a, b"),
        ({"fields": {"name": {"colour": 1}}}, "fields.name: unknown option 'colour'"),
        ({"fields": {"name": {"normalizer": "loud"}}}, "fields.name.normalizer: 'loud' is none of exact"),
        ({"fields": {}, "creates": ["x"]}, "creates: 'x' is none of a, b"),
        ({"fields": {"s": {"words": {"c": {}}}}}, "fields.s.words: unknown option 'c'"),
        ({"felds": {}}, "policy: unknown option 'felds'"),
        ({}, "policy: 'fields' is missing"),
    ],
)
def test_a_mistake_in_a_policy_is_named(data: dict[str, object], told: str) -> None:
    """A configuration that cannot be meant is refused, with its place and what is possible."""
    with pytest.raises(PolicyError) as refusal:
        Policy.parse(data)

    assert str(refusal.value).startswith(told)
