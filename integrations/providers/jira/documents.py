"""Rich texts: read as Markdown, written as documents that keep what no Markdown tells.

What is unchanged in a text stays as it is there, node by node. A text that would lose a part that it cannot tell, such
as an image or a table, is refused.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
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
    content, new, gone = _put_back(parsed(text or ""), there)
    for atom in _atoms(gone):
        any(_place(block, atom) for block in new)  # in the first one that has its word
    if lost := _lost(new, gone):
        kinds = ", ".join(sorted(lost))
        raise Unwritable(f"would lose what it does not tell ({kinds}): leave those lines, or edit it there")
    return None if text is None else {"type": "doc", "version": 1, "content": content}


def _put_back(blocks: list[Node], there: list[Node]) -> tuple[list[Node], list[Node], list[Node]]:
    """Blocks, with what is there in the place of those that say the same.

    With them, those among them that are new, and what is there no more.
    """
    left: dict[str, list[Node]] = defaultdict(list)
    lengths = set[int]()
    for block in there:
        understood = normal(parsed(block_text(block)))
        left[_key(understood)].append(block)
        lengths.add(len(understood))
    found, new, at = list[Node](), list[Node](), 0
    while at < len(blocks):
        length = _length_of_same(blocks[at:], left, lengths)
        block = left[_key(normal(blocks[at : at + length]))].pop(0) if length else blocks[at]
        new += [] if length else [block]
        found.append(block)
        at += length or 1
    return found, new, [block for same in left.values() for block in same]


def _length_of_same(blocks: list[Node], left: dict[str, list[Node]], lengths: set[int]) -> int:
    """How many blocks say together what one says that is there; as many as possible, and 0 for none."""
    fitting = (n for n in sorted(lengths, reverse=True) if 0 < n <= len(blocks))
    return next((n for n in fitting if left.get(_key(normal(blocks[:n])))), 0)


def _lost(new: list[Node], gone: list[Node]) -> frozenset[str]:
    """The kinds of what no text tells and was in blocks that are gone, unless it stands in a new one."""
    placed = Counter(_key([atom]) for atom in _atoms(new))
    missing = Counter(_key([atom]) for atom in _atoms(gone)) - placed
    atoms = {json.loads(key)[0]["type"] for key in missing}
    return frozenset(atoms).union(*(strange(block) - _ATOMS for block in gone))


def _atoms(blocks: list[Node]) -> list[Node]:
    return [one for block in blocks for one in _all(block) if one["type"] in _ATOMS]


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
