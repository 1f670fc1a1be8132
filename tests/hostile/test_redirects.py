"""Where a provider may send us: never into a private network, never round and round, and never with our credentials.

Names are resolved by what a test says; the connection goes to the address that was checked.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from integrations.kit import transport
from integrations.kit.transport import Limits
from tests.hostile import remote
from tests.hostile.conftest import House
from tests.hostile.server import Behaviour, Heard, Line, Server, as_json, head, says, serving
from tests.hostile.test_transport import assert_clear
from tests.hostile.test_writes import submit

Name = Callable[[], str]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, Name]:
    """Host names of the outside world, and to what each resolves when it is asked for."""
    known: dict[str, Name] = {}
    real = socket.getaddrinfo

    def resolve(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        return real(known[host]() if host in known else host, port, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return known


@pytest.fixture
def inside(house: House) -> Iterator[Server]:
    """A server in the operator's own network: what it is asked for is a break-in."""
    with serving(says(as_json({"items": [{"id": "1", "title": "a secret"}], "next": None}))) as server:
        yield server


def to(location: str, status: int = 302, **headers: str) -> Behaviour:
    """Redirects there, and takes the next request: hanging up would meet it on its way, and have it sent twice."""
    redirect = head(status, Location=location, Content_Length="0", **headers)
    return says(redirect, then_hang_up=False)


PRIVATE = {
    "the metadata of a cloud": "http://169.254.169.254/latest/meta-data",
    "a private network": "http://10.0.0.1/tickets",
    "this machine's other spelling": "http://2130706434/tickets",
    "octal": "http://0177.0.0.2/tickets",
    "hexadecimal": "http://0x7f000002/tickets",
    "IPv6 loopback": "http://[::1]/tickets",
    "IPv4 inside IPv6": "http://[::ffff:127.0.0.2]/tickets",
    "unique local IPv6": "http://[fd00::1]/tickets",
    "nowhere": "http://0.0.0.0/tickets",
    "a name that leads there": "http://inside.example/tickets",
}


@pytest.mark.parametrize("case", PRIVATE)
def test_a_redirect_into_a_private_network_is_not_followed(
    case: str, house: House, names: dict[str, Name]
) -> None:
    """By address in any spelling, or by a name that resolves to one: nothing is called, and the error says where."""
    names["inside.example"] = lambda: "127.0.0.2"
    house.oddly(to(PRIVATE[case]))
    stream = house.go()

    assert stream.status == "FAILED"
    assert_clear(house, stream.error, "private network")
    assert_mends(house)


ELSEWHERE = {
    "a file": ("file:///etc/passwd", "no web address"),
    "FTP": ("ftp://127.0.0.1/x", "no web address"),
    "a script": ("javascript:alert(1)", "no web address"),
    "no address": ("http://[", "no valid address"),
    "a port that is none": ("http://127.0.0.1:99999/", "no valid address"),
    "itself": ("/tickets", "in circles"),
    "nothing": ("", "in circles"),
    "a name that does not exist": ("http://nobody.invalid/", "not known"),
    "orders for terminals": ("http://10.0.0.1\x1b[2J/", "GET /tickets"),
}


@pytest.mark.parametrize("case", ELSEWHERE)
def test_a_redirect_that_leads_nowhere_fails_the_stream_in_words(
    case: str, house: House, names: dict[str, Name]
) -> None:
    """Other protocols, circles and nonsense are refused, and the next good page lands."""

    def unknown() -> str:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    names["nobody.invalid"] = unknown
    location, words = ELSEWHERE[case]
    house.oddly(to(location))
    stream = house.go()

    assert stream.status == "FAILED"
    assert_clear(house, stream.error, words)
    assert len(house.server.asked("/tickets")) <= 12
    assert_mends(house)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_host_is_followed_without_the_credential(
    status: int, house: House, inside: Server, names: dict[str, Name], settings: Any
) -> None:
    """The other host sees neither token nor cookies, on the first hop and on those after."""
    settings.ALLOW_PRIVATE_HOSTS = ["127.0.0.1", "other.example"]
    names["other.example"] = lambda: "127.0.0.1"
    inside.odd["/first"] = to("/second", status)
    house.oddly(to(f"http://other.example:{inside.port}/first", status, Set_Cookie="a=b"))
    assert house.go().status == "DONE"

    assert [h.path for h in inside.heard] == ["/first", "/second"]
    assert not any({"authorization", "cookie"} & set(h.headers) for h in inside.heard)
    assert house.server.asked("/tickets")[0].headers["authorization"] == f"Bearer {remote.TOKEN}"


