"""Pages of a list, each asked for while the one before it lands: the provider and the database work at a time.

One further thread, with a database connection of its own, once a list turns out to have more than one page. Nothing
about the order of observations changes: a request still leaves after the answer that names its cursor has arrived,
and between two moments drawn around it. What was asked for and is not landed is asked for again. What the iterator does
with a page before it gives it away is done in that thread, too.
"""

from __future__ import annotations

import contextvars
import time
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Generic, Protocol, Self, TypeVar

from django.db import connections


class Part(Protocol):
    """A page, or what was made of one."""

    @property
    def last(self) -> bool:
        """Whether the list ends with it."""


P = TypeVar("P", bound=Part)


class Ahead(Generic[P]):
    """Iterates over pages. ends: monotonic time from which on nothing is asked for in advance."""

    def __init__(self, pages: Generator[P], ends: float) -> None:
        self._pages = pages
        self._ends = ends
        self._helper = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ahead")
        self._coming: Future[P | None] | None = None
        self._asked = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        """Wait for what is under way, end the thread with its connection, and keep nothing of the last page.

        What makes the pages refers to whoever reads them, so the page in its hands would wait for the collector of
        cycles, which looks seldom: a worker grew by a page for each slice of its work.
        """
        if self._asked:
            self._helper.submit(connections.close_all)
        self._helper.shutdown()
        self._coming = None
        self._pages.close()

    def __iter__(self) -> Iterator[P]:
        page = self._next()
        while page is not None:
            self._coming = None
            if not page.last and time.monotonic() < self._ends:
                self._coming = self._ask()
            yield page
            page = self._coming.result() if self._coming else self._next()

    @property
    def over(self) -> bool:
        """Whether the time is up, and no page is on its way."""
        return self._coming is None and time.monotonic() >= self._ends

    def rest(self) -> None:
        """Return once the provider is not being asked for anything: its client serves one thread at a time."""
        if self._coming is not None:
            wait([self._coming])

    def _ask(self) -> Future[P | None]:
        self._asked = True
        context = contextvars.copy_context()  # whose data it is, and what the log says of it
        return self._helper.submit(context.run, self._next)

    def _next(self) -> P | None:
        return next(self._pages, None)
