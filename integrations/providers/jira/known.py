"""What of documents (Atlassian Document Format) Markdown tells, and what it does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from integrations.providers.jira.markdown import Node, joined

#: The kinds of nodes that Markdown tells, with their attributes; and of marks, from the outside to the
#: inside.
NODES: Final[Mapping[str, tuple[str, ...]]] = {
    "paragraph": (),
    "text": (),
    "hardBreak": (),
    "rule": (),
    "blockquote": (),
    "bulletList": (),
    "listItem": (),
    "heading": ("level",),
    "orderedList": ("order",),
    "codeBlock": ("language",),
}
MARKS: Final[Mapping[str, tuple[str, ...]]] = {
    "link": ("href",),
    "strong": (),
    "em": (),
    "strike": (),
    "code": (),
}


def normal(nodes: list[Node]) -> list[Node]:
    """Nodes without what says nothing: ids of places, empty lists; marks in one order."""
    return joined([_normal(node) for node in nodes])


def _normal(node: Node) -> Node:
    attrs = {k: v for k, v in (node.get("attrs") or {}).items() if k != "localId" and v is not None}
    marks = sorted(node.get("marks") or (), key=lambda mark: [*MARKS, mark["type"]].index(mark["type"]))
    inside = normal(node.get("content") or [])
    kept: Node = {name: node[name] for name in ("type", "text") if name in node}
    more: Node = {"attrs": attrs, "marks": marks, "content": inside}
    return {**kept, **{name: value for name, value in more.items() if value}}


def strange(node: Node) -> frozenset[str]:
    """The kinds of nodes, marks and attributes in it that Markdown does not tell."""
    bare = _normal({name: value for name, value in node.items() if name != "content"})
    found = _unknown(bare, NODES).union(*(_unknown(mark, MARKS) for mark in bare.get("marks", ())))
    if node["type"] != "text":
        found = found.union(str(mark["type"]) for mark in bare.get("marks", ()))
    return found.union(*(strange(inside) for inside in node.get("content") or ()))


def _unknown(one: Node, known: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
    kind = one["type"]
    return frozenset(
        {kind} if kind not in known else (f"{kind}.{a}" for a in one.get("attrs", {}) if a not in known[kind])
    )
