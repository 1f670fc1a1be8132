"""Connections to the database are lent to requests: the one that was given back last goes out first.

Django keeps one for each thread, and the server hands requests to all its threads in turn. After one busy moment each
request would meet another process of Postgres, which has long forgotten what it knew of tables: a page of a list cost a
quarter more processor time then. So there are as many connections as there are requests at once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections

Application = Callable[[Any, Any], Any]


def lending(application: Application) -> Application:
    """The WSGI application, with a connection lent to each request until its answer is made."""
    spare: deque[Any] = deque()

    def lent(environ: Any, start_response: Any) -> Any:
        with _connection(spare):
            return application(environ, start_response)

    return lent


@contextmanager
def _connection(spare: deque[Any]) -> Iterator[None]:
    """One of those that nobody has, or a new one. A deque's ends may be used by several threads at once."""
    try:
        connections[DEFAULT_DB_ALIAS] = spare.pop()
    except IndexError:
        connections[DEFAULT_DB_ALIAS] = _new()
    try:
        yield
    finally:
        spare.append(connections[DEFAULT_DB_ALIAS])
        del connections[DEFAULT_DB_ALIAS]
        _look_after_the_idlest(spare)


def _new() -> Any:
    """A connection that may go from thread to thread; it opens with its first question."""
    made = connections.create_connection(DEFAULT_DB_ALIAS)
    made.inc_thread_sharing()
    return made


def _look_after_the_idlest(spare: deque[Any]) -> None:
    """Let go of the one that has waited longest, once it is as old as a connection gets (CONN_MAX_AGE)."""
    try:
        idlest = spare.popleft()
    except IndexError:  # others were quicker
        return
    idlest.close_if_unusable_or_obsolete()
    if idlest.connection is not None or not spare:
        spare.appendleft(idlest)
