"""Laws of lenses, kept by Hypothesis: what is written is read again, and null and absent are different."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.kit.errors import Unmappable, Unwritable
from integrations.kit.lens import Lens
from integrations.kit.lenses import (
    at,
    caseless,
    choice,
    compute,
    day,
    each,
    instant,
    nested,
    on_day,
    only,
    ref,
    refs,
    text,
)
from integrations.kit.paths import MISSING, bury, merge

NAMES = st.from_regex(r"[a-z]{1,6}", fullmatch=True)
PATHS = st.lists(NAMES, min_size=1, max_size=4).map(".".join)
WORDS = {"OPEN": ("new", "open"), "CLOSED": ("done",), "HELD": (3,)}


class Tables:
    """An account that has these words."""

    def __init__(self, **tables: dict[str, str]) -> None:
        self.tables = tables

    def key(self, table: str, word: str) -> str | None:
        """The id of a word."""
        return self.tables[table].get(word)

    def known(self, table: str) -> list[str]:
        """All words."""
        return list(self.tables[table])


NONE = Tables()

MOMENTS = st.datetimes(timezones=st.just(UTC)).filter(lambda moment: 1 < moment.year < 9999)


def written(lens: Lens, value: Any, record: Any = None) -> Any:
    """A record after the lens wrote into it."""
    return merge(record or {}, lens.write(value, record, NONE))


@given(path=PATHS, value=st.none() | st.text() | st.integers() | st.booleans())
def test_plain_lens_reads_what_it_wrote(path: str, value: Any) -> None:
    """A value comes back from the path at which it was written."""
    assert at(path).read(written(at(path), value)) == value


@given(path=PATHS, word=st.sampled_from(sorted(WORDS)))
def test_choice_reads_what_it_wrote(path: str, word: str) -> None:
    """A common word comes back, whatever remote word stands for it."""
    lens = choice(path, WORDS)

    assert lens.read(written(lens, word)) == word


@given(path=PATHS, moment=MOMENTS)
def test_instant_reads_what_it_wrote(path: str, moment: datetime) -> None:
    """A moment comes back to the microsecond."""
    assert instant(path).read(written(instant(path), moment)) == moment


@given(path=PATHS, value=st.dates())
def test_day_reads_what_it_wrote(path: str, value: date) -> None:
    """A day comes back."""
    assert day(path).read(written(day(path), value)) == value


@given(path=PATHS, number=st.integers(min_value=0))
def test_ref_writes_numbers_where_they_are_wanted(path: str, number: int) -> None:
    """An id goes out as a number and identifies the same record."""
    lens = ref(path, whole=True)

    assert lens.write(str(number), None, NONE) == bury(path, number)


@given(path=PATHS, values=st.lists(st.text(min_size=1), unique=True))
def test_lists_read_what_they_wrote(path: str, values: list[str]) -> None:
    """Lists of plain values and lists of objects come back in order."""
    for lens in (each(path), each(path, at("name")), refs(path), refs(path, "id")):
        assert lens.read(written(lens, values)) == values


@given(path=PATHS, values=st.lists(st.text(min_size=1), max_size=1))
def test_only_reads_what_it_wrote(path: str, values: list[str]) -> None:
    """A list of at most one comes back from a single value."""
    lens = only(ref(path))

    assert lens.read(written(lens, values)) == values


@given(path=PATHS, prefix=NAMES, value=st.text())
def test_nested_lens_is_the_same_further_in(path: str, prefix: str, value: str) -> None:
    """Nesting moves a lens into an object, for reading and for writing."""
    lens = nested(prefix, at(path))

    assert at(f"{prefix}.{path}").read(written(lens, value)) == value


@given(path=PATHS)
def test_absent_is_not_null(path: str) -> None:
    """A record that does not speak of a field reads MISSING, one that says null reads None."""
    for lens in (at(path), choice(path, WORDS), instant(path), day(path), ref(path), refs(path), each(path)):
        assert lens.read({}) is MISSING
        assert lens.read(bury(path, None)) is None
    assert only(at(path)).read({}) is MISSING
    assert only(at(path)).read(bury(path, None)) == []


def test_several_remote_words_for_one_common_word() -> None:
    """All of them are read as the common word, and the first is written."""
    lens = choice("state", WORDS)

    assert [lens.read({"state": word}) for word in ("new", "open", "done", 3)] == [
        "OPEN",
        "OPEN",
        "CLOSED",
        "HELD",
    ]
    assert lens.write("OPEN", None, NONE) == {"state": "new"}


def test_an_unknown_remote_word_passes_through() -> None:
    """Nobody mapped it, so it is read as it is, as text."""
    assert choice("state", WORDS).read({"state": "parked"}) == "parked"
    assert choice("state", WORDS).read({"state": True}) == "True"


def test_a_word_with_an_id_is_written_by_the_accounts_own_table() -> None:
    """The first spelling that the account has is taken, and its id written.

    Its own words may be written, too.
    """
    lens = choice("state.name", WORDS, table="states", to="state")
    words = Tables(states={"open": "7", "parked": "9"})

    assert lens.write("OPEN", None, words) == {"state": "7"}
    assert lens.write("parked", None, words) == {"state": "9"}
    with pytest.raises(Unwritable, match="parked"):
        lens.write("CLOSED", None, words)


def test_an_unmapped_common_word_is_refused_with_the_known_ones() -> None:
    """What the provider has no word for is not guessed."""
    with pytest.raises(Unwritable, match="OPEN, CLOSED, HELD"):
        choice("state", WORDS).write("BROKEN", None, NONE)


def test_contradictory_words_and_options_fail_at_import() -> None:
    """One sentence says what contradicts what."""
    with pytest.raises(TypeError, match="two common ones"):
        choice("state", {"OPEN": "new", "CLOSED": "new"})
    with pytest.raises(TypeError, match="exclude each other"):
        at("x", read_only=True, create_only=True)
    with pytest.raises(TypeError, match="cannot be nested"):
        nested("x", compute(lambda record: record))


def test_what_may_be_sent_when() -> None:
    """Read-only never, create-only once, computed only with a writer."""
    assert not at("x", read_only=True).writes("create")
    assert at("x", create_only=True).writes("create")
    assert not at("x", create_only=True).writes("update")
    assert not compute(lambda record: record).writes("create")
    assert compute(lambda record: record, lambda value, _: {"x": value}).writes("update")


@pytest.mark.parametrize(
    "wrong", ["2026-02-31T00:00:00Z", "yesterday", 5, [], {}, "9999-12-31T23:59:59-14:00"]
)
def test_a_moment_that_does_not_exist(wrong: Any) -> None:
    """An impossible date is a reason, not a crash."""
    with pytest.raises(Unmappable, match="no moment"):
        instant("at").read({"at": wrong})


@pytest.mark.parametrize("wrong", ["2026-02-31", "", 5, []])
def test_a_day_that_does_not_exist(wrong: Any) -> None:
    """An impossible day is a reason, not a crash."""
    with pytest.raises(Unmappable, match="no day"):
        day("on").read({"on": wrong})


def test_what_is_no_list_or_no_word() -> None:
    """A value of the wrong shape is a reason, not a crash."""
    with pytest.raises(Unmappable, match="a list is due"):
        refs("ids").read({"ids": "1"})
    with pytest.raises(Unmappable, match="lacks 'id'"):
        refs("ids", "id").read({"ids": [{}]})
    with pytest.raises(Unmappable, match="a word is due"):
        choice("state", WORDS).read({"state": []})


def test_more_than_one_where_one_fits() -> None:
    """Nothing is dropped silently."""
    with pytest.raises(Unwritable, match="only be one"):
        only(ref("who")).write(["1", "2"], None, NONE)
    with pytest.raises(Unwritable, match="no id"):
        ref("who", whole=True).write("ada", None, NONE)


NOON, NEXT = datetime(2026, 3, 2, 12, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC)


@given(moment=MOMENTS)
def test_of_a_moment_a_day_can_be_kept(moment: datetime) -> None:
    """It reads as the day's beginning in UTC, which is the same as every moment of that day."""
    lens = on_day("due")
    read = lens.read(written(lens, moment))

    assert read == datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    assert lens.same(read, moment)


