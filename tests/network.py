"""No test reaches the outside network: who tries gets an error that no product code expects, so it shows."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from typing import Any, Final


class OutsideNetwork(RuntimeError):
    """A test tried to reach an address that is not on this machine."""


def is_local(host: str) -> bool:
    """Whether a host name or address is this machine's loopback."""
    if host in {"", "localhost"} or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


_NAMES: Final = ("connect", "connect_ex")
_real: dict[str, Callable[..., Any]] = {}


def _guarded(name: str) -> Callable[..., Any]:
    def call(self: socket.socket, address: Any) -> Any:
        if self.family != socket.AF_UNIX and not is_local(str(address[0])):
            self.close()  # the caller does not expect this error, and would leave the socket open
            raise OutsideNetwork(f"A test may not connect to {address[0]}; answer from loopback instead.")
        return _real[name](self, address)

    return call


def block() -> None:
    """Refuse connections to other machines from here on."""
    for name in _NAMES:
        _real[name] = getattr(socket.socket, name)
        setattr(socket.socket, name, _guarded(name))


def unblock() -> None:
    """Allow them again."""
    for name, real in _real.items():
        setattr(socket.socket, name, real)
    _real.clear()
