"""The forms in which addresses, numbers and marked-up text are compared."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from unified_api.engine.normal import NORMALIZERS, normal

SAME = [
    ("day", "2026-03-01T22:30:00+00:00", "2026-03-01T00:00:00Z"),
    ("day", "2026-03-01T23:30:00-02:00", "2026-03-02"),
    ("email", "Ann@Example.org ", "ann@example.org"),
    ("email", "Ann Lee <ann@example.org>", "mailto:ann@example.org"),
    ("phone", "+49 (30) 123-45", "0049 30 12345"),
    ("phone", "030/12345", "030 12345"),
    ("phone", "+1 555 0100 ext. 12", "+15550100x12"),
    ("phone", "12345 x6", "12345 ext 6  "),
    ("phone", "1-800-Flowers ", "1-800-FLOWERS"),
    ("phone", "tel:+49-30-12345", "+49 30 12345"),
    ("rich", "<p>Hello&nbsp;<b>you</b></p>", "Hello you"),
    ("rich", "<p>one</p><p>two</p>", "one\n\ntwo"),
    ("rich", "one<br/>two", "one two"),
    ("rich", "<style>p {}</style><script>x()</script>text", "text"),
    ("rich", "un<b>believ</b>able", "unbelievable"),
    ("rich", "a &amp; b", "a & b"),
    ("rich", "<p> </p>", None),
    ("rich", "<p>Map&lt;String, Integer&gt; &amp; &lt;Enter&gt;</p>", "Map<String, Integer> & <Enter>"),
    ("rich", "<p>press <Enter></p>", "press <Enter>"),
    ("rich", "<P CLASS=x>one</P><BR/>two", "one two"),
    ("rich", '<a href="https://example.org/" rel="nofollow">https://example.org</a>', "https://example.org"),
    ("rich", '<a href="mailto:ann@example.org">ann@example.org</a>.', "ann@example.org."),
    (
        "rich",
        '<a class="x" href="https://example.org">the <b>report</b></a>',
        "the report (https://example.org)",
    ),
    ("rich", '<a name="top"></a>text', "text"),
    ("rich", "<style>p > a {}</style><script>x('<title>')</script><b>a</b><title>b</title>", "a"),
    ("rich", "<!doctype html><p>one<!-- > <p>two --><!-->", "one"),
    ("rich", '<img alt="1 > 0" src=one.png>', "1 > 0 (one.png)"),
    ("rich", "<p>&#00000000065;&#x42;", "AB"),
]
DIFFERENT = [
    ("day", "2026-03-01T23:30:00-02:00", "2026-03-01"),
    ("email", "ann@example.org", "anne@example.org"),
    ("phone", "+49 30 12345", "030 12345"),
    ("phone", "12345", "12345 ext 6"),
    ("phone", "+49 30 12345", "49 30 12345"),
    ("phone", "reception", None),
    ("phone", "1-800-FLOWERS", "1-800-CONTACTS"),
    ("phone", "1-800-FLOWERS", "1800"),
    ("phone", "reception x12", "warehouse x12"),
    ("phone", "ext 12", "#13"),
    ("rich", "a < b", "a"),
    ("rich", "if a<5 and b>3", "if a"),
    ("rich", "<p>one</p>", "<p>two</p>"),
    ("rich", "Case", "case"),
    ("rich", "Map<String,Integer>", "Map<String,Long>"),
    ("rich", "press <Enter>", "press <Escape>"),
    ("rich", "<p>press <Enter></p>", "<p>press <Escape></p>"),
    ("rich", "Dear <title> Smith<br>", "Dear <title> Jones<br>"),
    ("rich", "<?php one ?><br>", "<?php two ?><br>"),
    ("rich", '<a href="https://example.org/1">here</a>', '<a href="https://example.org/2">here</a>'),
    ("rich", '<a href="https://example.org">http://example.org', "http://example.org"),
    ("rich", '<img src="one.png">', '<img src="two.png">'),
    ("rich", '<p><img src="one.png"></p>', None),
    ("rich", "<b>one<!-- two", "<b>one<!-- three"),
    ("rich", "<b>one<style>two", "<b>one<style>three"),
    ("rich", '<img src="one.png" alt="a cat">', '<img src="one.png" alt="a dog">'),
]


@pytest.mark.parametrize(("normalizer", "one", "other"), SAME)
def test_two_spellings_of_one_meaning(normalizer: str, one: str | None, other: str | None) -> None:
    """They compare as equal."""
    assert normal(one, normalizer) == normal(other, normalizer)


@pytest.mark.parametrize(("normalizer", "one", "other"), DIFFERENT)
def test_two_meanings(normalizer: str, one: str | None, other: str | None) -> None:
    """They stay different."""
    assert normal(one, normalizer) != normal(other, normalizer)


@pytest.mark.parametrize("normalizer", NORMALIZERS)
def test_a_normal_form_is_its_own(normalizer: str) -> None:
    """Bringing a value to its normal form twice changes nothing more."""
    texts = [text for kind, *both in (*SAME, *DIFFERENT) if kind == normalizer for text in both]
    for text in [*texts, " Word \n x ", "2026-01-01T12:00:00+02:00"]:
        once = normal(text, normalizer)

        assert normal(once, normalizer) == once


#: Pieces of which texts are made that were hard to read once.
PIECES = (
    *(
        "&#",
        "9" * 5000,
        "0" * 5000,
        ";",
        "&amp;",
        "&#x",
        "<!--",
        "-->",
        "<![CDATA[",
        "<?",
        "<!doctype ",
        "</",
        "<a ",
    ),
    *(
        "<b>",
        "</b>",
        "href=",
        '"',
        "'",
        ">",
        "<script>",
        "</script>",
        "<title",
        "+",
        "00",
        "x12",
        "mailto:",
        "tel:",
    ),
    *(
        "9999-12-31T23:59:59-05:00",
        "0001-01-01T00:00:00+05:00",
        "2026-01-01",
        "\ud800",
        "\x00",
        "\x1c",
        "\u0130",
    ),
)
TEXTS = st.text() | st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=6).map("".join)


@given(TEXTS, st.sampled_from(sorted(NORMALIZERS)))
@example("&#" + "9" * 5000, "rich")
@example("<b>&#" + "0" * 5000 + "65;</b>", "rich")
@example("9999-12-31T23:59:59-05:00", "instant")
@example("0001-01-01T00:00:00+05:00", "day")
def test_every_text_has_a_normal_form(text: str, normalizer: str) -> None:
    """Whoever writes it: no text is an error."""
    assert isinstance(normal(text, normalizer), str | None)


@given(TEXTS, st.sampled_from(["exact", "trim", "case", "instant", "day", "phone"]))
def test_a_normal_form_of_any_text_is_its_own(text: str, normalizer: str) -> None:
    """Of what takes no layer of decoration off, of which there may be several."""
    once = normal(text, normalizer)

    assert normal(once, normalizer) == once


def test_lists_and_maps_are_normal_throughout() -> None:
    """What is inside is brought to its normal form; nothing inside is nothing."""
    assert normal([" A ", "b"], "case") == ["a", "b"]
    assert normal({"k": " A "}, "case") == {"k": "a"}
    assert normal({}, "case") is None
