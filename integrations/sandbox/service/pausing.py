"""Slow answers: they wait in few places of the web server, see `Places`.

Who finds no place is answered at once, and nothing was done.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from integrations.sandbox.service.errors import Refused
from unified_api.serve.places import Places

#: Requests that may wait in one process at once.
PLACES: Final = Places(of_tenant=4, of_all=12)


def pause(tenant_id: uuid.UUID, seconds: float, sleep: Callable[[float], None] = time.sleep) -> None:
    """Let so many seconds pass, in the place of one that waits; raises Refused, at once, where there is none."""
    with PLACES.one(tenant_id) as has_place:
        if not has_place:
            told = "Too many slow answers of sandboxes are under way; nothing was done."
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, told, headers={"Retry-After": "1"})
        sleep(seconds)
