"""The wire between the product's clients and the simulated remotes, and what goes wrong on it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import requests
from django.db import connection
from requests.structures import CaseInsensitiveDict

from integrations.kit.breaks import Broken
from integrations.kit.content import Spool
from integrations.kit.transport import Reply
from tests.simulation.remote import Answer, Remote
from tests.simulation.workers import ANSWER, REQUEST, Killed
from unified_api.engine.values import Side

#: Seconds after which a client gives up, and until which its request may still arrive then.
TIMEOUT: Final = 60.0
LATEST: Final = 70.0
FAULTS: Final = ("busy", "down", "unreachable", "failed late", "cut", "late")


@dataclass
class Late:
    """A request that nobody waits for any more, and that arrives all the same."""

    at: float
    deliver: Callable[[], object]


@dataclass
class Wires:
    """All lines of one history. rates: how often each fault happens, of requests; pass_by: the worker's points.

    remotes: by the first part of a path, and the side.
    """

    remotes: dict[tuple[str, Side], Remote]
    clock: Callable[[], float]
    chance: Random
    rates: dict[str, float]
    pass_by: Callable[[str], None]
    late: list[Late] = field(default_factory=list)
    faults: dict[str, int] = field(default_factory=dict)
    wrongs: list[str] = field(default_factory=list)
    #: When a worker last saw a record as it was: by thread, side and path.
    looked: dict[tuple[int, Side, str], float] = field(default_factory=dict)
    requests: int = 0

    def open(self, *_guard_and_limits: Any) -> Wire:
        """A line, as `connect.Outside.wire` makes one."""
        return Wire(self)

    def deliver_late(self) -> None:
        """Requests whose time has come arrive."""
        due = [one for one in self.late if one.at <= self.clock()]
        self.late = [one for one in self.late if one.at > self.clock()]
        for one in due:
            one.deliver()

    def drawn(self) -> str:
        """The fault of this request, if it has one."""
        for name, rate in self.rates.items():
            if self.chance.random() < rate:
                self.faults[name] = self.faults.get(name, 0) + 1
                return name
        return ""


@dataclass(frozen=True)
class Call:
    """A request taken apart. about: whose it is, and of which record or list."""

    wires: Wires
    about: tuple[int, Side, str]
    remote: Remote
    method: str
    path: list[str]
    query: dict[str, str]
    body: Any
    match: str

    def land(self) -> Answer:
        """It arrives."""
        if not self.writes:
            self.wires.looked[self.about] = self.wires.clock()
        self.remote.witness.since = self.wires.looked.get(self.about, float("inf"))
        return self.remote.answer(self.method, self.path, self.query, self.body, self.match)

    @property
    def writes(self) -> bool:
        """Whether it may change something."""
        return self.method != "GET"


class Wire:
    """One client's line, in place of the kit's."""

    def __init__(self, wires: Wires) -> None:
        self.wires = wires

    def close(self) -> None:
        """Nothing is open."""

    def exchange(
        self,
        request: requests.PreparedRequest,
        *,
        ends: float = 0.0,  # noqa: ARG002 - as the kit's
        into: Spool | None = None,  # noqa: ARG002 - no file is ever asked for here
    ) -> Reply | Broken:
        """Carry a request to its remote and the answer back, or not."""
        wires, call = self.wires, self._call(request)
        wires.requests += 1
        if connection.in_atomic_block:
            wires.wrongs.append(f"{call.method} {'/'.join(call.path)} was sent within a transaction")
        fault, left = wires.drawn(), wires.clock()
        if fault in {"busy", "down", "unreachable", "late"}:
            return self._not_now(call, fault)
        if not self._arrives(call, left):
            return Broken("no answer came in time", left=True)
        answer = self._landed(call)
        if fault in {"failed late", "cut"}:
            self._lose(answer, call)
            return (
                _reply(500, {"error": "failed"}, call) if fault == "failed late" else Broken("cut", left=True)
            )
        return self._answered(call, answer, left)

    def _arrives(self, call: Call, left: float) -> bool:
        """Whether a request gets there; who sent one that does not cannot know that."""
        try:
            self.wires.pass_by(REQUEST)
        except Killed:
            self._doubt(call)
            raise
        if self.wires.clock() - left < TIMEOUT:
            return True
        self._doubt(call)
        return False

    def _doubt(self, call: Call) -> None:
        row = call.remote.rows.get(call.path[-1]) if call.writes else None
        if row is not None:
            call.remote.witness.unanswered(row)

    def _answered(self, call: Call, answer: Answer, left: float) -> Reply | Broken:
        try:
            self.wires.pass_by(ANSWER)
        except Killed:
            self._lose(answer, call)
            raise
        if self.wires.clock() - left >= TIMEOUT:
            self._lose(answer, call)
            return Broken("no answer came in time", left=True)
        call.remote.witness.served(answer.shown)
        return _reply(answer.status, answer.body, call, answer.headers)

    def _landed(self, call: Call) -> Answer:
        return call.land()

    def _lose(self, answer: Answer, call: Call) -> None:
        if call.writes and answer.status < 300:
            for row in [row for row, _ in answer.shown] + ([answer.written] if answer.written else []):
                call.remote.witness.unanswered(row)

    def _not_now(self, call: Call, fault: str) -> Reply | Broken:
        """The request is turned away, or gets nowhere in time."""
        chance = self.wires.chance
        call.remote.witness.broke_off(call.remote.rows.get(call.path[-1]))
        if fault == "busy":
            return _reply(429, {"error": "slow down"}, call, {"Retry-After": str(chance.choice([1, 5, 30]))})
        if fault == "down":
            return _reply(503, {"error": "down"}, call, {"Retry-After": "2"} if chance.random() < 0.5 else {})
        if fault == "unreachable" or not call.writes:
            return Broken("the connection broke", left=False)
        self._doubt(call)
        arrives = self.wires.clock() + chance.uniform(0.1, LATEST)
        self.wires.late.append(Late(arrives, lambda: self._lose(call.land(), call)))
        return Broken("no answer came in time", left=True)

    def _call(self, request: requests.PreparedRequest) -> Call:
        url = urlsplit(str(request.url))
        side = Side.A if str(url.hostname).startswith("a.") else Side.B
        body = request.body.decode() if isinstance(request.body, bytes) else request.body
        path = url.path.strip("/").split("/")
        return Call(
            self.wires,
            (threading.get_ident(), side, "/".join(path)),
            self.wires.remotes[path[0], side],
            str(request.method),
            path,
            dict(parse_qsl(url.query, keep_blank_values=True)),
            json.loads(body) if body else None,
            str(request.headers.get("If-Match", "")),
        )


def _reply(status: int, body: Any, call: Call, headers: Any = None) -> Reply:
    told = CaseInsensitiveDict({"Date": call.remote.date, **(headers or {})})
    return Reply(status, told, b"" if body is None else json.dumps(body).encode())
