"""Texts that travel call nobody on the other side, and come back as they were."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from unified_api.engine.carry import carry
from unified_api.engine.events import Record
from unified_api.engine.match import key_of
from unified_api.engine.mention import JOINER, bare, spelt
from unified_api.engine.pair import Move, Pair
from unified_api.engine.policy import Field, Policy
from unified_api.engine.values import Both, Side
from unified_api.engine.weigh import Access, Terms, weigh

AT: Final = ("@",)
#: Pieces of which texts are made that are hard: signs in words, code that ends and that does not, joiners already.
PIECES: Final = (
    "@",
    "[~",
    JOINER,
    "ann",
    "Bob",
    "o'neil",
    "org/team",
    ".",
    " ",
    "\n",
    "`",
    "```",
    "~~~~",
    "\n```\n",
    "\\",
    "<code>",
    "</code>",
    "<pre>",
    "https://x.example/@ann",
    "ann@example.org",
)
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=12).map("".join)
MARKED = st.builds(Both, st.booleans(), st.booleans())
SIGNS = st.sampled_from([(), AT, ("[~",), ("@", "[~")])


def body(a: tuple[str, ...], b: tuple[str, ...]) -> Field:
    """A text by which people are called so on either side."""
    return Field("body", normalizer="trim", mentions=Both(a, b))


def marked(a: tuple[str, ...], b: tuple[str, ...]) -> Field:
    """The same, of which either side's texts are Markdown."""
    return replace(body(a, b), marked=Both(a=True, b=True))


def brought(one: Field, text: str, to: Side, held: str = "") -> str:
    """The text as a write says it."""
    move = carry(one, text, to, (), was=held)
    assert isinstance(move, Move)
    return str(move.value)


def calls(text: str, sign: str = "@") -> list[str]:
    """Who is called by a system that reads every sign before a name; one of a letter only outside of words."""
    outside = r"(?<!\w)" if len(sign) == 1 else ""
    return re.findall(rf"{outside}{re.escape(sign)}(\w+)", text)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("@ann, see", f"@{JOINER}ann, see"),
        ("(@ann)", f"(@{JOINER}ann)"),
        ("@org/team please", f"@{JOINER}org/team please"),
        (f"@{JOINER}ann", f"@{JOINER}ann"),
        ("```\nopen, @ann", f"```\nopen, @{JOINER}ann"),
        ("~~~~\n@ann\n~~~", f"~~~~\n@{JOINER}ann\n~~~"),
        (r"\`@ann\`", rf"\`@{JOINER}ann\`"),
        ("<code>@ann", f"<code>@{JOINER}ann"),
        ("`see https://x.example`@ann", f"`see https://x.example`@{JOINER}ann"),
        ("<b>@ann</b>", f"<b>@{JOINER}ann</b>"),
    ],
)
def test_a_mention_calls_nobody_there(text: str, written: str) -> None:
    """A joiner stands between sign and name; also where something only begins like code."""
    assert brought(marked((), AT), text, Side.B) == written


CODE: Final = (
    "`@ann.setter`",
    "so:\n```python\n@property\ndef x(): ...\n```\n",
    "~~~\n@property\n~~~",
    "<pre>@property</pre>",
    "<p><code>@property</code></p>",
)


@pytest.mark.parametrize(
    "text",
    [
        "write to ann@example.org",
        "Ann <ann.lee+bugs@example.org>",
        *CODE,
        "https://social.example/@ann/1",
        "@ alone, and 3 @ 2",
    ],
)
def test_what_is_no_mention_is_left_alone(text: str) -> None:
    """E-mail addresses, code and web addresses go over as they are."""
    assert brought(marked(AT, AT), text, Side.B) == text


@pytest.mark.parametrize("text", CODE)
def test_code_calls_people_where_nobody_knows_it_as_code(text: str) -> None:
    """A system without Markdown reads backticks as signs like others; what it shows comes back as it was typed."""
    one = replace(body(AT, AT), marked=Both(a=True, b=False))
    there = brought(one, text, Side.B)

    assert there == text.replace("@", f"@{JOINER}")
    assert brought(one, there, Side.A, text) == text


def test_a_name_that_leaves_its_code_calls_nobody() -> None:
    """In code it called nobody: out of it, it is a new mention."""
    assert brought(marked(AT, AT), "@ann", Side.B, held="`@ann`") == f"@{JOINER}ann"


