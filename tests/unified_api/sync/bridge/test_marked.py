"""YAML with the place of everything in it: what is read, what is refused, and where."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unified_api.sync.bridge.exporting import dumped
from unified_api.sync.bridge.marked import Spot, Unreadable, read

TEXT = "a: 2026-01-01\nb: no\nc: true\nd: 'true'\ne: [1, 2.5, ~]\nf:\n  g: {h: x}\ni:\n"
#: Few characters that stand for a hundred thousand values.
LAUGHS = "\n".join(
    ["a: &a [1,1,1,1,1,1,1,1,1,1]"]
    + [f"{n}: &{n} [{','.join([f'*{o}'] * 10)}]" for o, n in ("ab", "bc", "cd", "de")]
)
plain = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
data = st.recursive(plain, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12)


def test_only_the_words_of_json_mean_more_than_text() -> None:
    """What looks like a date or an old flag is text; what is in quotes is text anyhow."""
    assert read(TEXT).data == {
        "a": "2026-01-01",
        "b": "no",
        "c": True,
        "d": "true",
        "e": [1, 2.5, None],
        "f": {"g": {"h": "x"}},
        "i": None,
    }


def test_everything_has_its_place() -> None:
    """A value itself, a mapping by its key, and what is not there where it would be."""
    marked = read(TEXT)

    assert marked.spot(("e", 1)) == Spot(5, 8)
    assert marked.spot(("f", "g", "h")) == Spot(7, 10)
    assert marked.spot(("f", "g")) == Spot(7, 3)
    assert marked.spot(("f", "nothing")) == Spot(6, 1)
    assert marked.spot(()) == Spot(1, 1)


@given(st.dictionaries(st.text(), data))
def test_what_is_written_is_read(document: dict[str, object]) -> None:
    """Whatever text an export holds, reading it gives the same."""
    assert read(dumped(document)).data == document


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("a: 1\nb: 2\na: 3", 3, "'a' is given twice"),
        ("a: [", 1, "this is no YAML: while parsing a flow node"),
        ("a:\n  b: 1\n c: 2", 3, "this is no YAML: this line is indented otherwise than the lines around it"),
        (
            "a:\n  b: 1\n   c: 2",
            3,
            "this line is indented otherwise than the lines around it, or has a colon",
        ),
        ("  a: 1\nb: 2", 2, "this line is indented otherwise than the lines around it"),
        ("a:\n\tb: 2", 2, "a tab begins this line; indent it by spaces"),
        ("a: 1\nb: !!python/object:os.system x", 2, "could not determine a constructor"),
        ("? [a]\n: 1", 1, "a key is one word"),
        ("a: &x [*x]", 1, "there is too much in it"),
        (LAUGHS, 1, "there is too much in it"),
        ("[" * 5_000, 1, "there is too much in it"),
        ("\x00", 1, "special characters are not allowed"),
        ("a: 1\n---\nb: 2", 2, "found another document"),
        ("a: !!int x", 1, "'x' is no int"),
        ("a" * 1_000_001, 1, "longer than 1,000,000 characters"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(text: str, line: int, told: str) -> None:
    """Nothing is built, run or blown up by a file."""
    with pytest.raises(Unreadable) as caught:
        read(text)

    assert caught.value.faults[0].spot.line == line
    assert told in caught.value.faults[0].sentence
