"""One emulator: a vendor's system on loopback, with state, faults, limits, webhooks, and a judge of every exchange."""

from __future__ import annotations

import copy
import threading
import time
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit
from urllib.request import Request as Call
from urllib.request import urlopen

from tests.emulators.exchange import Answer, Refused, Request
from tests.emulators.faults import PAGE, Fault, Faults
from tests.emulators.official import Description, description
from tests.emulators.vendor import Delivery, Limit, Spent, Vendor
from tests.emulators.world import Clock, World

#: So many exchanges are remembered.
_REMEMBERED: Final = 10_000
_SECONDS_OF_A_DELIVERY: Final = 60
#: Host and port of those that run in this process.
RUNNING: Final[set[str]] = set()
_BROKEN: Final = Answer(500, PAGE, {"Content-Type": "text/html"})


@dataclass(frozen=True)
class Exchange:
    """What was asked, and what was answered to it. at: when, by the machine's clock, in seconds since 1970."""

    request: Request
    answer: Answer
    at: float


@dataclass
class Emulator:
    """One of them. violations: where an exchange was not as the vendor describes it. outbox: webhooks on their way."""

    vendor: Vendor
    world: World
    official: Description | None
    faults: Faults = field(default_factory=Faults)
    violations: list[str] = field(default_factory=list)
    exchanges: deque[Exchange] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    outbox: list[Delivery] = field(default_factory=list)
    #: Whether webhooks go out by themselves, each in a thread of its own, as soon as something happened.
    tells_at_once: bool = False
    _counted: dict[tuple[str, str], list[float]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, vendor: Vendor, clock: Clock | None = None) -> Emulator:
        """A new one, which holds nothing yet."""
        return cls(vendor, World(clock or Clock()), description(vendor))

    def begin(self, url: str) -> None:
        """Hold what is there at first, at this address."""
        self.world.url = url
        self.vendor.seed(self.world)
        self.world.events.clear()

    @property
    def url(self) -> str:
        """Where it answers."""
        return self.world.url

    def asked(self, method: str, path: str) -> list[Request]:
        """The requests for a path, as they arrived."""
        return [e.request for e in self.exchanges if (e.request.method, e.request.path) == (method, path)]

    def take(self, arrived: Request) -> tuple[Answer, Fault | None]:
        """The answer to a request, and what befalls it on its way back."""
        request, at = replace(arrived, path=self.vendor.canonical(arrived.path)), time.time()
        with self.world.lock:
            fault = self.faults.of(request)
            if fault and fault.meanwhile:
                fault.meanwhile(self.world)
            answer = self._refusal(fault) if fault and fault.status else self._answer(request)
            self.exchanges.append(Exchange(request, answer, at))
            if self.official and not (fault and fault.status):
                self.violations += self.official.judge(request, answer)
            self.world.remember()
            self._announce()
        return answer, fault

    def deliver(self) -> list[int]:
        """Send the webhooks that are on their way, in their order; how each was answered, 0 where nobody did."""
        return [_sent(delivery) for delivery in self.packed()]

    def packed(self) -> list[Delivery]:
        """The webhooks that are on their way, in their order: who asks for them has to send them."""
        with self.world.lock:
            self._pack()
            ready, self.outbox = self.outbox, []
        return ready

    def _answer(self, request: Request) -> Answer:
        told: dict[str, str] = {}
        try:
            told |= self._spend(request)
            if not self.vendor.enters(self.world, request):
                raise Refused(401)  # noqa: TRY301 - one form for all refusals
            answer = self._handled(request)
        except Refused as error:
            answer = self._refused(error)
        # As it is now: the records in it go on living.
        body = answer.body if isinstance(answer.body, bytes) else copy.deepcopy(answer.body)
        return replace(answer, body=body, headers={**told, **answer.headers})

    def _handled(self, request: Request) -> Answer:
        found = self.vendor.routes.find(request.path)
        here = next(((r, params) for r, params in found if r.method == request.method), None)
        if here is None:
            raise Refused(405 if found else 404, f"{request.name} is not offered")
        params = {name: unquote(value) for name, value in here[1].items()}
        return here[0].handle(self.world, replace(request, params=params))

    def _refused(self, error: Refused) -> Answer:
        body = error.told if not isinstance(error.told, str) else self.vendor.error(error.status, error.told)
        return Answer(error.status, body, error.headers)

    def _refusal(self, fault: Fault) -> Answer:
        if fault.body is not None:
            return Answer(fault.status or 500, fault.body, fault.headers)
        return self._refused(Refused(fault.status or 500, "", fault.headers))

    def _spend(self, request: Request) -> dict[str, str]:
        """Count a request; the headers that tell of its limits. Raises Refused where one is reached."""
        told: dict[str, str] = {}
        for limit in self.vendor.limits:
            key = limit.of(request)
            if key is None:
                continue
            spent = self._counting(limit, key)
            told |= self.vendor.told(spent)
            if spent.left < 0:
                wait = {"Retry-After": str(max(1, round(spent.reset)))} if self.vendor.says_when else {}
                raise Refused(self.vendor.too_many, f"{limit.name}: more than {limit.most}", {**told, **wait})
        return told

    def _counting(self, limit: Limit, key: str) -> Spent:
        now = self.world.clock.now().timestamp()
        counted = self._counted[limit.name, key]
        counted[:] = [moment for moment in counted if moment > now - limit.seconds]
        left = limit.most - len(counted) - 1
        if left >= 0:
            counted.append(now)
        return Spent(limit, left, counted[0] + limit.seconds - now)

    def _pack(self) -> None:
        """Make webhooks of what happened."""
        events, self.world.events = self.world.events, []
        self.outbox += [
            delivery for event in events for delivery in self.vendor.deliveries(self.world, event)
        ]

    def _announce(self) -> None:
        self._pack()
        if self.outbox and self.tells_at_once:
            threading.Thread(target=self.deliver, daemon=True).start()


