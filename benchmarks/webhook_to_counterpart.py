"""From an edit at a provider to its counterpart at another one: by a signed webhook, at rest, both ways.

Zendesk and GitHub are the emulators of the tests, in this process on loopback, linked and bridged as the ready-made
file says; web server, workers and clock are processes of their own. An edit is made by the provider's own API, as the
browsers of its people do; its webhook leaves at once, the product takes it in, reads the record again, stores it, and
the bridge writes the counterpart, having read that before. Measured from the moment at which the edit is made to that
at which the other emulator has the write. Each edit is made when all that came of the one before is over, and of
another ticket than the last dozen: where a provider counts in seconds, a counterpart that changed in this very second
is looked at again in the next one before it is written.
"""

from __future__ import annotations

import base64
import os
import statistics
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from benchmarks.figures import Budget, Figure, report, say
from benchmarks.house import house
from benchmarks.lists.server import free_port, server
from benchmarks.lists.spent import seconds

if TYPE_CHECKING:
    from tests.emulators.engine import Emulator

#: An odd number: each ticket is edited at both sides in turn.
PAIRS: Final = 13
EDITS: Final = 60
#: The first ones load what is loaded once.
WARMING: Final = 6
FILE: Final = Path(__file__).resolve().parent.parent / "docs" / "bridges" / "zendesk-github.yaml"
_SETTINGS: Final = "unified_api.settings"


@dataclass(frozen=True)
class Way:
    """One direction: how a record is edited at the source, and how it is known that the target has it."""

    name: str
    source: Emulator
    target: Emulator
    edit: Callable[[int, str], None]
    says: Callable[[int], str]


@dataclass(frozen=True)
class Journey:
    """Milliseconds from the edit until the source was asked for the record, the target was, and the target had it."""

    read: float
    looked: float
    written: float


def main() -> None:
    """Measure in a house of its own."""
    port = free_port()
    os.environ["PUBLIC_URL"] = f"http://127.0.0.1:{port}"
    with house() as home:
        from benchmarks.desk.house import PRODUCT, processes

        with _emulators() as (desk, hub), server(port, _SETTINGS), processes(*PRODUCT):
            tenant = _bridged(desk, hub)
            before = _spent(home)
            journeys = _journeys(_ways(desk, hub), tenant)
            spent = (_spent(home) - before) / (WARMING + EDITS)
    _report(journeys, spent)


def _spent(home: Path) -> float:
    """Processor seconds of web server, workers, clock and Postgres so far."""
    postmaster = int((home / "postgres" / "postmaster.pid").read_text().split("\n", 1)[0])
    return seconds(os.getpid()) - time.process_time() + seconds(postmaster)


@contextmanager
def _emulators() -> Iterator[tuple[Emulator, Emulator]]:
    """Both, without their judge: the tests of the bridge have it, and it would take time of the journey."""
    from tests.emulators.engine import emulating
    from tests.emulators.vendors import github, zendesk

    with emulating(zendesk.vendor) as desk, emulating(github.vendor) as hub:
        for one in (desk, hub):
            one.official, one.tells_at_once = None, True
        yield desk, hub


def _bridged(desk: Emulator, hub: Emulator) -> uuid.UUID:
    """Both linked and bridged, and so many tickets passed on; the tenant."""
    from django.core.management import call_command

    from benchmarks.desk.house import awaited
    from tenants.models import Tenant
    from tenants.scope import scope
    from tests.emulators.vendors import github
    from tests.emulators.vendors.zendesk.forms import EMAIL, TOKEN
    from unified_api.link import linking

    tenant = Tenant.create("webhooks").id
    at_hub = {"owner": github.OWNER, "repository": github.NAME, "token": github.TOKENS["admin"]}
    with scope(tenant):
        for slug, values in (
            (
                "zendesk",
                {"base_url": desk.url, "email": EMAIL, "api_token": TOKEN, "exports_per_minute": "6000"},
            ),
            ("github", {"base_url": hub.url, **at_hub}),
        ):
            linking.link(linking.Request(slug, "customer-1", values))
    awaited(lambda: desk.world.rows("webhook") and hub.world.rows("hook"))
    _rest(tenant)
    call_command("bridge", "apply", str(FILE), "--live", "--tenant", str(tenant))
    _rest(tenant)
    say(f"{PAIRS} tickets are passed on")
    for number in range(PAIRS):
        told = {"subject": f"Matter {number}", "comment": {"body": "It burns."}, "tags": ["engineering"]}
        _send(desk, "POST", "/api/v2/tickets", {"ticket": told})
    awaited(lambda: len(hub.world.rows("issue")) == PAIRS)
    _rest(tenant)
    return tenant


