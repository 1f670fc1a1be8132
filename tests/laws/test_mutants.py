"""A law that was weakened shows: it blames no mutant any more that only it used to blame first.

All mutants are tried by `python -m tests.laws.mutants`; these are one for each law, killed by few histories.
"""

from __future__ import annotations

from typing import Final

import pytest

from tests.laws.ledger import Law
from tests.laws.mutants import MUTATIONS, law_broken

#: The law that the table of docs/laws.md names for each; no mutant of the engine is noticed by PURE first.
KILLED: Final = {
    Law.EQUAL: "news on one side is missed",
    Law.QUIET: "other words are forgotten",
    Law.KEPT: "a conflict is not told",
    Law.SINGLE: "the sides are mixed up",
    Law.FOUNDED: "a lone edit counts as a conflict",
    Law.ALLOWED: "directions are not heeded",
    Law.NEWEST: "the earlier edit is newest",
    Law.ASKED: "nobody is asked",
    Law.SPARED: "a filling field overwrites",
    Law.DELETED: "unlink deletes",
}
#: As many as the slowest of these takes, and a few more.
HISTORIES: Final = 120


@pytest.mark.parametrize("law", KILLED)
def test_an_engine_that_is_broken_on_purpose_is_blamed_by_its_law(law: Law) -> None:
    """By no other before: what a law does not say any more, the suite would not see."""
    mutant = next(one for one in MUTATIONS if one.told == KILLED[law])

    assert law_broken(mutant, HISTORIES) == law.name
