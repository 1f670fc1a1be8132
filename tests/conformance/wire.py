"""What goes over the wire while an adapter is tried: counted by model and ability, and struck where a test says so."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import requests
from requests.structures import CaseInsensitiveDict

from integrations.kit.breaks import Broken
from integrations.kit.content import Spool
from integrations.kit.guard import Guard
from integrations.kit.transport import Limits, Reply, Wire

READS: Final = frozenset({"GET", "HEAD"})


@dataclass
class Tally:
    """Exchanges by model and ability; writes: those that were to change something. asks: see Started."""

    counted: Counter[tuple[str, str]] = field(default_factory=Counter)
    writes: list[str] = field(default_factory=list)
    asks: tuple[str, ...] = ()
    _what: tuple[str, str] | None = None

    @contextmanager
    def of(self, model: str, ability: str) -> Iterator[None]:
        """Have what is exchanged in here counted as this."""
        before, self._what = self._what, (model, ability)
        yield
        self._what = before

    def reads(self, request: requests.PreparedRequest) -> bool:
        """Whether it changes nothing."""
        return request.method in READS or urlsplit(request.url or "").path.endswith(self.asks or ("?",))

    def note(self, request: requests.PreparedRequest) -> None:
        """Count one."""
        if self._what:
            self.counted[self._what] += 1
        if not self.reads(request):
            self.writes.append(f"{request.method} {request.path_url}")


@dataclass
class Strike:
    """What comes in the place of answers: to all reads, or to all writes. The requests do not arrive then.

    spared: so many of them go through at first.
    """

    answer: Reply | Broken
    writes: bool
    spared: int = 0
    struck: int = 0

    def strikes(self, *, reads: bool) -> bool:
        """Whether it is the turn of a request."""
        if reads is self.writes:
            return False
        if self.spared:
            self.spared -= 1
            return False
        self.struck += 1
        return True


@dataclass
class Line:
    """All ways of one account."""

    tally: Tally = field(default_factory=Tally)
    strike: Strike | None = None

    def way(self, guard: Guard, limits: Limits) -> Watched:
        """A new one."""
        return Watched(self, Wire(guard, limits))

    @contextmanager
    def struck(self, answer: Reply | Broken, *, writes: bool, spared: int = 0) -> Iterator[Strike]:
        """Have requests struck in here."""
        self.strike = Strike(answer, writes, spared)
        yield self.strike
        self.strike = None


@dataclass(frozen=True)
class Watched:
    """The way to a system, with somebody who looks on."""

    line: Line
    inner: Wire

    def exchange(
        self, request: requests.PreparedRequest, *, ends: float = float("inf"), into: Spool | None = None
    ) -> Reply | Broken:
        """See Way."""
        strike = self.line.strike
        if strike and strike.strikes(reads=self.line.tally.reads(request)):
            return strike.answer
        self.line.tally.note(request)
        return self.inner.exchange(request, ends=ends, into=into)

    def close(self) -> None:
        """See Way."""
        self.inner.close()


def reply(status: int, body: Any, **headers: str) -> Reply:
    """An answer. body: what is sent as JSON, or bytes as they are."""
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(status, CaseInsensitiveDict({"Content-Type": "application/json", **told}), raw)
