"""Places to wait in: a request that waits keeps a thread of the web server from others, so few may at once.

Counted in each process, whose threads they are. One tenant has fewer places than there are, so that none waits in all.
"""

from __future__ import annotations

import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class Places:
    """So many places: of one tenant, and of all."""

    def __init__(self, *, of_tenant: int, of_all: int) -> None:
        self.of_tenant, self.of_all = of_tenant, of_all
        self._taken: Counter[uuid.UUID] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def one(self, tenant_id: uuid.UUID) -> Iterator[bool]:
        """Hold a place within this block, if there is one at once: whether there is."""
        has_place = self._take(tenant_id)
        try:
            yield has_place
        finally:
            if has_place:
                self._give_back(tenant_id)

    @property
    def taken(self) -> int:
        """How many are held just now."""
        return self._taken.total()

    def _take(self, tenant_id: uuid.UUID) -> bool:
        with self._lock:
            if self._taken[tenant_id] >= self.of_tenant or self._taken.total() >= self.of_all:
                return False
            self._taken[tenant_id] += 1
            return True

    def _give_back(self, tenant_id: uuid.UUID) -> None:
        with self._lock:
            self._taken[tenant_id] -= 1
            if not self._taken[tenant_id]:
                del self._taken[tenant_id]
