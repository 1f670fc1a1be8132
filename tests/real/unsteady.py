"""A way to a real server on which some things go wrong, by turns, so that every run meets the same."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import requests

from integrations.kit.breaks import Broken
from integrations.kit.content import Spool
from integrations.kit.guard import Guard
from integrations.kit.transport import Limits, Reply, Wire

_CUT = Broken("the connection was closed", left=True)


@dataclass
class Faults:
    """What goes wrong, for all ways together: what of it happened is counted by name.

    writes: whether a request is to change something there.
    """

    writes: Callable[[requests.PreparedRequest], bool]
    happened: Counter[str] = field(default_factory=Counter)
    _read: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _wrote: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def way(self, guard: Guard, limits: Limits) -> Unsteady:
        """An unsteady way, for `Outside.wire`."""
        return Unsteady(Wire(guard, limits), self)

    def before(self, request: requests.PreparedRequest) -> Reply | Broken | None:
        """What happens in place of a request: reads are refused and cut; of writes every third is refused or lost."""
        if not self.writes(request):
            turn = next(self._read)
            if turn % 11 == 0:
                return self._refusal(503)
            return self._noted("cut") if turn % 17 == 0 else None
        turn = next(self._wrote)
        return self._refusal(429) if turn % 5 == 0 else self._noted("not sent") if turn % 7 == 0 else None

    def after(self, request: requests.PreparedRequest, reply: Reply | Broken) -> Reply | Broken:
        """What is known of an answer: every third one of a write is lost, after it was done."""
        if not self.writes(request) or isinstance(reply, Broken) or self._is_kept():
            return reply
        return self._noted("answer lost")

    def _is_kept(self) -> bool:
        self.happened["answered"] += 1
        return self.happened["answered"] % 3 != 0

    def _noted(self, name: str) -> Broken:
        self.happened[name] += 1
        return _CUT

    def _refusal(self, status: int) -> Reply:
        self.happened[str(status)] += 1
        headers = requests.structures.CaseInsensitiveDict({"Retry-After": "1", "Content-Type": "text/html"})
        return Reply(status, headers, b"<html><title>Busy</title></html>")


@dataclass(frozen=True)
class Unsteady:
    """One way, on which these faults happen."""

    wire: Wire
    faults: Faults

    def exchange(
        self, request: requests.PreparedRequest, *, ends: float = float("inf"), into: Spool | None = None
    ) -> Reply | Broken:
        """See `integrations.kit.transport.Way`."""
        instead = self.faults.before(request)
        if instead is not None:
            return instead
        return self.faults.after(request, self.wire.exchange(request, ends=ends, into=into))

    def close(self) -> None:
        """Close what is open."""
        self.wire.close()
