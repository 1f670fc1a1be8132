"""Documents (Atlassian Document Format) as Markdown.

What is not known here is shown by the text in it, or by its kind in brackets, so that it can be found again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from itertools import groupby
from typing import Final

from integrations.providers.jira.known import MARKS, normal, strange
from integrations.providers.jira.markdown import MARKED, Node, parsed

_SIGNS: Final = {"strong": "**", "em": "*", "strike": "~~", "code": "`"}
#: What is understood at the beginning of a line, and what may be anywhere.
_BEGINNING: Final = re.compile(
    r"^(?=#{1,6} |>|[-*+](?: |$)|-{3,}|_{3,}|\*{3,}|```)|(?<=\d)(?=[.)](?: |$))", re.MULTILINE
)
_SIGN: Final = re.compile(r"[\\`*_~\[\]]|^[#>+-]", re.MULTILINE)
_NUMBER: Final = re.compile(r"^(\d+)([.)])", re.MULTILINE)


def block_text(node: Node) -> str:
    """A block as Markdown; with as few signs escaped as keep it from being understood as another one."""
    plain = _block(node, str)
    if strange(node):
        return plain
    spelled = (plain, *(_block(node, spell) for spell in (_where_needed, _everywhere)))
    return next((text for text in spelled if normal(parsed(text)) == normal([node])), plain)


def _where_needed(text: str) -> str:
    told = MARKED.sub(lambda sign: sign[0] if sign["break"] else f"\\{sign[0]}", text)
    return _BEGINNING.sub(r"\\", told)


def _everywhere(text: str) -> str:
    return _NUMBER.sub(r"\1\\\2", _SIGN.sub(lambda sign: f"\\{sign[0]}", text))


def _block(node: Node, spell: Callable[[str], str]) -> str:
    return _BLOCKS.get(node["type"], _other)(node, spell)


def _paragraph(node: Node, spell: Callable[[str], str]) -> str:
    return _inline(node.get("content") or [], spell)


def _heading(node: Node, spell: Callable[[str], str]) -> str:
    return f"{'#' * int(node['attrs']['level'])} {_paragraph(node, spell)}"


def _rule(_node: Node, _spell: Callable[[str], str]) -> str:
    return "---"


def _code(node: Node, _spell: Callable[[str], str]) -> str:
    text = "".join(one.get("text", "") for one in node.get("content") or ())
    language = (node.get("attrs") or {}).get("language") or ""
    return f"```{language}\n{text}\n```" if text else f"```{language}\n```"


def _quote(node: Node, spell: Callable[[str], str]) -> str:
    """A quote, or a box with a title, each line behind a sign."""
    text = "\n\n".join(_block(one, spell) for one in node.get("content") or ())
    title = (node.get("attrs") or {}).get("title")
    return "\n".join(f"> {line}".rstrip() for line in "\n".join(filter(None, (title, text))).split("\n"))


def _table(node: Node, spell: Callable[[str], str]) -> str:
    rows = ((_cell(cell, spell) for cell in row.get("content") or ()) for row in node.get("content") or ())
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _other(node: Node, spell: Callable[[str], str]) -> str:
    """What is not known: the text in it, or its kind."""
    inside = node.get("content") or []
    if inside and inside[0]["type"] in {"text", "hardBreak"}:
        return _inline(inside, spell)
    return "\n\n".join(_block(one, spell) for one in inside) or atom_text(node)


def _items(node: Node, spell: Callable[[str], str]) -> str:
    start = int((node.get("attrs") or {}).get("order") or 1)
    lines: list[str] = []
    for number, item in enumerate(node.get("content") or (), start):
        sign = f"{number}. " if node["type"] == "orderedList" else "- "
        if item["type"] == "taskItem":
            sign += "[x] " if (item.get("attrs") or {}).get("state") == "DONE" else "[ ] "
        text = _item(item, spell) if item["type"] == "listItem" else _other(item, spell)
        indent = " " * (len(sign) if item["type"] == "listItem" else 2)
        lines.append(re.sub(r"\n(?!\n|$)", f"\n{indent}", f"{sign}{text}").rstrip())
    return "\n".join(lines)


def _item(item: Node, spell: Callable[[str], str]) -> str:
    """What stands in an item: lists directly below its text, other blocks apart."""
    text = ""
    for inside in item.get("content") or ():
        gap = "" if not text else "\n" if inside["type"].endswith("List") else "\n\n"
        text += gap + _block(inside, spell)
    return text


def _cell(cell: Node, spell: Callable[[str], str]) -> str:
    return " ".join(_block(one, spell) for one in cell.get("content") or ()).replace("\n", " ")


def _inline(nodes: list[Node], spell: Callable[[str], str], order: tuple[str, ...] = tuple(MARKS)) -> str:
    """Texts between the signs of their marks, those around the most of them outside."""
    if not order:
        return "".join(_leaf(node, spell) for node in nodes)
    kind, text = order[0], ""
    for mark, some in groupby(nodes, key=lambda node: _mark(node, kind)):
        inner = _inline(list(some), str if kind == "code" and mark else spell, order[1:])
        text += _around(inner, kind, mark) if mark else inner
    return text


def _mark(node: Node, kind: str) -> Node | None:
    return next((mark for mark in node.get("marks") or () if mark["type"] == kind), None)


def _around(text: str, kind: str, mark: Node) -> str:
    """A text between signs, which stand at no blank."""
    inner = text if kind == "code" else text.strip()
    if not inner.strip():
        return text
    before, _, after = text.partition(inner)
    told = f"[{inner}]({mark['attrs']['href']})" if kind == "link" else f"{_SIGNS[kind]}{inner}{_SIGNS[kind]}"
    return f"{before}{told}{after}"


def _leaf(node: Node, spell: Callable[[str], str]) -> str:
    if node["type"] == "text":
        return spell(node["text"])
    return "\n" if node["type"] == "hardBreak" else atom_text(node)


def atom_text(node: Node) -> str:
    """What stands for a node that has no text in it: a mention by the name, a link by its address, a day as such."""
    attrs, kind = node.get("attrs") or {}, node["type"]
    if kind == "date":
        return datetime.fromtimestamp(int(attrs["timestamp"]) / 1000, UTC).date().isoformat()
    told = next((attrs[name] for name in ("text", "shortName", "url", "alt") if attrs.get(name)), None)
    if kind == "mention" and told:
        return told if told.startswith("@") else f"@{told}"
    return str(told or f"[{kind}]")


_BLOCKS: Final[Mapping[str, Callable[[Node, Callable[[str], str]], str]]] = {
    "paragraph": _paragraph,
    "heading": _heading,
    "rule": _rule,
    "codeBlock": _code,
    "table": _table,
    **dict.fromkeys(("blockquote", "panel", "expand", "nestedExpand"), _quote),
    **dict.fromkeys(("bulletList", "orderedList", "taskList", "decisionList"), _items),
}
