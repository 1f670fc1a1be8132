"""One field, three-way, each side against its own base."""

from __future__ import annotations

from dataclasses import replace

import pytest

from unified_api.engine.merge import AGREED, QUIET, Barred, Decision, Rule, Take, merge
from unified_api.engine.policy import Direction, Field, FirstContact, Winner
from unified_api.engine.values import MISSING, Both, Maybe, Side

OPEN = Both(a=True, b=True)
NO_BASE: Both[Maybe] = Both(MISSING, MISSING)
STATUS = Field(
    "status",
    words=Both(
        {"open": "OPEN", "closed": "CLOSED"},
        {"OPEN": "open", "WORKING": "open", "HELD": "open", "CLOSED": "closed"},
    ),
)


def decide(
    now: tuple[Maybe, Maybe],
    base: tuple[Maybe, Maybe],
    field: Field | None = None,
    writable: Both[bool] = OPEN,
) -> Decision:
    """The decision about a plain field, unless another is given."""
    return merge(field or Field("name"), Both(*now), Both(*base), writable)


def test_no_side_moved() -> None:
    """Two sides that stand at their bases owe each other nothing, however different they look."""
    assert decide(("word", "WORD"), ("word", "WORD")) is QUIET


def test_one_side_moved() -> None:
    """The side that moved prevails, whoever the winner is."""
    assert decide(("new", "old"), ("old", "old")) == Take(Side.A, Rule.MOVED, overrules=False)
    assert decide(("old", "new"), ("old", "old")) == Take(Side.B, Rule.MOVED, overrules=False)


@pytest.mark.parametrize("winner", [Winner.A, Winner.B])
def test_both_sides_moved(winner: Winner) -> None:
    """The winner prevails, and the other side's edit is overruled."""
    decision = decide(("one", "two"), ("old", "old"), Field("name", winner=winner))

    assert decision == Take(Side(winner), Rule.WINNER, overrules=True)


def test_both_sides_moved_alike() -> None:
    """Two people who type the same cause no conflict and no write."""
    assert decide(("new", "new"), ("old", "old")) is AGREED


def test_spelling_is_no_news() -> None:
    """A value that only looks different to its base has not moved."""
    field = Field("name", normalizer="trim")

    assert decide(("old ", "old"), ("old", "old"), field) is QUIET


def test_a_finer_word_stays() -> None:
    """A move between words that are one word on the other side needs nothing, and nothing comes back."""
    assert decide(("HELD", "open"), ("WORKING", "open"), STATUS) is AGREED
    assert decide(("HELD", "open"), ("HELD", "open"), STATUS) is QUIET
    assert decide(("HELD", "closed"), ("HELD", "open"), STATUS) == Take(Side.B, Rule.MOVED, overrules=False)


def test_a_word_without_translation_on_both_sides() -> None:
    """There is nothing to decide where both say it; where one does, it would have to be written."""
    for winner in (Winner.A, Winner.ASK):
        field = replace(STATUS, winner=winner)

        assert decide(("strange", "strange"), ("OPEN", "open"), field) is AGREED
        assert decide(("strange", "odd"), ("OPEN", "open"), field) is not AGREED
    assert decide(("open", "open"), ("OPEN", "closed"), STATUS) == Take(Side.A, Rule.WINNER, overrules=True)
    assert decide(("x", "x"), ("OPEN", "open"), replace(STATUS, reference=True)) is not AGREED


def test_absent_is_not_null() -> None:
    """A record that does not speak of a field has no news about it, and hears none."""
    assert decide((MISSING, "new"), ("old", "old")) is QUIET
    assert decide(("new", MISSING), ("old", "old")) is QUIET


def test_a_cleared_value_is_news() -> None:
    """Nothing is a value: who empties a field empties it on both sides."""
    assert decide((None, "old"), ("old", "old")) == Take(Side.A, Rule.MOVED, overrules=False)


def test_a_side_without_base_moved() -> None:
    """Where only one side has a base, the other side's value is the news."""
    assert decide(("CLOSED", "open"), (MISSING, "open"), STATUS) == Take(Side.A, Rule.MOVED, overrules=False)


@pytest.mark.parametrize(
    ("first", "now", "decision"),
    [
        (FirstContact.FILL, ("one", None), Take(Side.A, Rule.FILL, overrules=False)),
        (FirstContact.FILL, (" ", "two"), Take(Side.B, Rule.FILL, overrules=False)),
        (FirstContact.FILL, ("one", "two"), Take(Side.B, Rule.FIRST, overrules=True)),
        (FirstContact.WINNER, ("one", None), Take(Side.B, Rule.FIRST, overrules=True)),
        (FirstContact.WINNER, (None, "two"), Take(Side.B, Rule.FIRST, overrules=False)),
        (FirstContact.KEEP, ("one", "two"), AGREED),
        (FirstContact.KEEP, ("one", None), Take(Side.A, Rule.FILL, overrules=False)),
        (FirstContact.FILL, ("same", "same"), AGREED),
    ],
)
def test_first_contact(first: FirstContact, now: tuple[Maybe, Maybe], decision: Decision) -> None:
    """A field that was never agreed follows the stated policy."""
    assert decide(now, (MISSING, MISSING), Field("name", winner=Winner.B, first=first)) == decision


def test_first_contact_goes_one_way() -> None:
    """A one-way field is never filled against its direction, and the near end prevails over the far one."""
    field = Field("name", Direction.A_TO_B, Winner.B)

    assert decide((None, "two"), (MISSING, MISSING), field) is QUIET
    assert decide(("one", "two"), (MISSING, MISSING), field) == Take(Side.A, Rule.DIRECTION, overrules=True)


def test_the_far_end_of_a_one_way_field() -> None:
    """An edit there stays, until the near end moves; then it is overruled, and said to be."""
    field = Field("name", Direction.A_TO_B, Winner.B)

    assert decide(("old", "mine"), ("old", "old"), field) is QUIET
    assert decide(("new", "mine"), ("old", "old"), field) == Take(Side.A, Rule.DIRECTION, overrules=True)


def test_a_field_that_never_travels() -> None:
    """Nothing moves, whatever happens."""
    assert decide(("one", "two"), ("old", "old"), Field("name", Direction.NEVER)) is QUIET


def test_a_side_that_cannot_write() -> None:
    """News for a field that the target cannot write is a problem, not a silence; the other way still works."""
    read_only_b = Both(a=True, b=False)

    assert decide(("new", "old"), ("old", "old"), writable=read_only_b) == Barred(Side.A)
    assert decide(("old", "new"), ("old", "old"), writable=read_only_b) == Take(
        Side.B, Rule.MOVED, overrules=False
    )
    assert decide(("one", "two"), ("old", "old"), writable=Both(a=False, b=False)) == Barred(Side.A)


def test_what_would_not_travel_anyway_is_not_barred() -> None:
    """A field that only fills has nothing to say to a side that is filled, whether that could write it or not."""
    fills, read_only_b = Field("name", Direction.A_TO_B, fills=True), Both(a=True, b=False)

    assert decide(("new", "old"), ("old", "old"), fills, read_only_b) is QUIET
    assert decide(("new", "mine"), ("old", "old"), fills, read_only_b) is QUIET
    assert decide(("new", None), ("old", None), fills, read_only_b) == Barred(Side.A)


def test_a_blank_that_cannot_be_filled() -> None:
    """What one side alone says at first contact, and the other cannot write, is a problem, not a silence."""
    assert decide(("one", None), (MISSING, MISSING), writable=Both(a=True, b=False)) == Barred(Side.A)
