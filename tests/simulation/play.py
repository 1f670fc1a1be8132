"""Plays histories outside of pytest: a database of its own, and one JSON line a history.

`python -m tests.simulation.play MUTANT FIRST COUNT`; no mutant is "".
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from tests import conftest  # first: it prepares the environment
from tests.simulation import mutants
from tests.simulation.history import History, Result
from tests.simulation.place import opened

#: Histories after which the tables are emptied: they would grow, and slow down.
AT_ONCE = 50


def played(seeds: Iterable[int]) -> Iterator[Result]:
    """Results as they come."""
    with _database() as owner, opened(owner) as place:
        for number, seed in enumerate(seeds):
            if number % AT_ONCE == 0:
                conftest._empty_tables(owner)
            yield History(seed, place).play()


@contextmanager
def _database() -> Iterator[psycopg.Connection[Any]]:
    """A migrated database of this process, and its owner's connection."""
    from django.conf import settings
    from django.db import connection, connections
    from django.test.utils import setup_databases

    from unified_api.serve.postgres import Cluster

    with Cluster(settings.HOME).hold(settings.SECRET_KEY):
        setup_databases(verbosity=0, interactive=False, serialized_aliases=[])
        conninfo = conftest._owner_conninfo(dbname=connection.settings_dict["NAME"])
        connections.close_all()
        with psycopg.connect(conninfo, autocommit=True) as owner:
            yield owner
        connections.close_all()


def main() -> None:
    """Play what the command line names."""
    mutant, first, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    if mutant:
        mutants.apply(mutant)
    for result in played(range(first, first + count)):
        print(json.dumps(result.as_data()), flush=True)  # noqa: T201 - read by its caller


if __name__ == "__main__":
    main()
