"""Reading the documentation as text: pages, their fenced blocks, their links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
README: Final = ROOT / "README.md"
_FENCE: Final = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_LINK: Final = re.compile(r"\]\(([^)\s]+)\)")


def page(name: str) -> str:
    """The text of a page below docs/."""
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def pages() -> list[Path]:
    """Every page for people."""
    return [README, ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of a language."""
    return [body for named, body in _FENCE.findall(text) if named == language]


def shell_lines(text: str) -> Iterator[str]:
    """The commands of the shell blocks, each in one line, without comments."""
    for block in blocks(text, "sh"):
        for line in block.replace("\\\n", " ").splitlines():
            if command := line.partition(" # ")[0].strip():
                yield command


def links(text: str) -> list[str]:
    """Where the links of a page lead."""
    return _LINK.findall(text)
