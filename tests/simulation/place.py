"""Where histories are played one after the other: a database, and workers whose connections stay open."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from django.db import connections

from tests import emptying
from tests.simulation import clock
from tests.simulation.workers import Worker

#: Workers of a history.
WORKERS: Final = 3


@dataclass(frozen=True)
class Place:
    """owner: a connection that sees everything."""

    owner: psycopg.Connection[Any]
    workers: tuple[Worker, ...]


@contextmanager
def opened(owner: psycopg.Connection[Any]) -> Iterator[Place]:
    """A place in a migrated database; the logs are silent, as nobody reads those of what goes wrong on purpose."""
    emptying.truncate_tables(owner)  # in which order rows stand must follow from the seed alone
    clock.prepare(owner)
    connections.close_all()
    silenced = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    workers = tuple(Worker() for _ in range(WORKERS))
    try:
        with clock.simulated():
            yield Place(owner, workers)
    finally:
        for worker in workers:
            worker.end()
        connections.close_all()
        logging.disable(silenced)
