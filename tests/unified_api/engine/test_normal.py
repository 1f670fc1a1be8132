"""The forms in which addresses, numbers and marked-up text are compared."""

from __future__ import annotations

import pytest

from unified_api.engine.normal import NORMALIZERS, normal

SAME = [
    ("day", "2026-03-01T22:30:00+00:00", "2026-03-01T00:00:00Z"),
    ("day", "2026-03-01T23:30:00-02:00", "2026-03-02"),
    ("email", "Ann@Example.org ", "ann@example.org"),
    ("email", "Ann Lee <ann@example.org>", "mailto:ann@example.org"),
    ("phone", "+49 (30) 123-45", "0049 30 12345"),
    ("phone", "030/12345", "030 12345"),
    ("phone", "+1 555 0100 ext. 12", "+15550100x12"),
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
]
DIFFERENT = [
    ("day", "2026-03-01T23:30:00-02:00", "2026-03-01"),
    ("email", "ann@example.org", "anne@example.org"),
    ("phone", "+49 30 12345", "030 12345"),
    ("phone", "12345", "12345 ext 6"),
    ("phone", "+49 30 12345", "49 30 12345"),
    ("phone", "reception", None),
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


def test_lists_and_maps_are_normal_throughout() -> None:
    """What is inside is brought to its normal form; nothing inside is nothing."""
    assert normal([" A ", "b"], "case") == ["a", "b"]
    assert normal({"k": " A "}, "case") == {"k": "a"}
    assert normal({}, "case") is None
