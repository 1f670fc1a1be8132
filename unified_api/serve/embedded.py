"""Holding the embedded cluster for the time of a command, when there is one to hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from django.conf import settings

from unified_api.serve.postgres import Cluster

#: Commands that do nothing with the database.
WITHOUT_DATABASE = frozenset({"check", "help", "version", "--version", "--help", "-h"})


@contextmanager
def held_database(command: str) -> Iterator[None]:
    """Keep the embedded Postgres running inside the block; ClusterError when it cannot be started."""
    needed = settings.EMBEDDED and command not in WITHOUT_DATABASE
    with Cluster(settings.HOME).hold(settings.SECRET_KEY) if needed else nullcontext():
        yield
