"""Rich texts: read as Markdown, written as documents that keep what no Markdown tells.

What is unchanged in a text stays as it is there, node by node. A text that would lose a part that it cannot tell, such
as an image or a table, is refused.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from integrations.kit.errors import Unmappable, Unwritable
from integrations.kit.lens import Lens, Words
from integrations.kit.paths import MISSING, bury, dig
from integrations.providers.jira.known import normal, strange
from integrations.providers.jira.markdown import Node, parsed
from integrations.providers.jira.rendering import atom_text, block_text

#: Nodes within a line that a text shows as a word, and that are put back where the word still stands.
_ATOMS = frozenset({"mention", "emoji", "date", "status", "inlineCard"})


def to_markdown(document: Any) -> str | None:
    """The text of a document; a plain text, as older fields have it, is its own."""
    if document is None or isinstance(document, str):
        return document
    if dig(document, "type") != "doc":
        raise Unmappable("a document is due, and something else came")
    return "\n\n".join(block_text(block) for block in document.get("content") or ())


def to_document(text: str | None, current: Any) -> Any:
    """The document that says a text; raises Unwritable where it would lose something of the one that is there."""
    there = list(dig(current, "content") or ()) if isinstance(current, dict) else []
    left = _Kept(there)
    content = left.put_back(parsed(text or ""))
    if lost := left.lost():
        kinds = ", ".join(sorted(lost))
        raise Unwritable(f"would lose what it does not tell ({kinds}): leave those lines, or edit it there")
    return None if text is None else {"type": "doc", "version": 1, "content": content}


class _Kept:
    """The blocks that are there, each by what their text is understood as."""

    def __init__(self, blocks: list[Node]) -> None:
        self._left: dict[str, list[Node]] = defaultdict(list)
        self._lengths: set[int] = set()
        for block in blocks:
            understood = normal(parsed(block_text(block)))
            self._left[_key(understood)].append(block)
            self._lengths.add(len(understood))

    def put_back(self, blocks: list[Node]) -> list[Node]:
        """These blocks, with what is there in the place of those that say the same."""
        found: list[Node] = []
        new: list[Node] = []
        at = 0
        while at < len(blocks):
            block, length = self._taken(blocks, at)
            if block is None:
                new.append(blocks[at])
            found.append(block or blocks[at])
            at += length
        for atom in self._atoms():
            next((True for one in new if _place(one, atom)), False)
        self._new = new
        return found

    def _taken(self, blocks: list[Node], at: int) -> tuple[Node | None, int]:
        for length in sorted(self._lengths - {0}, reverse=True):
            same = self._left.get(_key(normal(blocks[at : at + length])))
            if same and at + length <= len(blocks):
                return same.pop(0), length
        return None, 1

    def _atoms(self) -> Iterator[Node]:
        """Of blocks that changed, the nodes within their lines."""
        for block in self._rest():
            yield from (one for one in _all(block) if one["type"] in _ATOMS)

    def _rest(self) -> list[Node]:
        return [block for blocks in self._left.values() for block in blocks]

    def lost(self) -> frozenset[str]:
        """The kinds of what is told by no text, and does not stand in the new one."""
        placed = [_key([one]) for new in self._new for one in _all(new) if one["type"] in _ATOMS]
        gone = set[str]()
        for block in self._rest():
            gone |= strange(block) - _ATOMS - {f"{kind}.{name}" for kind in _ATOMS for name in ("marks",)}
            for atom in (one for one in _all(block) if one["type"] in _ATOMS):
                if (key := _key([atom])) in placed:
                    placed.remove(key)
                else:
                    gone.add(atom["type"])
        return frozenset(gone)


def _all(node: Node) -> Iterator[Node]:
    yield node
    for inside in node.get("content") or ():
        yield from _all(inside)


def _key(nodes: list[Node]) -> str:
    return json.dumps(nodes, sort_keys=True)


def _place(node: Node, atom: Node) -> bool:
    """Put a node where its word stands in the lines below another one, once."""
    word, content = atom_text(atom), node.get("content") or []
    for at, inside in enumerate(content):
        if inside["type"] == "text" and word in inside["text"]:
            before, _, after = inside["text"].partition(word)
            texts = [{**inside, "text": text} if text else None for text in (before, after)]
            content[at : at + 1] = [one for one in (texts[0], atom, texts[1]) if one]
            return True
        if _place(inside, atom):
            return True
    return False


def _again(text: str) -> str:
    """How a text is read that was written."""
    return "\n\n".join(block_text(block) for block in parsed(text))


@dataclass(frozen=True, kw_only=True)
class DocumentLens(Lens):
    """A rich text as Markdown; two texts that make the same document are the same."""

    def decode(self, found: Any) -> Any:
        """The text."""
        return to_markdown(found)

    def same(self, left: Any, right: Any) -> bool:
        """Whether both are understood as one, or one is how the other is read again."""
        return (
            left == right or parsed(left) == parsed(right) or _again(left) == right or _again(right) == left
        )

    def write(self, value: Any, current: Any, words: Words) -> dict[str, Any]:  # noqa: ARG002 - see Lens
        """The document."""
        there = dig(current, self.path)
        return bury(self.target, to_document(value, None if there is MISSING else there))
