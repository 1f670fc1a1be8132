"""Documents and Markdown: what is written is read again, and nothing that is there is lost."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.kit.errors import Unwritable
from integrations.providers.jira.documents import DocumentLens, to_document, to_markdown
from integrations.providers.jira.known import normal, strange
from integrations.providers.jira.markdown import parsed

SOME = settings(max_examples=60)
#: Texts of the signs that mean something, and words between them.
_SIGNS = st.lists(
    st.sampled_from(
        [
            *"*_~`#->[]()!\\|.1 \n",
            "\n\n",
            "**",
            "```",
            "word",
            "zwei",
            "- ",
            "1. ",
            "> ",
            "https://a.example/x",
            "@Ada",
        ]
    ),
    max_size=30,
).map("".join)
_PLAIN = st.lists(st.text("ab cß☃ \t,.;:", min_size=1).filter(str.strip), min_size=1).map("\n\n".join)


def _block(kind: str, *content: Any, **attrs: Any) -> dict[str, Any]:
    return {"type": kind, **({"attrs": attrs} if attrs else {}), "content": [*content]}


def _text(text: str, *marks: str) -> dict[str, Any]:
    return {"type": "text", "text": text, **({"marks": [{"type": mark} for mark in marks]} if marks else {})}


def _doc(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"type": "doc", "version": 1, "content": [*blocks]}


_BOXES = [
    _block("panel", _block("paragraph", _text("Hot")), panelType="info"),
    _block("mediaSingle", {"type": "media", "attrs": {"id": "1", "type": "file", "collection": ""}}),
    _block("table", _block("tableRow", _block("tableCell", _block("paragraph", _text("a"))))),
    _block("taskList", _block("taskItem", _text("Do it"), localId="2", state="DONE"), localId="1"),
    _block("expand", _block("paragraph", _text("Inside")), title="More"),
    _block("paragraph", _text("Under", "underline")),
    _block("paragraph", {"type": "date", "attrs": {"timestamp": "1769817600000"}}),
    {"type": "extension", "attrs": {"extensionKey": "chart"}},
    {"type": "blockCard", "attrs": {"url": "https://a.example"}},
    _block("thing of tomorrow", _block("paragraph", _text("Inside"))),
]


@SOME
@given(text=_SIGNS)
def test_what_is_written_is_the_same_when_it_is_read(text: str) -> None:
    """Maybe in other signs, and without losing a word."""
    read = to_markdown(to_document(text, None))

    assert read is not None
    assert DocumentLens(path="body").same(text, read)
    assert [read.count(word) for word in ("zwei", "Ada", "example")] == [
        text.count(word) for word in ("zwei", "Ada", "example")
    ]


@SOME
@given(text=_PLAIN)
def test_a_text_without_signs_is_itself(text: str) -> None:
    """To the last blank."""
    assert to_markdown(to_document(text, None)) == text


@SOME
@given(
    texts=st.lists(st.text("a*_`[]()#->1. ~\\", min_size=1), min_size=1, max_size=4),
    marks=st.lists(st.sampled_from(["strong", "em", "strike"]), max_size=2, unique=True),
)
def test_a_document_is_never_changed_by_its_own_text(texts: list[str], marks: list[str]) -> None:
    """Whatever signs stand in it as texts."""
    there = _doc(*(_block("paragraph", _text(text, *marks), _text(" end")) for text in texts))
    before = copy.deepcopy(there)

    assert to_document(to_markdown(there), there) == before


@pytest.mark.parametrize("box", _BOXES, ids=lambda box: box["type"])
def test_a_part_that_no_markdown_tells_is_shown_and_kept(box: dict[str, Any]) -> None:
    """Between lines that change; without its lines the text is refused."""
    there = _doc(_block("paragraph", _text("Before")), box, _block("paragraph", _text("Behind")))
    text = to_markdown(there) or ""
    changed = to_document(text.replace("Before", "Now").replace("Behind", "Then"), copy.deepcopy(there))

    assert text.split("\n\n")[1].strip()
    assert changed["content"][1] == box
    assert [to_markdown(_doc(changed["content"][at])) for at in (0, 2)] == ["Now", "Then"]
    with pytest.raises(Unwritable, match="would lose"):
        to_document("Now\n\nThen", there)


@pytest.mark.parametrize(
    "text",
    [
        "# Title\n\nA line\nand another, **bold**, *italic*, ~~struck~~, `code` and [a link](https://a.example/b_c)",
        "- one\n- two\n  - deeper\n    - deepest\n- three",
        "3. three\n4. four\n\n   more of four",
        "> a quote\n>\n> of two",
        "```python\nx = 1\n\n# no title\n```",
        "Before\n\n---\n\nBehind",
        "2 * 3 * 4, snake_case_word, C:\\dir and \\*no italics*",
        "***both***",
        "- - a list in a list",
        "- item\n\n  ```\n  code\n  ```",
    ],
)
def test_markdown_that_is_usual_is_read_as_it_was_written(text: str) -> None:
    """In the signs in which it was."""
    made = to_document(text, None)

    assert to_markdown(made) == text
    assert strange({"type": "blockquote", "content": made["content"]}) == frozenset()


@pytest.mark.parametrize(
    ("told", "same"),
    [
        ("* a\n* b", "- a\n- b"),
        ("a __b__ _c_", "a **b** *c*"),
        ("a\r\nb", "a\nb"),
        ("a\n\n\n\nb", "a\n\nb"),
        ("- a\n\n- b", "- a\n- b"),
        ("a\n- b", "a\n\n- b"),
    ],
)
def test_other_signs_for_the_same_are_understood(told: str, same: str) -> None:
    """They make the same document, and are shown in one way."""
    assert parsed(told) == parsed(same)
    assert to_markdown(to_document(told, None)) == same


def test_ids_of_places_are_no_parts() -> None:
    """Each node may have one; a line that changes loses nothing but that."""
    line = _block("paragraph", _text("a"), localId="0f1e")

    assert strange(line) == frozenset()
    assert normal([line]) == parsed("a")
    assert to_document("b", _doc(line))["content"] == parsed("b")


def test_a_mention_stays_one_where_its_name_stays() -> None:
    """Twice, if it is there twice; what names nobody is a text."""
    ada = {"type": "mention", "attrs": {"id": "1", "text": "@Ada"}}
    there = _doc(_block("paragraph", _text("Ask "), ada, _text(" or "), ada))
    made = to_document("Call @Ada, then @Ada, then @Ada", there)
    (line,) = made["content"]

    assert [one["type"] for one in line["content"]] == ["text", "mention", "text", "mention", "text"]
    assert to_markdown(made) == "Call @Ada, then @Ada, then @Ada"
    with pytest.raises(Unwritable, match="mention"):
        to_document("Call @Ada", there)


def test_links_lead_to_the_web_alone() -> None:
    """An address of another kind is a text, and so is a link without one."""
    (line,) = parsed("[a](javascript:alert(1)) [b]() [c](https://c.example)")

    assert [one.get("marks") for one in line["content"]] == [
        None,
        [{"type": "link", "attrs": {"href": "https://c.example"}}],
    ]


def test_deep_texts_end_somewhere() -> None:
    """Quotes in quotes, and lists in lists, deeper than anybody writes, are texts."""
    for text in (">" * 5_000 + " end", "- " * 5_000 + "end", "*~~" * 160 + "end" + "~~*" * 160):
        assert "end" in (to_markdown(to_document(text, None)) or "")
