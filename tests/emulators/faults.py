"""What goes wrong on the way, or just before: told by tests, and hit in the order in which it was told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from tests.emulators.exchange import Request
from tests.emulators.world import World

#: What a proxy says in the place of the system behind it.
PAGE = b"<!doctype html><html><body>Down for maintenance</body></html>"


@dataclass
class Fault:
    """One of them. on: a pattern of method and path. times: how often it strikes; every: each so manieth request.

    status: the request is refused, and not carried out; body: in these words. lost: it is carried out, and the
    connection breaks before the answer; cut: in the midst of it. meanwhile: happens just before.
    """

    on: str
    times: int = 1
    every: int = 1
    status: int | None = None
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    lost: bool = False
    cut: bool = False
    meanwhile: Callable[[World], object] | None = None
    met: int = 0

    def strikes(self, request: Request) -> bool:
        """Whether it is this request's turn."""
        if not self.times or not fnmatchcase(request.name, self.on):
            return False
        self.met += 1
        if self.met % self.every:
            return False
        self.times -= 1
        return True


@dataclass
class Faults:
    """All that is to come."""

    all: list[Fault] = field(default_factory=list)

    def of(self, request: Request) -> Fault | None:
        """What strikes a request: of several the first."""
        return next((fault for fault in self.all if fault.strikes(request)), None)

    def refuse(self, status: int, on: str, *, body: Any = None, **how: Any) -> None:
        """Refuse what comes next."""
        self.all.append(Fault(on, status=status, body=body, **how))

    def lose(self, on: str, **how: Any) -> None:
        """Carry it out, and lose the answer."""
        self.all.append(Fault(on, lost=True, **how))

    def cut(self, on: str, **how: Any) -> None:
        """Carry it out, and send half of the answer."""
        self.all.append(Fault(on, cut=True, **how))

    def meanwhile(self, on: str, do: Callable[[World], object], **how: Any) -> None:
        """Have somebody else do something just before."""
        self.all.append(Fault(on, meanwhile=do, **how))
