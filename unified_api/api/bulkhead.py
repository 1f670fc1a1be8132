"""A bulkhead: requests that call providers share so many slots, so that slow providers cannot take every thread.

Who waits for the call of another request needs a slot, too; few may, and fewer of one tenant.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.conf import settings

from tenants.scope import current_tenant
from unified_api.api.errors import Busy
from unified_api.serve.places import Places

#: Seconds that a request waits for a slot.
PATIENCE: Final = 3.0
#: Of those who wait for the call of another request.
PLACES: Final = Places(of_tenant=4, of_all=12)
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


@contextmanager
def slot_to_wait() -> Iterator[bool]:
    """Hold a slot to wait for the call of another request, if there is one at once: whether there is."""
    with PLACES.one(current_tenant()) as has_place:
        has_slot = has_place and _slots.acquire(blocking=False)
        try:
            yield has_slot
        finally:
            if has_slot:
                _slots.release()