def test_moments_of_two_days_are_two_where_a_day_is_kept() -> None:
    """However near to each other; what is no day is set aside."""
    assert not on_day("due").same(NEXT, NEXT - timedelta(microseconds=1))
    with pytest.raises(Unmappable):
        on_day("due").read({"due": "soon"})


@pytest.mark.parametrize(
    ("lens", "left", "right", "other"),
    [
        (instant("at"), NOON, NOON, NOON.replace(microsecond=1)),
        (instant("at", timespec="seconds"), NOON, NOON.replace(microsecond=999_999), NOON.replace(second=1)),
        (text("x", caseless=True), "Ada", "aDA", "Ida"),
        (text("x", trims=True), " Ada\n", "Ada", "ada"),
        (text("x"), "Ada", "Ada", "ada"),
        (
            compute(dict, keep=caseless("mail")),
            [{"mail": "A@x.example", "kind": "work"}],
            [{"mail": "a@x.example", "kind": "work"}],
            [{"mail": "a@x.example"}],
        ),
        (compute(dict, keep=caseless("mail")), [{"mail": None}, {}], [{"mail": None}, {}], [{}]),
    ],
)
def test_what_makes_no_difference_there_is_the_same(lens: Lens, left: Any, right: Any, other: Any) -> None:
    """And whatever makes one is not."""
    assert lens.same(left, right)
    assert not lens.same(left, other)