def _sent(delivery: Delivery) -> int:
    call = Call(delivery.url, delivery.body, dict(delivery.headers))  # noqa: S310 - the address is a test's
    try:
        with urlopen(call, timeout=_SECONDS_OF_A_DELIVERY) as answer:  # noqa: S310 - the same
            return int(answer.status)
    except OSError as error:
        return int(getattr(error, "code", 0))


@contextmanager
def emulating(vendor: Vendor, clock: Clock | None = None, *, port: int = 0) -> Iterator[Emulator]:
    """A running emulator. At the end every exchange must have been as the vendor describes it."""
    emulator = Emulator.of(vendor, clock)
    server = ThreadingHTTPServer(("127.0.0.1", port), _handler(emulator))
    server.daemon_threads = True
    place = f"127.0.0.1:{server.server_port}"
    RUNNING.add(place)
    emulator.begin(f"http://{place}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield emulator
        told = "\n".join(emulator.violations[:20])
        assert not emulator.violations, f"not as {vendor.name} describes it:\n{told}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        RUNNING.discard(place)


def _handler(emulator: Emulator) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            answer, fault = emulator.take(_arrived(self))
            with suppress(ConnectionError):  # the client may have had enough
                _send(self, answer, fault, format_datetime(emulator.world.clock.now(), usegmt=True))

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = answer  # noqa: N815 - the library's names

        def log_message(self, *_arguments: Any) -> None:
            """Say nothing."""

    return Handler


def _arrived(handler: BaseHTTPRequestHandler) -> Request:
    url = urlsplit(handler.path)
    raw = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
    headers = {name.lower(): value for name, value in handler.headers.items()}
    return Request(handler.command, url.path, parse_qsl(url.query, keep_blank_values=True), headers, raw)


def _send(handler: BaseHTTPRequestHandler, answer: Answer, fault: Fault | None, date: str) -> None:
    if fault and fault.lost:
        handler.close_connection = True
        return
    kind: Mapping[str, str] = {"Content-Type": "application/json; charset=utf-8"} if answer.is_json else {}
    handler.send_response_only(answer.status)
    for name, value in {
        "Date": date,
        "Content-Length": str(len(answer.raw)),
        **kind,
        **answer.headers,
    }.items():
        handler.send_header(name, value)
    handler.end_headers()
    cut = bool(fault and fault.cut)
    handler.wfile.write(answer.raw[: len(answer.raw) // 2] if cut else answer.raw)
    handler.close_connection = handler.close_connection or cut
