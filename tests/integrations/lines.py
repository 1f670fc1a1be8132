"""Connections for tests.

No waiting, a counted clock, loopback allowed, and a secret that is easy to find again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

from integrations.kit.auth import Auth, Basic
from integrations.kit.guard import Guard
from integrations.kit.http import Http, Patience
from integrations.kit.limiter import Limiter, Unlimited
from integrations.kit.observation import Connection
from integrations.kit.transport import Limits

CANARY = "canary-Zq8/7+b secret"
LOOPBACK = Guard(allow_networks=("127.0.0.0/8",))
NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
#: Of the size of an answer; what they say of time only ends a hang.
SMALL = Limits(connect=60, read=60, total=120, body=200_000)


@dataclass(frozen=True)
class Key:
    """A secret that shows itself when asked."""

    text: str = field(repr=False)

    def reveal(self) -> str:
        """The secret in the clear."""
        return self.text


@dataclass
class Sleeper:
    """Remembers how long it should have slept."""

    slept: list[float] = field(default_factory=list)

    def __call__(self, seconds: float) -> None:
        """Do not sleep."""
        self.slept.append(seconds)


def connection(
    settings: Mapping[str, str] | None = None,
    secrets: Mapping[str, str] | None = None,
    *,
    guard: Guard = LOOPBACK,
    limiter: Limiter | None = None,
    sleep: Callable[[float], None] | None = None,
    **more: Any,
) -> Connection:
    """A connection without waiting; randomness is always its upper end."""
    opened = {"password": CANARY} if secrets is None else secrets
    return Connection(
        settings=settings or {"username": "ada"},
        secrets={name: Key(text) for name, text in opened.items()},
        limiter=limiter or Unlimited(),
        guard=guard,
        moments=count(1).__next__,
        clock=lambda: NOW,
        sleep=sleep or Sleeper(),
        random=lambda: 1.0,
        **more,
    )


def http(
    url: str,
    *,
    auth: Auth | None = None,
    limits: Limits = SMALL,
    patience: Patience | None = None,
    **more: Any,
) -> Http:
    """The kit's HTTP over such a connection."""
    line = more.pop("line", None) or connection(**more)
    return Http(line, base_url=url, auth=auth or Basic(), limits=limits, patience=patience)


@dataclass
class Learner:
    """A limiter that never waits, and notes what it is told of the account's limit."""

    learnt: list[tuple[int, datetime]] = field(default_factory=list)

    def acquire(self, cost: int) -> float:
        """Never waits."""
        return 0.0 * cost

    def give_back(self, cost: int) -> None:
        """Nothing was taken."""

    def learn(self, remaining: int, reset: datetime) -> None:
        """Notes it."""
        self.learnt.append((remaining, reset))

    def pause(self, seconds: float) -> None:
        """Nobody asks for one here."""
        raise AssertionError(seconds)
