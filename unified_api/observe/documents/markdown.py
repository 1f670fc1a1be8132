"""A document as Markdown: whatever a name holds, it stays text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from unified_api.observe.documents.parts import Block, Document, Facts, Section, Table

#: What could be taken for markup, or for HTML, in Markdown.
_MARKUP: Final = re.compile(r"([\\`*_{}\[\]<>#|~&!])")
_BREAKS: Final = re.compile(r"\s*[\r\n]+\s*")
_BEGINS: Final = re.compile(r"^(\s*)([-+]|\d+[.)])(?=\s)")


def write(document: Document) -> str:
    """The document as one text."""
    lines = [f"# {_plain(document.title)}", "", *_paragraph(document.lead)]
    for section in document.sections:
        lines += _section(section)
    return "\n".join([*lines, "---", "", _plain(document.foot), ""])


def _section(section: Section) -> Iterator[str]:
    yield from (f"## {_plain(section.title)}", "")
    for block in section.blocks:
        yield from _block(block)


def _block(block: Block) -> Iterator[str]:
    if isinstance(block, Facts):
        yield from (f"- **{_plain(name)}**: {_plain(value)}" for name, value in block.told)
        yield ""
    elif isinstance(block, Table):
        yield _row([_plain(cell) for cell in block.header])
        yield _row(["---"] * len(block.header))
        yield from (_row(_cells(block, row)) for row in block.rows)
        yield ""
    else:
        yield from _paragraph(block.text)


def _cells(table: Table, row: Sequence[str]) -> list[str]:
    return [_code(cell) if at in table.code else _plain(cell) for at, cell in enumerate(row)]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _paragraph(text: str) -> list[str]:
    return [_plain(text), ""] if text else []


def _plain(text: str) -> str:
    line = _MARKUP.sub(r"\\\1", _BREAKS.sub(" ", text))
    return _BEGINS.sub(r"\1\\\2", line)


def _code(text: str) -> str:
    """A machine's word, if it holds nothing that would end the code or the cell."""
    line = _BREAKS.sub(" ", text)
    return f"`{line}`" if line and not {"`", "|"} & set(line) else _plain(line)
