"""Markdown as documents (Atlassian Document Format): blocks out of lines, marks out of signs.

https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/. Known are paragraphs, headings, lists,
quotes, code, rules, links, and bold, italic, struck and code texts. A line that ends within a paragraph ends there,
too. Whatever is none of these is text, so that nothing is lost, and a name behind an @ calls nobody.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

Node = dict[str, Any]
#: So deep lists and quotes may stand in each other; what is deeper is text.
_DEEPEST: Final = 6
_FENCE: Final = re.compile(r"```\s*([\w+#.-]*)\s*$")
_HEADING: Final = re.compile(r"(#{1,6}) +(.*)$")
_RULE: Final = re.compile(r"(-{3,}|\*{3,}|_{3,})\s*$")
_QUOTE: Final = re.compile(r"> ?")
_ITEM: Final = re.compile(r"( {0,3})([-*+]|\d{1,9}[.)])( +|$)(.*)$")
_BLOCKS: Final = (_FENCE, _HEADING, _RULE, _QUOTE, _ITEM)
#: What may stand in an item or a quote.
_INNER: Final = frozenset({"paragraph", "bulletList", "orderedList", "codeBlock"})
#: What means something within a line.
MARKED: Final = re.compile(
    r"""\\(?P<escaped>[\\`*_~\[\]#>+.!|-])
    | (?P<break>\n)
    | `(?P<code>[^`\n]{1,2000})`
    | \[(?P<label>[^\]\[\n]{1,1000})\]\((?P<link>(?:https?://|mailto:)[^\s()]{1,2000})\)
    | \*\*(?=\S)(?P<strong>.{1,1000}?)(?<=\S)\*\*(?!\*)
    | (?<!\w)__(?=\S)(?P<strong_>.{1,1000}?)(?<=\S)__(?!\w)
    | \*(?=[^\s*])(?P<em>.{1,1000}?)(?<=[^\s*])\*(?!\*)
    | (?<!\w)_(?=[^\s_])(?P<em_>.{1,1000}?)(?<=[^\s_])_(?!\w)
    | ~~(?=\S)(?P<strike>.{1,1000}?)(?<=\S)~~""",
    re.VERBOSE,
)


def parsed(text: str) -> list[Node]:
    """The blocks of a text."""
    return _blocks(text.replace("\r\n", "\n").split("\n"), 0)


def _blocks(lines: list[str], depth: int) -> list[Node]:
    found: list[Node] = []
    at = 0
    while at < len(lines):
        if not lines[at].strip():
            at += 1
            continue
        block, at = _block(lines, at, depth)
        found.append(block)
    return found


def _block(lines: list[str], at: int, depth: int) -> tuple[Node, int]:
    """The block that begins with a line, and the line behind it."""
    line = lines[at]
    if fence := _FENCE.match(line):
        return _code(lines, at + 1, fence[1])
    if heading := _HEADING.match(line):
        return _with("heading", _inline(heading[2], ()), level=len(heading[1])), at + 1
    if _RULE.match(line):
        return {"type": "rule"}, at + 1
    if depth < _DEEPEST and _QUOTE.match(line):
        end = _while(lines, at, lambda one: bool(_QUOTE.match(one)))
        inside = [_QUOTE.sub("", one, count=1) for one in lines[at:end]]
        return _with("blockquote", _fitting(inside, depth + 1)), end
    if depth < _DEEPEST and (item := _ITEM.match(line)):
        return _list(lines, at, item, depth)
    end = _while(lines, at + 1, lambda one: bool(one.strip()) and not any(b.match(one) for b in _BLOCKS))
    return _with("paragraph", _inline("\n".join(lines[at:end]), ())), end


def _while(lines: list[str], at: int, holds: Callable[[str], bool]) -> int:
    while at < len(lines) and holds(lines[at]):
        at += 1
    return at


def _code(lines: list[str], at: int, language: str) -> tuple[Node, int]:
    end = _while(lines, at, lambda one: one.rstrip() != "```")
    text = "\n".join(lines[at:end])
    content = [{"type": "text", "text": text}] if text else []
    return _with("codeBlock", content, **({"language": language} if language else {})), end + 1


def _list(lines: list[str], at: int, first: re.Match[str], depth: int) -> tuple[Node, int]:
    """A list, whose items have the same kind of sign before them."""
    ordered, items = first[2][0].isdigit(), list[Node]()
    while at < len(lines):
        item = _ITEM.match(lines[at])
        if item is None or item[2][0].isdigit() != ordered:
            break
        width = len(item[1]) + len(item[2]) + 1
        inside, at = _inside(lines, at + 1, width)
        items.append(_with("listItem", _opened(_fitting([item[4], *inside], depth + 1))))
        following = _while(lines, at, lambda one: not one.strip())
        at = following if following < len(lines) and _ITEM.match(lines[following]) else at
    attrs = {"order": int(first[2][:-1])} if ordered else {}
    return _with("orderedList" if ordered else "bulletList", items, **attrs), at


def _opened(content: list[Node]) -> list[Node]:
    """What stands in an item: a list only behind a line, be it empty."""
    return (
        content if content and not content[0]["type"].endswith("List") else [_with("paragraph", []), *content]
    )


def _inside(lines: list[str], at: int, width: int) -> tuple[list[str], int]:
    """The lines that stand below an item, without their indent."""
    end = last = at
    while end < len(lines) and (not lines[end].strip() or lines[end].startswith(" " * min(width, 2))):
        end += 1
        last = end if lines[end - 1].strip() else last
    return [re.sub(f"^ {{0,{width}}}", "", one) for one in lines[at:last]], last


def _fitting(lines: list[str], depth: int) -> list[Node]:
    """Blocks within an item or a quote; one that may not stand there is text."""
    found = _blocks(lines, depth)
    if all(one["type"] in _INNER for one in found):
        return found
    return [_with("paragraph", _inline("\n".join(lines), ()))]


def _inline(text: str, marks: tuple[Node, ...]) -> list[Node]:
    """Texts with their marks, and ends of lines."""
    if len(marks) > _DEEPEST:
        return _text(text, marks)
    found: list[Node] = []
    at = 0
    for sign in MARKED.finditer(text):
        found += _text(text[at : sign.start()], marks) + _marked(sign, marks)
        at = sign.end()
    return joined(found + _text(text[at:], marks))


def _marked(sign: re.Match[str], marks: tuple[Node, ...]) -> list[Node]:
    kind, told = str(sign.lastgroup).rstrip("_"), str(sign[str(sign.lastgroup)])
    if kind == "break":
        return [{"type": "hardBreak"}]
    if kind == "escaped":
        return _text(told, marks)
    if kind == "code":  # nothing but a link goes with it
        return _text(told, (*(one for one in marks if one["type"] == "link"), {"type": "code"}))
    if kind == "link":
        return _inline(sign["label"], (*marks, {"type": "link", "attrs": {"href": told}}))
    return _inline(told, (*marks, {"type": kind}))


def _text(text: str, marks: tuple[Node, ...]) -> list[Node]:
    if not text:
        return []
    unique = {one["type"]: one for one in marks}
    return [{"type": "text", "text": text, **({"marks": [*unique.values()]} if unique else {})}]


def joined(nodes: list[Node]) -> list[Node]:
    """Texts beside each other that have the same marks are one."""
    found: list[Node] = []
    for node in nodes:
        before = found[-1] if found else {}
        if node["type"] == before.get("type") == "text" and node.get("marks") == before.get("marks"):
            found[-1] = {**node, "text": before["text"] + node["text"]}
        else:
            found.append(node)
    return found


def _with(kind: str, content: list[Node], **attrs: Any) -> Node:
    return {
        "type": kind,
        **({"attrs": attrs} if attrs else {}),
        **({"content": content} if content or kind != "codeBlock" else {}),
    }
