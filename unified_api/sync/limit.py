"""Request budgets, shared by all workers: of an account, and of an OAuth application where a provider counts so.

Each is a row with a token bucket for every purpose, so that who can wait leaves a share to who cannot: of what may go
at once, and of the provider's own quota, as far as that says what remains of it. A request takes from the bucket of its
purpose and of the less urgent ones, and from those of the more urgent only down to their share. So a first reading of a
million records keeps neither a person's write waiting, nor the day's changes; and a hundred first readings of accounts
that share an application do not either, however many of their requests queue up.
"""

from __future__ import annotations

import datetime as dt
import uuid
from enum import Enum
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from integrations.kit.limiter import LONGEST_PAUSE, MOST_PACES
from tenants.scope import current_tenant

#: Seconds that requests may queue up. Nobody waits that long: a longer queue would be of requests never sent.
FARTHEST = 60
#: More than any provider takes, and no more than a column holds.
_MOST = 2**53


class Purpose(Enum):
    """What requests are for. The value: the share of the budget that they leave to those above."""

    WAITED_FOR = 0.0  # somebody waits for the answer
    NEWS = 0.1  # writes of bridges, and what a provider has just told to have changed
    CHANGES = 0.2  # readings of what changed, and of what is gone
    EVERYTHING = 0.4  # the first reading of all that there is, and audits


#: Requests are taken in advance, so that later callers queue behind earlier ones; the answer is the wait in seconds.
#: Nobody waits for the disk: what a power cut takes back is a few requests of a budget.
_ACQUIRE = """
    INSERT INTO sync_throttle AS t (
        id, tenant_id, holder_id, tokens, filled_at, remaining, quota, resets_at
    )
    VALUES (
        gen_random_uuid(), %(tenant)s, %(holder)s, %(first)s::float8[], clock_timestamp(),
        %(remaining)s, %(remaining)s, %(reset)s
    )
    ON CONFLICT (tenant_id, holder_id) DO UPDATE SET
        tokens = ARRAY(
            SELECT greatest(filled - %(cost)s, least(filled, least))
            FROM (
                SELECT place, least, least(
                    most, coalesce(tokens, most) + %(rate)s * extract(epoch FROM clock_timestamp() - t.filled_at)
                ) AS filled
                FROM unnest(t.tokens, %(most)s::float8[], %(least)s::float8[])
                    WITH ORDINALITY AS bucket (tokens, most, least, place)
            ) AS refilled
            ORDER BY place
        ),
        filled_at = clock_timestamp(),
        remaining = coalesce(excluded.remaining, t.remaining),
        quota = CASE
            WHEN t.resets_at < clock_timestamp() THEN coalesce(excluded.remaining, t.quota)
            ELSE greatest(excluded.remaining, t.quota)
        END,
        resets_at = coalesce(excluded.resets_at, t.resets_at)
    RETURNING greatest(
            -tokens[%(mine)s] / %(rate)s,
            extract(epoch FROM blocked_until - clock_timestamp()),
            CASE WHEN remaining < quota * %(left)s
                THEN extract(epoch FROM least(resets_at - clock_timestamp(), %(longest)s)) END,
            0
        )::float8,
        set_config('synchronous_commit', 'off', true)
"""
#: More urgent buckets keep what was taken of them: that may have been less than it cost.
_GIVE_BACK = """
    UPDATE sync_throttle SET tokens = ARRAY(
        SELECT CASE WHEN most <= %(full)s THEN least(most, coalesce(tokens, most) + %(cost)s) ELSE tokens END
        FROM unnest(tokens, %(most)s::float8[]) WITH ORDINALITY AS bucket (tokens, most, place)
        ORDER BY place
    )
    WHERE tenant_id = %(tenant)s AND holder_id = %(holder)s
"""
_BLOCK = """
    UPDATE sync_throttle SET blocked_until = greatest(blocked_until, least({until}, clock_timestamp() + %s))
    WHERE tenant_id = %s AND holder_id = %s
"""


