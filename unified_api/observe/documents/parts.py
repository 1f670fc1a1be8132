"""What a document is made of, before it is known how it will be written down. All texts are plain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    text: str


@dataclass(frozen=True)
class Facts:
    """Names with what there is to say of each; one without anything is left out."""

    rows: Sequence[tuple[str, str]]

    @property
    def told(self) -> list[tuple[str, str]]:
        """Those that say something."""
        return [(name, value) for name, value in self.rows if value]


@dataclass(frozen=True)
class Table:
    """Rows under a header. `code`: columns whose cells are names, commands or words of a machine."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    code: frozenset[int] = frozenset()


Block: TypeAlias = Text | Facts | Table


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it."""

    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Document:
    """A whole document; `foot`: when and from what it was generated."""

    title: str
    lead: str
    sections: Sequence[Section]
    foot: str
