"""The stage of the demo: two third-party servers and Isthmus, started together, stopped together."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from demo.isthmus import Isthmus
from demo.servers import HelpDesk, Roundup, Server
from demo.telling import NotSeen, Teller, contrast, spelled
from unified_api.serve.web import check_port

Value = TypeVar("Value")
#: Seconds without any change after which something that should happen by itself counts as not seen. Where a server
#: failed at a write, Isthmus looks for a minute and a quarter, ever less often, whether the request may still arrive,
#: and only then sends it again.
PATIENCE = 300.0
#: Seconds that are waited for it at the most, however much changes.
LONGEST = 900.0
#: Seconds between two looks at the least, and how often as long as a look took: looking slows down what it looks at.
LOOK, SHARE = 0.05, 3
#: Seconds that an earlier demo, which was killed, may take to end.
LEFTOVER = 15.0


class StageTaken(RuntimeError):
    """Another demo uses this home; the sentence says what to do."""


@dataclass
class Linked:
    """A linked account, as `manage.py link` gives it."""

    id: str
    token: str


@dataclass
class Stage:
    """What is on the stage. run: how often the demo ran here; bridge: the id of the bridge, once made."""

    roundup: Roundup
    desk: HelpDesk
    isthmus: Isthmus
    teller: Teller
    run: int
    tenant: str = "demo"
    bridge: str = ""
    accounts: dict[str, Linked] = field(default_factory=dict)

    @property
    def end_user(self) -> str:
        """The product's own id of the customer to whom these two servers belong; others are another customer's."""
        return f"customer-{self.roundup.port}"

    @property
    def tracker_token(self) -> str:
        """The account token of the Roundup."""
        return self.accounts[self.roundup.name].token

    @property
    def desk_token(self) -> str:
        """The account token of the help desk."""
        return self.accounts[self.desk.name].token

    def tickets(self, token: str, **params: Any) -> list[dict[str, Any]]:
        """Tickets of an account through the API of Isthmus, of all pages."""
        page = self.isthmus.api("GET", "ticketing/v1/tickets", token, page_size=100, **params)
        found = list(page["results"])
        while page["next"]:
            page = self.isthmus.api(
                "GET", "ticketing/v1/tickets", token, page_size=100, cursor=page["next"], **params
            )
            found += page["results"]
        return found

    def until(self, what: str, look: Callable[[], Value], wanted: Any) -> Value:
        """Look until the wanted value is seen (or a function of it says yes).

        NotSeen when nothing has changed for long: on a machine that does much else, much takes its time.
        """
        fits = wanted if callable(wanted) else lambda seen: seen == wanted
        began = moved = time.monotonic()
        last: Value | None = None
        while True:
            asked = time.monotonic()
            seen = look()
            if fits(seen):
                return seen
            now = time.monotonic()
            last, moved = (last, moved) if seen == last else (seen, now)
            if now > min(moved + PATIENCE, began + LONGEST):
                told = f"is {spelled(seen)}" if callable(wanted) else contrast(seen, wanted)
                raise NotSeen(
                    f"{what} {told} after {now - began:.0f} s, {now - moved:.0f} s without a change"
                )
            time.sleep(max(LOOK, SHARE * (now - asked)))

    def rest(self) -> None:
        """Wait until the bridge has nothing to look at, and no write under way."""

        def left() -> list[int]:
            standing = self.isthmus.api("GET", f"sync/v1/bridges/{self.bridge}")
            return [standing["dirty"], standing["in_flight"]]

        self.until("what is left to the bridge, and under way,", left, [0, 0])

    def writes(self) -> dict[str, int]:
        """How many changing requests each server has answered, by its own access log."""
        return {server.name: server.writes() for server in (self.roundup, self.desk)}

    def writes_with(self, before: dict[str, int], more: dict[str, int]) -> dict[str, int]:
        """The same, once so many more than before are logged at least: a server answers first, and logs then."""
        return self.until(
            f"the number of changing requests since {before}",
            self.writes,
            lambda seen: all(seen[name] >= before[name] + number for name, number in more.items()),
        )


@contextmanager
def staged(home: Path, software: Path, port: int, teller: Teller) -> Iterator[Stage]:
    """Everything running; nothing of it runs afterwards."""
    folder = home / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder / "demo.lock", teller) as lock, ExitStack() as ends:
        check_port("127.0.0.1", port)
        teller.progress(f"everything is kept in {home}")
        isthmus = Isthmus(home, port, folder / "isthmus.log")
        roundup = Roundup(software, folder / "roundup", progress=teller.progress)
        desk = HelpDesk(software, folder / "helpdesk", progress=teller.progress)
        ends.callback(_stop, isthmus, roundup, desk)
        _start(isthmus, lock, [roundup, desk], teller)
        ends.callback(teller.line, "\nStopping everything.")
        yield Stage(roundup, desk, isthmus, teller, _count(folder / "runs"))


def _start(isthmus: Isthmus, lock: int, servers: list[Server], teller: Teller) -> None:
    """All at once; the first failure is raised when all have ended their start."""
    teller.progress(f"starting Isthmus at {isthmus.url}, its log is {isthmus.log}")
    with ThreadPoolExecutor() as threads:
        others = [threads.submit(server.start) for server in servers]
        isthmus.start(lock)
        teller.progress("Isthmus is ready")
        for server, other in zip(servers, others, strict=True):
            other.result()
            teller.progress(f"{server.name} is ready")


def _stop(*parts: Isthmus | Server) -> None:
    """All at once; the first failure is raised when all have ended."""
    with ThreadPoolExecutor() as threads:
        for stopped in [threads.submit(part.stop) for part in parts]:
            stopped.result()


@contextmanager
def _alone(path: Path, teller: Teller) -> Iterator[int]:
    """Hold the lock of this home; an earlier demo that was killed gets a moment to end."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _take(descriptor, teller)
        yield descriptor
    finally:
        os.close(descriptor)


def _take(descriptor: int, teller: Teller) -> None:
    ends, told = time.monotonic() + LEFTOVER, False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > ends:
                raise StageTaken("Another demo is running here: stop it, or set ISTHMUS_HOME.") from None
            if not told:
                teller.progress("waiting for an earlier demo to end")
                told = True
            time.sleep(0.1)
        else:
            return


def _count(path: Path) -> int:
    """The number of this run, noted for the next."""
    number = int(path.read_text()) + 1 if path.exists() else 1
    path.write_text(str(number))
    return number