def test_a_write_is_not_redirected(house: House, inside: Server) -> None:
    """A redirect of a POST is an error, whoever it names."""
    house.oddly(to(f"{inside.url}/tickets", 307))
    write = submit(house, "create", name="Printer")

    assert write.state == "rejected"
    assert "has moved" in (write.error or "")
    assert inside.heard == []


def test_a_name_that_resolves_to_a_private_address_the_second_time_gains_nothing(
    house: House, inside: Server, names: dict[str, Name], monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: the public address does not answer, and the private one that follows is refused."""
    turns = iter(["8.8.8.8", "127.0.0.2", "127.0.0.2", "127.0.0.2"])
    names["rebind.example"] = lambda: next(turns)
    called: list[str] = []
    real = transport._connect

    def connect(targets: list[Any], limits: Limits) -> socket.socket:
        called.extend(address[0] for _family, address in targets)
        if called[-1] == "8.8.8.8":
            raise ConnectionRefusedError
        return real(targets, limits)

    monkeypatch.setattr(transport, "_connect", connect)
    house.oddly(to(f"http://rebind.example:{inside.port}/tickets"))
    stream = house.go()

    assert "8.8.8.8" in called
    assert set(called) <= {"8.8.8.8", "127.0.0.1"}
    assert stream.status == "FAILED"
    assert_clear(house, stream.error, "private network")
    assert inside.heard == []
    assert_mends(house)


def test_the_address_that_was_checked_is_the_one_that_is_called(
    house: House, inside: Server, names: dict[str, Name], settings: Any
) -> None:
    """A name is resolved once for each connection, so there is no second answer to believe."""
    settings.ALLOW_PRIVATE_HOSTS = ["127.0.0.1", "127.0.0.0/8"]
    asked: list[str] = []

    def once() -> str:
        asked.append("127.0.0.1" if not asked else "10.0.0.1")
        return asked[-1]

    names["once.example"] = once
    house.oddly(to(f"http://once.example:{inside.port}/tickets"))

    assert house.go().status == "DONE"
    assert asked == ["127.0.0.1"]


#: Seconds that a name server says nothing.
HANGS = 120


def test_a_name_server_that_hangs_ends_in_time(
    house: House, names: dict[str, Name], hurry: Callable[[], None]
) -> None:
    """The system's look-up cannot be told how long it may take: it is left alone, and the call ends all the same."""
    over = threading.Event()

    def hang() -> str:
        over.wait(HANGS)
        return "127.0.0.1"

    names["hanging.example"] = hang
    house.oddly(to("http://hanging.example/tickets"))
    hurry()
    began = time.monotonic()
    stream = house.go()
    seconds = time.monotonic() - began
    over.set()
    hurry()

    assert seconds < HANGS
    assert_clear(house, stream.error, "no connection came about in time")
    assert_mends(house)


def test_redirects_share_one_deadline(house: House, hurry: Callable[[], None]) -> None:
    """Each hop takes nearly all the time there is; five of them do not take five times as much."""

    def slowly(line: Line, heard: Heard) -> None:
        line.pause(0.3)
        line.say(head(302, Location=f"/tickets?hop={len(house.server.heard)}", Content_Length="0"))

    house.oddly(slowly)
    hurry()
    stream = house.go()

    assert_clear(house, stream.error, "in time")
    assert len(house.server.asked("/tickets")) <= 6


def test_a_next_address_on_another_host_is_not_called(house: House, inside: Server) -> None:
    """Of the address of a next page only the query is used, and the host stays the account's."""
    house.model = "ticketing.Tag"
    page = {"items": [{"id": "1", "name": "a"}], "next": f"{inside.url}/tags?cursor=3"}
    house.oddly(says(as_json(page)), "/tags")
    house.go()

    assert inside.heard == []
    assert house.server.asked("/tags")[-1].query["cursor"] == "3"


def assert_mends(house: House) -> None:
    """Once the provider is sane, the stream goes on by itself."""
    house.sanely()
    added = house.tracker.add(title="good")
    assert house.go().status == "DONE"
    assert set(house.records()) == {added}
