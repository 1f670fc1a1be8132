"""Errors in a piece of work that nobody expected: told to who looks after it, before they go on to the log."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import InterfaceError, OperationalError

from unified_api.sync import job


@contextmanager
def told(tell: Callable[[str], object]) -> Iterator[None]:
    """Tell of such an error by its kind; it goes on to whoever logs it. One that the database was away is expected."""
    expected = False
    try:
        yield
        expected = True
    except (job.Overtaken, OperationalError, InterfaceError):
        expected = True
        raise
    finally:
        if not expected:
            tell(type(sys.exception()).__name__)
