"""Holding the embedded cluster for the time of a command, when there is one to hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext

from django.conf import settings

from unified_api.serve.postgres import Cluster

#: Commands that do nothing with the database.
WITHOUT_DATABASE = frozenset({"check", "help", "version", "--version", "--help", "-h"})


@contextmanager
def held_database(words: Sequence[str]) -> Iterator[None]:
    """Keep the embedded Postgres running for a command line; ClusterError when it cannot be started."""
    needed = settings.EMBEDDED and needs_database(words)
    with Cluster(settings.HOME).hold(settings.SECRET_KEY) if needed else nullcontext():
        yield


def needs_database(words: Sequence[str]) -> bool:
    """Whether a command line, without the program's name, does something with the database."""
    if not words or words[0] not in WITHOUT_DATABASE:
        return bool(words)
    return words[0] == "check" and any(word.startswith("--database") for word in words)
