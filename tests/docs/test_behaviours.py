"""Each behaviour of the wire contract that is documented has its test."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

from tests.docs.pages import ROOT, page

_FOLDER = ROOT / "tests" / "unified_api" / "api"
_PAGE = page("behaviours.md")


@cache
def _tests_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_behaviour_names_tests_that_exist() -> None:
    """In the second column of its row: a file, and a test in it."""
    rows = [
        line for line in _PAGE.splitlines() if line.startswith("| ") and not line.startswith("| behaviour")
    ]
    wrong = []
    for row in rows:
        named = re.findall(r"`([\w/]+\.py)::(test_\w+)`", row.split(" | ")[-1])
        wrong += [row] if not named else [f"{f}::{t}" for f, t in named if t not in _tests_of(_FOLDER / f)]

    assert wrong == []
    assert len(rows) > 50


def test_every_test_of_a_behaviour_is_in_the_page() -> None:
    """Those in the folder that is for nothing else."""
    files = (_FOLDER / "behaviours").glob("test_*.py")
    missing = [
        f"{f.name}::{t}"
        for f in files
        for t in _tests_of(f)
        if t.startswith("test_") and f"::{t}`" not in _PAGE
    ]

    assert missing == []
