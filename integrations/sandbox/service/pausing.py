"""Slow answers: a request that waits keeps a thread of the web server from others, so few may at once.

Counted in each process, whose threads they are. Who finds no place is answered at once, and nothing was done.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Final

from integrations.sandbox.service.errors import Refused

#: Requests that may wait in one process at once: of one tenant, and of all.
MOST_OF_TENANT: Final = 4
MOST: Final = 12
_waiting: Counter[uuid.UUID] = Counter()
_lock = threading.Lock()


def pause(tenant_id: uuid.UUID, seconds: float, sleep: Callable[[float], None] = time.sleep) -> None:
    """Let so many seconds pass, in the place of one that waits; raises Refused, at once, where there is none."""
    with _place(tenant_id):
        sleep(seconds)


@contextmanager
def _place(tenant_id: uuid.UUID) -> Iterator[None]:
    with _lock:
        if _waiting[tenant_id] >= MOST_OF_TENANT or _waiting.total() >= MOST:
            told = f"{_waiting[tenant_id]} slow answers of sandboxes are under way for you; nothing was done."
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, told, headers={"Retry-After": "1"})
        _waiting[tenant_id] += 1
    try:
        yield
    finally:
        with _lock:
            _waiting[tenant_id] -= 1
            if not _waiting[tenant_id]:
                del _waiting[tenant_id]
