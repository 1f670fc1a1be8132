"""A bulkhead: requests that call providers share so many slots, so that slow providers cannot take every thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.conf import settings

from unified_api.api.errors import Busy

#: Seconds that a request waits for a slot.
PATIENCE: Final = 3.0
_slots = threading.BoundedSemaphore(settings.PROVIDER_CALLS_AT_ONCE)


@contextmanager
def slot() -> Iterator[None]:
    """Hold a slot; raises Busy when none became free in time. Nothing of the request has happened then."""
    if not _slots.acquire(timeout=PATIENCE):
        raise Busy("Too many requests to providers are under way; nothing was begun.", after=2)
    try:
        yield
    finally:
        _slots.release()
