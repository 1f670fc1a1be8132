"""Plays histories outside of pytest: a database of its own, and one JSON line a history.

`python -m tests.simulation.play MUTANT FIRST COUNT [following]`; no mutant is "".
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator

from tests import database  # first: it prepares the environment
from tests.simulation import mutants
from tests.simulation.history import History
from tests.simulation.place import opened
from tests.simulation.result import Result
from unified_api.serve import interpreter

#: Histories after which the tables are emptied: they would grow, and slow down.
AT_ONCE = 50


def played(seeds: Iterable[int], *, following: bool = False) -> Iterator[Result]:
    """Results as they come. following: in each a bridge over comments follows."""
    with database.migrated() as owner, opened(owner) as place:
        interpreter.prepare()
        for number, seed in enumerate(seeds):
            if number % AT_ONCE == 0:
                database.emptied(owner)
            yield History(seed, place, follows=following).play()


def main() -> None:
    """Play what the command line names."""
    mutant, first, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    if mutant:
        mutants.apply(mutant)
    for result in played(range(first, first + count), following="following" in sys.argv[4:]):
        print(json.dumps(result.as_data()), flush=True)  # noqa: T201 - read by its caller


if __name__ == "__main__":
    main()
