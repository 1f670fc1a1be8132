"""A bulkhead: requests that call providers share so many slots, so that slow providers cannot take every thread.

One tenant cannot take all of them: its slow providers do not stop the requests of others. Who waits for a slot keeps a
thread as well, and who waits for the call of another request a slot; few may, and fewer of one tenant.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

from django.conf import settings

from tenants.scope import current_tenant
from unified_api.api.errors import Busy
from unified_api.serve.places import Places
from unified_api.serve.shares import Shares

#: Seconds that a request waits for a slot.
PATIENCE: Final = 3.0
#: Of those who wait for a slot.
QUEUE: Final = Places(of_tenant=8, of_all=12)
#: Of those who wait for the call of another request.
PLACES: Final = Places(of_tenant=4, of_all=12)
_slots = Shares(settings.PROVIDER_CALLS_AT_ONCE)


@contextmanager
def slot(tenant_id: uuid.UUID | None = None) -> Iterator[None]:
    """Hold a slot; raises Busy when none became free in time. Nothing of the request has happened then.

    tenant_id: whose request it is, where that is not the one in scope.
    """
    whose = tenant_id or current_tenant()
    with ExitStack() as held:
        with QUEUE.one(whose) as may_wait:
            has_slot = held.enter_context(_slots.one(whose, patience=PATIENCE if may_wait else 0.0))
        if not has_slot:
            raise Busy("Too many requests to providers are under way; nothing was begun.", after=2)
        yield


@contextmanager
def slot_to_wait() -> Iterator[bool]:
    """Hold a slot to wait for the call of another request, if there is one at once: whether there is."""
    whose = current_tenant()
    with PLACES.one(whose) as has_place:
        if not has_place:
            yield False
            return
        with _slots.one(whose) as has_slot:
            yield has_slot
