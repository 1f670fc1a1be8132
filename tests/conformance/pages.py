"""The tables in the documentation: what is in them, and how they get there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.conformance.far_side import tried
from tests.conformance.lengths import lengths
from tests.conformance.table import Counts, conformance, overview, replaced

ROOT: Final = Path(__file__).resolve().parents[2]
README: Final = ROOT / "README.md"
REFERENCE: Final = ROOT / "docs" / "adapters.md"


def current(counts: Counts) -> Iterator[tuple[Path, str, str]]:
    """Each page as it stands, and as it would be written."""
    for path, tables in (
        (README, {"adapters": overview()}),
        (REFERENCE, {"conformance": conformance(counts), "lengths": lengths()}),
    ):
        before = text = path.read_text(encoding="utf-8")
        for name, lines in tables.items():
            text = replaced(text, name, lines)
        yield path, before, text


def write(counts: Counts) -> str:
    """Write them, if every adapter was tried; what was done, in a sentence."""
    missing = [provider.slug for provider in tried() if not counts.get(provider.slug)]
    if missing:
        return f"Nothing is written: {', '.join(missing)} was not tried."
    for path, _before, text in current(counts):
        path.write_text(text, encoding="utf-8")
    return f"Written: {README.relative_to(ROOT)}, {REFERENCE.relative_to(ROOT)}."