def test_where_nobody_is_called_nothing_is_changed() -> None:
    """A system without such a sign gets the text as it is."""
    assert brought(body((), ()), f"@ann and @{JOINER}bob", Side.B) == f"@ann and @{JOINER}bob"


def test_an_edit_that_comes_back_finds_names_as_they_were() -> None:
    """The side whose text it was never sees a joiner before the names it wrote; a new name calls nobody there."""
    one, typed = body(AT, AT), "@ann, please"
    there = brought(one, typed, Side.B)

    assert brought(one, f"{there}, or @carl", Side.A, typed) == f"@ann, please, or @{JOINER}carl"


def test_a_pasted_joiner_calls_nobody() -> None:
    """Who copies a joined name of the other side into another text does not call its bearer there."""
    assert brought(body(AT, AT), f"as @{JOINER}carl said", Side.B) == f"as @{JOINER}carl said"


@example(text="@ann @ann", a=("@",), b=("@",), ways=Both(a=False, b=False))
@given(text=TEXTS, a=SIGNS, b=SIGNS, ways=MARKED)
def test_there_and_back_is_the_same_text(
    text: str, a: tuple[str, ...], b: tuple[str, ...], ways: Both[bool]
) -> None:
    """Carried to the other side and back again nothing has changed, whatever either side calls people by."""
    one = replace(body(a, b), marked=ways)

    assert brought(one, brought(one, text, Side.B), Side.A, text) == text


@given(text=TEXTS, a=SIGNS, b=SIGNS, ways=MARKED)
def test_what_was_carried_compares_as_equal(
    text: str, a: tuple[str, ...], b: tuple[str, ...], ways: Both[bool]
) -> None:
    """On both sides, by key and by value: a joiner is no edit."""
    one = replace(body(a, b), marked=ways)
    there = brought(one, text, Side.B)
    policy = Policy({"body": one})

    assert one.same(text, there)
    assert one.agree(Both(text, there))
    keys = [
        key_of({"body": said}, side, ["body"], policy) for said, side in ((text, Side.A), (there, Side.B))
    ]
    assert keys[0] == keys[1]


@example(text="[~ann", held="ann[~ann", way=False)
@given(text=TEXTS, held=TEXTS, way=st.booleans())
def test_nobody_is_called_who_was_not_called_before(text: str, held: str, way: bool) -> None:  # noqa: FBT001
    """Whom a written text calls, outside of what is left alone, the text that it replaces called already, as often."""
    signs = ("@", "[~")
    written = _called(spelt(text, held, signs, signs, marked=way), signs, way)
    before = _called(held, signs, way)

    assert all(written.count(one) <= before.count(one) for one in written)


@given(text=TEXTS, signs=SIGNS)
def test_the_plain_form_is_its_own(text: str, signs: tuple[str, ...]) -> None:
    """Taking the joiners out twice takes out no more, and writing them in changes no plain form."""
    once = bare(text, signs)

    assert bare(once, signs) == once
    assert bare(spelt(text, "", signs, signs), signs) == once


def test_a_joiner_makes_no_move() -> None:
    """A side that holds the joined spelling owes nothing, though no base was ever agreed."""
    policy, able = Policy({"body": body((), AT)}), Access(update=frozenset({"body"}))
    now = Both(Record({"body": "@ann, look"}), Record({"body": f"@{JOINER}ann, look"}))

    weighed = weigh(Pair(), now, Terms(policy, Both(able, able)))

    assert weighed.owed == Both((), ())
    assert weighed.pair.base.b == {"body": f"@{JOINER}ann, look"}


@pytest.mark.parametrize("piece", ["~~~x\n", "<pre>", "`a", "```a\n", "@", f"@{JOINER}", "https://", "~~~"])
def test_no_text_takes_long(piece: str) -> None:
    """Also where nothing ends that begins: with work that grows as the square of the length this would not end."""
    text = piece * 40_000

    assert bare(spelt(text, text, AT, AT, marked=True), AT) == bare(text, AT)


def _called(text: str, signs: tuple[str, ...], way: bool) -> list[str]:  # noqa: FBT001
    """Mentions without a joiner, outside of what is left alone."""
    marked = spelt(text, "", signs, signs, marked=way)
    return [
        name.casefold()
        for sign in signs
        for name in calls(text, sign)
        if calls(marked, sign).count(name) < calls(text, sign).count(name)
    ]
