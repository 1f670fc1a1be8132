"""Holding the embedded cluster for the time of a command, when there is one to hold; and standing by it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext

from django.conf import settings

from unified_api.serve.guard import Guard
from unified_api.serve.postgres import Cluster

#: Commands that do nothing with the database.
WITHOUT_DATABASE = frozenset({"check", "help", "version", "--version", "--help", "-h"})

FORKING = frozenset({"web"})


@contextmanager
def held_database(words: Sequence[str]) -> Iterator[None]:
    """Keep the embedded Postgres running for a command line; ClusterError when it cannot be started."""
    if not (settings.EMBEDDED and needs_database(words)):
        yield
        return
    cluster = Cluster(settings.HOME)
    with cluster.hold(settings.SECRET_KEY), _guard(cluster, words):
        yield


def _guard(cluster: Cluster, words: Sequence[str]) -> AbstractContextManager[object]:
    """The web server is forked, which threads do not survive; the processes beside it stand by."""
    return nullcontext() if words[0] in FORKING else Guard(cluster, settings.SECRET_KEY)


def needs_database(words: Sequence[str]) -> bool:
    """Whether a command line, without the program's name, does something with the database."""
    if not words or words[0] not in WITHOUT_DATABASE:
        return bool(words)
    return words[0] == "check" and any(word.startswith("--database") for word in words)
