"""Who may be called: the public internet, and what the operator allows by name.

An adapter's base URL comes from a customer, so it must not lead to the operator's own network. The check is
made on the addresses that the name resolved to, and the connection goes to the very address that was checked:
a name that resolves differently the second time gains nothing. Spellings such as 0177.0.0.1, 2130706433 or
[::ffff:127.0.0.1] are resolved like any other name, and judged by the address that comes out.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, Self

Address = IPv4Address | IPv6Address
#: family, address as a socket takes it
Target = tuple[socket.AddressFamily, tuple[Any, ...]]
Resolve = Callable[[str, int], list[Target]]

#: Not global, though `ipaddress` of some Python versions says so; and gateways that lead into IPv4.
_CLOSED = tuple(
    ip_network(net)
    for net in (
        "100.64.0.0/10",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "fec0::/10",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
    )
)


class Blocked(OSError):
    """The address may not be called.

    An OSError, so that it travels through the libraries like a refused connection.
    """


def resolve(host: str, port: int) -> list[Target]:
    """All stream addresses of a name, in the system's order of preference."""
    return [
        (family, address)
        for family, _, _, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    ]


@dataclass(frozen=True)
class Guard:
    """What the operator allows.

    allow_hosts: names, without port, whose addresses are not judged. allow_networks: CIDR ranges beyond
    public ones. ca_file: certificate authorities to trust instead of the usual ones, for an operator who has
    their own. home: host and port of this installation itself, open to who calls a sandbox there.
    """

    allow_hosts: frozenset[str] = frozenset()
    allow_networks: tuple[str, ...] = ()
    resolve: Resolve = resolve
    ca_file: str | None = None
    home: tuple[str, int] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "allow_hosts", frozenset(_plain(host) for host in self.allow_hosts))
        object.__setattr__(self, "_networks", tuple(ip_network(net) for net in self.allow_networks))

    def targets(self, host: str, port: int) -> list[Target]:
        """The addresses of a host that may be called.

        Raises Blocked when there is none, OSError when it is unknown.
        """
        found = self.resolve(_plain(host), port)
        named = _plain(host) in self.allow_hosts or (_plain(host), port) == self.home
        open_ = found if named else [t for t in found if self.allows(str(t[1][0]))]
        if not open_:
            raise Blocked(
                f"{host} is an address inside a private network; the operator can allow it by name or range"
            )
        return open_

    def at_home(self, host: str, port: int) -> Self:
        """The same, for calls of this installation's own sandbox."""
        return replace(self, home=(_plain(host), port))

    def allows(self, address: str) -> bool:
        """Whether an IP address may be called."""
        ip = _unwrap(ip_address(address.partition("%")[0]))
        if any(ip in net for net in self.__dict__["_networks"] if net.version == ip.version):
            return True
        closed = any(ip in net for net in _CLOSED if net.version == ip.version)
        return ip.is_global and not ip.is_multicast and not ip.is_reserved and not closed


def _plain(host: str) -> str:
    return host.strip("[]").rstrip(".").lower()


def _unwrap(ip: Address) -> Address:
    """The IPv4 address inside an IPv6 one, for the forms that lead there; else the address itself."""
    if isinstance(ip, IPv4Address):
        return ip
    if ip.sixtofour is not None or ip.teredo is not None:
        return IPv4Address(0)
    if ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    embedded = int(ip) >> 32 == 0 and int(ip) > 1
    return IPv4Address(int(ip)) if embedded else ip
