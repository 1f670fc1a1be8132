"""Nobody is called inside a private network, however the address is spelled."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.kit.errors import Misconfigured
from integrations.kit.guard import Blocked, Guard, Target
from integrations.kit.http import Request
from tests.integrations.lines import http
from tests.integrations.listener import Seen, Told, listening

PRIVATE = [
    "0.0.0.0",  # noqa: S104 - refused, not bound
    "10.1.2.3",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.8",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "2001:0:7f00:1::",
    "fc00::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]
PUBLIC = ["1.1.1.1", "8.8.8.8", "::ffff:8.8.8.8", "2606:4700:4700::1111"]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_closed(address: str) -> None:
    """Loopback, private, link-local, multicast, reserved, and IPv6 spellings that lead there."""
    assert not Guard().allows(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_open(address: str) -> None:
    """The internet may be called."""
    assert Guard().allows(address)


@given(ip=st.ip_addresses(v=4))
def test_ipv6_wrapping_changes_nothing(ip: Any) -> None:
    """An IPv4 address is judged the same when it comes wrapped into IPv6."""
    assert Guard().allows(f"::ffff:{ip}") == Guard().allows(str(ip))


@pytest.mark.parametrize(
    "host", ["127.1", "0177.0.0.1", "2130706433", "0x7f.1", "localhost", "[::1]", "127.0.0.1."]
)
def test_spellings_of_loopback_are_resolved_and_closed(host: str) -> None:
    """Octal, decimal, hexadecimal, short and named spellings end up as the same closed address."""
    with pytest.raises(Blocked, match="private network"):
        Guard().targets(host, 80)


def test_the_operator_opens_names_and_ranges() -> None:
    """A name is trusted wherever it resolves to; a range whatever the name."""
    assert Guard(allow_hosts=frozenset({"LocalHost."})).targets("localhost", 80)
    assert Guard(allow_networks=("127.0.0.0/8", "::1/128")).targets("localhost", 80)
    assert not Guard(allow_networks=("10.0.0.0/8",)).allows("127.0.0.1")
    with pytest.raises(ValueError, match=r"10\.0\.0\.1/8"):
        Guard(allow_networks=("10.0.0.1/8",))


def test_a_name_with_a_public_and_a_private_address() -> None:
    """Only the public one is called."""
    both: list[Target] = [(socket.AF_INET, ("10.0.0.1", 80)), (socket.AF_INET, ("8.8.8.8", 80))]

    assert Guard(resolve=lambda _host, _port: both).targets("both.example", 80) == both[1:]


def test_the_connection_goes_to_the_address_that_was_checked() -> None:
    """A name is resolved once: that it would resolve to something else next time gains nothing."""
    asked: list[str] = []

    with listening(lambda _seen: Told()) as server:

        def rebinding(host: str, port: int) -> list[Target]:
            asked.append(host)
            return [(socket.AF_INET, ("127.0.0.1" if len(asked) == 1 else "10.0.0.1", port))]

        guard = Guard(allow_networks=("127.0.0.0/8",), resolve=rebinding)
        http(f"http://rebind.example:{server.port}", guard=guard).json(Request("GET", "/x"))

    assert asked == ["rebind.example"]
    assert server.seen[0].headers["Host"] == f"rebind.example:{server.port}"


def test_a_private_address_is_a_misconfiguration() -> None:
    """The error says so, nothing is sent, and nothing is tried again."""
    with listening(lambda _seen: Told()) as server, pytest.raises(Misconfigured, match="private network"):
        http(server.url, guard=Guard()).json(Request("GET", "/x"))

    assert server.seen == []


def test_a_redirect_into_a_private_network_is_refused() -> None:
    """The guard looks at every hop."""

    def answers(_seen: Seen) -> Told:
        return Told(302, headers={"Location": "http://169.254.169.254/latest/meta-data"})

    with listening(answers) as server, pytest.raises(Misconfigured, match="private network"):
        http(server.url).json(Request("GET", "/x"))


def test_an_address_of_this_installation_is_open_at_its_port_alone() -> None:
    """To who calls a sandbox there; neither other ports of the host nor other private hosts are."""
    guard = Guard().at_home("127.0.0.1", 8000)

    assert guard.targets("127.0.0.1", 8000)
    for host, port in (("127.0.0.1", 5432), ("127.0.0.2", 8000), ("localhost", 8000)):
        with pytest.raises(Blocked):
            guard.targets(host, port)
    with pytest.raises(Blocked):
        Guard().targets("127.0.0.1", 8000)
