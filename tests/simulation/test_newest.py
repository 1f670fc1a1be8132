"""The newest edit wins: who takes the time of a record for that of each of its edits breaks the law."""

from __future__ import annotations

from typing import Any, Final

import psycopg
import pytest

from tests.simulation import manners, mutants, place
from tests.simulation.test_searching import Plain
from unified_api.engine.values import Side
from unified_api.sync.bridge import edits

#: Seconds between edits; more than clocks can be wrong by, and more than a request can be late.
BETWEEN: Final = 200.0


class TwoEdits(Plain):
    """A description is edited on side a, then on side b, then the name on side a; only then is either side read."""

    def _options(self) -> dict[str, dict[str, Any]]:
        told = {"direction": "both", "winner": "newest", "otherwise": "b", "first": "fill"}
        return dict.fromkeys(manners.FIELDS, told)

    def _then(self) -> None:
        a = self.books.born(Side.A, {"name": "v6", "description": "v7", "status": "OPEN", "priority": "LOW"})
        self._until_quiet()
        b = self.books.of(a).partner
        assert b is not None
        for row, name, value in ((a, "description", "v8"), (b, "description", "v9"), (a, "name", "v10")):
            self.books.edit(row, name, value)
            self._pass(BETWEEN)


@pytest.mark.parametrize("mutant", ["", "times of records"])
def test_who_takes_the_time_of_a_record_for_that_of_an_edit_is_blamed(
    database: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch, mutant: str
) -> None:
    """The first edit of side a is the older one; who takes it for as new as the last one overrules that of side b."""
    monkeypatch.setattr(edits, "dated_by", edits.dated_by)  # whole again afterwards
    if mutant:
        mutants.apply(mutant)
    with place.opened(database) as here:
        wrongs = TwoEdits(1, here).play().wrongs

    assert wrongs == (["description of b/5: the winner lost to 'v8'"] if mutant else [])
