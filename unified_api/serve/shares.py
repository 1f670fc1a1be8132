"""Slots that tenants share, so that however many one of them asks for, others find one.

Counted in each process, whose threads they keep. A tenant takes another one while it has fewer than twice as many as
are free, and the last one goes to who has none. So one that is alone has two thirds at the most, and the more are busy,
the fewer each may have; and what is given back where none was free goes to who has none. Nobody has to be told how many
tenants there are.
"""

from __future__ import annotations

import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class Shares:
    """So many slots for all."""

    def __init__(self, of_all: int) -> None:
        self.free = of_all
        self._held: Counter[uuid.UUID] = Counter()
        self._changed = threading.Condition()

    @contextmanager
    def one(self, tenant_id: uuid.UUID, *, patience: float = 0.0) -> Iterator[bool]:
        """Hold a slot within this block, if the tenant may have one within `patience` seconds: whether it has."""
        has_slot = self._take(tenant_id, patience)
        try:
            yield has_slot
        finally:
            if has_slot:
                self._give_back(tenant_id)

    def may_take(self, tenant_id: uuid.UUID) -> bool:
        """Whether there is a slot for this tenant just now."""
        held = self._held[tenant_id]
        return self.free > 0 if held == 0 else self.free > 1 and held < 2 * self.free

    def _take(self, tenant_id: uuid.UUID, patience: float) -> bool:
        with self._changed:
            if not self._changed.wait_for(lambda: self.may_take(tenant_id), patience):
                return False
            self.free -= 1
            self._held[tenant_id] += 1
            return True

    def _give_back(self, tenant_id: uuid.UUID) -> None:
        with self._changed:
            self.free += 1
            self._held[tenant_id] -= 1
            if not self._held[tenant_id]:
                del self._held[tenant_id]
            self._changed.notify_all()
