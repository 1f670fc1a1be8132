"""How fast an account may be called.

The port that the shell implements for all workers, and two small ones.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

#: A reset given as a number above this is a Unix time, below it is seconds from now.
_EPOCH_FLOOR = 10_000_000
#: Limits of addresses alone that a provider may have.
MOST_PACES = 4
#: A provider that wants to be left alone for longer is asked once a day all the same.
LONGEST_PAUSE = timedelta(days=1)


class Limiter(Protocol):
    """A budget of requests, of an account or an OAuth application, shared by all that call on its behalf."""

    def acquire(self, cost: int) -> float:
        """Take `cost` requests from the budget; the seconds to wait before sending."""

    def give_back(self, cost: int) -> None:
        """Put back what was taken last, by who does not wait for it."""

    def learn(self, remaining: int, reset: datetime) -> None:
        """The provider said that so many requests remain until then."""

    def pause(self, seconds: float) -> None:
        """The provider asked to be left alone for so long."""


class Unlimited:
    """No limit."""

    def acquire(self, cost: int) -> float:  # noqa: ARG002 - the port's signature
        """Never waits."""
        return 0.0

    def give_back(self, cost: int) -> None:
        """Nothing was taken."""

    def learn(self, remaining: int, reset: datetime) -> None:
        """Forgets what it is told."""

    def pause(self, seconds: float) -> None:
        """Forgets what it is told."""


class LocalLimiter:
    """A steady rate with a burst, in this process alone.

    Stops until the reset once the provider says none remain.
    """

    def __init__(
        self,
        *,
        per_second: float,
        burst: int = 1,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.per_second = per_second
        self.burst = burst
        self._clock = clock
        self._now = now
        self._free_at = clock() - burst / per_second
        self._lock = threading.Lock()

    def acquire(self, cost: int) -> float:
        """Reserve the next free moment; the seconds until it."""
        with self._lock:
            now = self._clock()
            earliest = max(self._free_at, now - self.burst / self.per_second)
            self._free_at = earliest + cost / self.per_second
            return max(0.0, self._free_at - now)

    def give_back(self, cost: int) -> None:
        """Free as much sooner as that was to take."""
        with self._lock:
            self._free_at -= cost / self.per_second

    def learn(self, remaining: int, reset: datetime) -> None:
        """Hold every request until the reset when none remain."""
        if remaining > 0:
            return
        self.pause((reset - self._now()).total_seconds())

    def pause(self, seconds: float) -> None:
        """Hold every request for so long."""
        with self._lock:
            wait = min(max(0.0, seconds), LONGEST_PAUSE.total_seconds())
            self._free_at = max(self._free_at, self._clock() + wait)


@dataclass(frozen=True)
class Pace:
    """A limit of some addresses alone, beside that of the account, which whoever calls these keeps from the outset.

    path: what they begin with. per_minute: requests, if the setting `told` does not say how many.
    """

    path: str
    per_minute: int
    told: str = ""

    def of(self, settings: Mapping[str, str]) -> int:
        """Requests of a minute, at least one."""
        try:
            return max(1, int(float(settings[self.told])))
        except (KeyError, ValueError, OverflowError):
            return self.per_minute


@dataclass(frozen=True)
class Rate:
    """Names of the headers that tell about the limit.

    reset: Unix time, time from now, or a moment by ISO 8601. unit: of numbers, in so many seconds. per_application: the
    provider counts the requests of all accounts of one OAuth application together. day: tells what is left of a day,
    which ends at midnight of the zone that the setting `zone` names.
    """

    remaining: str = "X-RateLimit-Remaining"
    reset: str = "X-RateLimit-Reset"
    unit: float = 1.0
    per_application: bool = False
    day: str = ""
    zone: str = ""

    def of_day(
        self, headers: Mapping[str, str], now: datetime, settings: Mapping[str, str]
    ) -> tuple[int, datetime] | None:
        """That nothing is left of the day, and when to call again: where no zone is known, in an hour."""
        if not self.day or headers.get(self.day) != "0":
            return None
        try:
            local = now.astimezone(ZoneInfo(settings[self.zone]))
        except (KeyError, ValueError, OSError, ZoneInfoNotFoundError):
            return 0, now + timedelta(hours=1)
        tomorrow = (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        return 0, tomorrow.astimezone(UTC)

    def read(self, headers: Mapping[str, str], now: datetime) -> tuple[int, datetime] | None:
        """What the headers of an answer say, or None when they say nothing that can be understood."""
        try:
            remaining, due = int(headers[self.remaining]), self._due(headers[self.reset], now)
        except (KeyError, ValueError, OverflowError, OSError):
            return None
        return None if remaining < 0 else (remaining, due)

    def _due(self, told: str, now: datetime) -> datetime:
        try:
            reset = float(told) * self.unit
        except ValueError:
            moment = datetime.fromisoformat(told)
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        return datetime.fromtimestamp(reset if reset > _EPOCH_FLOOR else now.timestamp() + reset, UTC)

    def is_of_application(self, headers: Mapping[str, str]) -> bool:  # noqa: ARG002 - for providers with further limits
        """Whether what an answer says of a limit is about that of the application; else it is about the account's."""
        return self.per_application
