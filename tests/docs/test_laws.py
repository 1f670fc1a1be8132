"""The page about laws says what there is."""

from __future__ import annotations

import re

import pytest

from tests.docs.pages import ROOT, page
from tests.laws.ledger import Law
from tests.laws.mutants import ENGINE, HEAD, MUTATIONS
from tests.laws.mutation import Mutation

PAGE = page("laws.md")
TESTS = "".join(
    file.read_text(encoding="utf-8")
    for folder in ("laws", "unified_api/engine")
    for file in sorted((ROOT / "tests" / folder).glob("test_*.py"))
)


@pytest.mark.parametrize("law", Law)
def test_every_law_is_on_the_page(law: Law) -> None:
    """With its sentence."""
    assert f"| `{law.name}` | {law.value} |" in PAGE


def test_every_test_that_the_page_names_is_there() -> None:
    """A property or a test by example that was renamed is renamed on the page too."""
    named = set(re.findall(r"`(test_\w+)`", PAGE))

    assert len(named) > 20
    assert [name for name in sorted(named) if f"def {name}(" not in TESTS] == []


@pytest.mark.parametrize("mutant", MUTATIONS, ids=lambda mutant: mutant.told)
def test_every_mutant_has_its_row(mutant: Mutation) -> None:
    """It was killed, the table says by what, and the text that it replaces is still in the engine."""
    table = PAGE.partition(HEAD)[2]

    assert re.search(rf"^\| {re.escape(mutant.told)} \| `{mutant.file}` \| .*\w+ \|$", table, re.MULTILINE)
    assert mutant.old in (ROOT / ENGINE / mutant.file).read_text(encoding="utf-8")
