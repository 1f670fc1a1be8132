"""How many requests to the API a linked account has in a minute, where the operator sets a limit: of all processes.

A minute begins with the first request after the last one ended. Without a limit nobody asks the database.
"""

from __future__ import annotations

import math
import uuid
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.db import connection, transaction

from tenants.scope import current_tenant
from unified_api.sync.limit import requests_of

#: Nobody waits for the disk: what a power cut takes back is a few requests of a minute.
_SPEND: Final = """
    INSERT INTO sync_throttle AS t (id, tenant_id, holder_id, tokens, filled_at, remaining, quota, resets_at)
    VALUES (
        gen_random_uuid(), %(tenant)s, %(holder)s, '{}', now(),
        %(most)s - 1, %(most)s, now() + interval '1 minute'
    )
    ON CONFLICT (tenant_id, holder_id) DO UPDATE SET
        remaining = CASE
            WHEN t.resets_at <= excluded.filled_at THEN excluded.remaining
            ELSE greatest(least(t.remaining, excluded.quota) - 1, -1)
        END,
        resets_at = CASE WHEN t.resets_at <= excluded.filled_at THEN excluded.resets_at ELSE t.resets_at END,
        filled_at = excluded.filled_at
    RETURNING
        remaining, extract(epoch FROM resets_at)::float8, extract(epoch FROM resets_at - filled_at)::float8,
        set_config('synchronous_commit', 'off', true)
"""


@dataclass(frozen=True)
class Allowance:
    """What an account has left. most: requests of a minute. resets_at: Unix seconds. wait: seconds until then."""

    most: int
    remaining: int
    resets_at: int
    wait: float
    is_used_up: bool

    @property
    def headers(self) -> dict[str, str]:
        """As clients read it."""
        told = {"Limit": self.most, "Remaining": self.remaining, "Reset": self.resets_at}
        return {f"X-RateLimit-{name}": str(value) for name, value in told.items()}


def is_limited() -> bool:
    """Whether the operator has set a limit."""
    return bool(settings.REQUESTS_PER_MINUTE)


def spend(account_id: uuid.UUID) -> Allowance | None:
    """Take one request of an account of the tenant in scope; None where there is no limit."""
    most: int = settings.REQUESTS_PER_MINUTE
    if not is_limited():
        return None
    values: dict[str, Any] = {"tenant": current_tenant(), "holder": requests_of(account_id), "most": most}
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(_SPEND, values)
        remaining, resets_at, wait, _ = cursor.fetchone()
    return Allowance(most, max(0, remaining), math.ceil(resets_at), wait, is_used_up=remaining < 0)