class SharedLimiter:
    """The kit's limiter port, over Postgres. The rate is the installation's; what a provider says comes on top.

    What remains of its quota is noted with the next request, so that it costs no statement of its own.
    """

    #: Who leaves a share of it to whom.
    purposes: tuple[Purpose, ...] = tuple(Purpose)

    def __init__(self, holder_id: uuid.UUID, purpose: Purpose = Purpose.WAITED_FOR) -> None:
        """holder_id: of the linked account, or OAuth application, of the tenant in scope whose budget it is."""
        self.holder_id = holder_id
        self.purpose = purpose
        self._said: tuple[int | None, dt.datetime | None] = (None, None)

    @property
    def rate(self) -> float:
        """Requests in a second."""
        return float(settings.PROVIDER_REQUESTS_PER_SECOND)

    @property
    def burst(self) -> float:
        """Requests that may go at once."""
        return float(settings.PROVIDER_BURST)

    def acquire(self, cost: int) -> float:
        """Take `cost` requests; the seconds to wait before sending, so that enough is left to more urgent ones."""
        remaining, reset = self._said
        values: dict[str, Any] = {
            "tenant": current_tenant(),
            "holder": self.holder_id,
            **self._buckets(cost),
            "rate": self.rate,
            "left": self.purpose.value,
            "longest": LONGEST_PAUSE,
            "remaining": remaining,
            "reset": reset,
        }
        with transaction.atomic(durable=True), connection.cursor() as cursor:
            cursor.execute(_ACQUIRE, values)
            wait, _ = cursor.fetchone()
        return float(wait)

    def give_back(self, cost: int) -> None:
        """Put back what was taken last, by who does not wait for it."""
        values: dict[str, Any] = {
            "full": self._most[self.purpose],
            "most": list(self._most.values()),
            "cost": cost,
            "tenant": current_tenant(),
            "holder": self.holder_id,
        }
        with transaction.atomic(durable=True), connection.cursor() as cursor:
            cursor.execute(_GIVE_BACK, values)

    @property
    def _most(self) -> dict[Purpose, float]:
        """What each bucket holds at the most."""
        return {purpose: self.burst * (1 - purpose.value) for purpose in self.purposes}

    def _buckets(self, cost: int) -> dict[str, Any]:
        """What each holds at the most, down to what this purpose takes from it, and what is left of full ones."""
        most = self._most
        queue = -self.rate * FARTHEST
        mine = most[self.purpose]
        least = {purpose: full - mine if full > mine else queue for purpose, full in most.items()}
        return {
            "cost": cost,
            "mine": self.purposes.index(self.purpose) + 1,
            "most": list(most.values()),
            "least": list(least.values()),
            "first": [max(full - cost, min(full, least[purpose])) for purpose, full in most.items()],
        }

    def learn(self, remaining: int, reset: dt.datetime) -> None:
        """Note what remains; hold all workers until the provider's reset, once it says that no request does."""
        self._said = min(remaining, _MOST), reset
        if remaining > 0:
            return
        self._block("%s", reset)

    def pause(self, seconds: float) -> None:
        """Hold all workers for so long, as the provider asked."""
        self._block("clock_timestamp() + %s", dt.timedelta(seconds=seconds))

    def _block(self, until: str, value: Any) -> None:
        with transaction.atomic(durable=True), connection.cursor() as cursor:
            values: list[Any] = [value, LONGEST_PAUSE, current_tenant(), self.holder_id]
            cursor.execute(_BLOCK.format(until=until), values)


class PaceLimiter(SharedLimiter):
    """The budget of some addresses of an account alone, of which so many requests leave within any minute, and no more.

    A fifth of them may go at once; the others, spread over a minute, make it full.
    """

    purposes = (Purpose.WAITED_FOR,)

    def __init__(self, account_id: uuid.UUID, place: int, per_minute: int) -> None:
        """place: of the pace, among those of the provider."""
        super().__init__(holders_of(account_id)[place + 1])
        self.per_minute = per_minute

    @property
    def rate(self) -> float:
        """Requests in a second: what is left of a minute's when the burst is gone."""
        return max(self.per_minute - self.burst, 1) / 60

    @property
    def burst(self) -> float:
        """Requests that may go at once."""
        return float(max(1, self.per_minute // 5))


def holders_of(account_id: uuid.UUID) -> list[uuid.UUID]:
    """Whose the budgets of an account are: its own, those of addresses alone, and of the API, if it has any or not."""
    paces = (uuid.uuid5(account_id, f"pace {place}") for place in range(MOST_PACES))
    return [account_id, *paces, requests_of(account_id)]


def requests_of(account_id: uuid.UUID) -> uuid.UUID:
    """Whose the budget is of requests that come to the API for an account."""
    return uuid.uuid5(account_id, "requests")