def _rest(tenant: uuid.UUID) -> None:
    """Wait until nothing is due or under way for a while."""
    from benchmarks.desk.house import awaited, is_busy

    quiet = 0
    while quiet < 3:  # noqa: PLR2004 - looks in a row: a webhook may be on its way
        awaited(lambda: not is_busy(tenant))
        quiet = quiet + 1
        time.sleep(0.1)
        if is_busy(tenant):
            quiet = 0


def _send(emulator: Emulator, method: str, path: str, body: Any) -> None:
    """Ask an emulator as a person of its own does."""
    from tests.emulators.vendors import github
    from tests.emulators.vendors.zendesk.forms import EMAIL, TOKEN

    pair = base64.b64encode(f"{EMAIL}/token:{TOKEN}".encode()).decode()
    key = f"Basic {pair}" if path.startswith("/api/v2") else f"Bearer {github.TOKENS['write']}"
    headers = {"Authorization": key, "Content-Type": "application/json", "User-Agent": "browser"}
    request = urllib.request.Request(emulator.url + path, orjson.dumps(body), headers, method=method)  # noqa: S310 - our own
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - our own
        answer.read()


def _ways(desk: Emulator, hub: Emulator) -> list[Way]:
    from tests.emulators.vendors import github

    tickets, issues = desk.world.rows("ticket"), hub.world.rows("issue")
    first = {one["subject"]: one for one in tickets}
    pairs = [(first[one["title"]], one) for one in issues]
    home = f"/repos/{github.OWNER}/{github.NAME}/issues"

    def at_desk(number: int, text: str) -> None:
        _send(desk, "PUT", f"/api/v2/tickets/{pairs[number][0]['id']}", {"ticket": {"subject": text}})

    def at_hub(number: int, text: str) -> None:
        _send(hub, "PATCH", f"{home}/{pairs[number][1]['number']}", {"title": text})

    return [
        Way("Zendesk to GitHub", desk, hub, at_desk, lambda number: str(pairs[number][1]["title"])),
        Way("GitHub to Zendesk", hub, desk, at_hub, lambda number: str(pairs[number][0]["subject"])),
    ]


def _journeys(ways: list[Way], tenant: uuid.UUID) -> dict[str, list[Journey]]:
    found: dict[str, list[Journey]] = {way.name: [] for way in ways}
    for number in range(WARMING + EDITS):
        way = ways[number % len(ways)]
        one = _journey(way, number % PAIRS, f"edit {number}")
        say(f"{way.name}: {one.read:.0f}, {one.looked:.0f}, {one.written:.0f} ms")
        if number >= WARMING:
            found[way.name].append(one)
        _rest(tenant)
    return found


def _journey(way: Way, number: int, text: str) -> Journey:
    from benchmarks.desk.house import awaited

    marks = [len(one.exchanges) for one in (way.source, way.target)]
    began = time.time()
    way.edit(number, text)
    awaited(lambda: way.says(number) == text, pause=0.002)
    ended = time.time()
    read, looked = (
        next(one.at for one in list(side.exchanges)[mark:] if one.request.method == "GET")
        for side, mark in zip((way.source, way.target), marks, strict=True)
    )
    return Journey((read - began) * 1000, (looked - began) * 1000, (ended - began) * 1000)


def _report(journeys: dict[str, list[Journey]], spent: float) -> None:
    figures: list[Figure] = []
    for name, some in journeys.items():
        written = sorted(one.written for one in some)
        figures += [
            Figure(f"{name}: until the record is read again, median", _median(some, "read"), "ms"),
            Figure(f"{name}: until its counterpart is read, median", _median(some, "looked"), "ms"),
            Figure(f"{name}: until its counterpart is written, median", statistics.median(written), "ms"),
            Figure(f"{name}: the same, 95th percentile", _p95(written), "ms"),
            Figure(f"{name}: the same, slowest", written[-1], "ms"),
        ]
    load, _, _ = os.getloadavg()
    figures += [
        Figure(
            "processor time of all processes and Postgres, an edit with all until the next",
            spent * 1000,
            "ms",
        ),
        Figure("load of the machine", load, ""),
    ]
    slower = max(statistics.median(one.written for one in some) for some in journeys.values())
    budget = Budget(
        "webhook -> record -> counterpart written, median of the slower way", slower, "ms", most=1000
    )
    report("webhook_to_counterpart", figures, [budget])


def _median(some: list[Journey], name: str) -> float:
    return float(statistics.median(getattr(one, name) for one in some))


def _p95(ordered: list[float]) -> float:
    return ordered[int(0.95 * (len(ordered) - 1))]


if __name__ == "__main__":
    main()
