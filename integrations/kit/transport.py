"""One exchange over the wire: to an address that was checked, within a deadline, up to a size.

Never raises requests' errors.

What the libraries do not do by themselves, and is done here:
- the guard's addresses are the ones connected to, while Host and TLS keep the name (no second resolution to
  rebind)
- a total deadline that slow drips cannot stretch: the look-up of the name, each recv and each send of the socket get
  what is left of it
- knowing whether the request had begun to leave, which decides if a failed write may be repeated
- a cap on the body before and after decompression; only gzip and deflate are understood
- no proxies, netrc or cookies from the environment; no redirects
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Protocol

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError, NewConnectionError
from urllib3.util.ssl_ import create_urllib3_context

from integrations.kit.breaks import Broken, Lengthless, broken
from integrations.kit.content import Spool
from integrations.kit.guard import Blocked, Guard, Target
from integrations.kit.unpacking import Unpacker
from integrations.kit.within import within

_CHUNK = 65536
#: Servers that send headers and body apart wait for our acknowledgement, which Linux would delay by 40 ms.
_QUICK_ACK: int | None = getattr(socket, "TCP_QUICKACK", None)
SUCCESS = range(200, 300)
_BODILESS = frozenset({204, 205, 304})
#: Statuses whose length is that of a body which is not sent, RFC 9110 8.6.
_UNSENT = frozenset({204, 304})


@dataclass(frozen=True)
class Limits:
    """Seconds for connecting, for a silence, and for the whole exchange.

    Bytes of a body, packed or unpacked.
    """

    connect: float = 5.0
    read: float = 30.0
    total: float = 60.0
    body: int = 32 * 1024 * 1024


@dataclass(frozen=True)
class Reply:
    """An answer that came completely."""

    status: int
    headers: requests.structures.CaseInsensitiveDict[str]
    body: bytes


class Way(Protocol):
    """The way to one provider for one account: what `Wire` is, and what a simulation puts in its place."""

    def exchange(
        self, request: requests.PreparedRequest, *, ends: float = ..., into: Spool | None = None
    ) -> Reply | Broken:
        """Send, and give the whole answer or what broke; never an error, but for a file that is TooLarge.

        into: takes the body of a success, which is not in the answer then.
        """

    def close(self) -> None:
        """Close what is open."""


class _Call(threading.local):
    """The exchange that this thread is in.

    Where its sockets find the deadline, and say that something left.
    """

    deadline: float = float("inf")
    patience: float = 30.0
    left: bool = False

    def remaining(self) -> float:
        seconds = self.deadline - time.monotonic()
        if seconds <= 0:
            raise TimeoutError("the time for the whole exchange is over")
        return seconds


_call = _Call()


class _Timed:
    """A socket that never waits beyond the deadline of the call that uses it."""

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        if _QUICK_ACK is not None:
            self.setsockopt(socket.IPPROTO_TCP, _QUICK_ACK, 1)  # type: ignore[attr-defined]
        self.settimeout(min(_call.patience, _call.remaining()))  # type: ignore[attr-defined]
        return int(super().recv_into(*args, **kwargs))  # type: ignore[misc]

    def sendall(self, data: Any, *args: Any, **kwargs: Any) -> None:
        self.settimeout(_call.remaining())  # type: ignore[attr-defined]
        super().sendall(data, *args, **kwargs)  # type: ignore[misc]


class _Socket(_Timed, socket.socket):
    """Plain."""


class _TlsSocket(_Timed, ssl.SSLSocket):
    """Wrapped in TLS."""


class _Guarded:
    """A connection that goes where the guard says."""

    guard: Guard
    limits: Limits

    def _new_conn(self) -> socket.socket:
        try:
            return _connect(self._targets(), self.limits)
        except OSError as error:
            raise NewConnectionError(self, _why(error)) from error  # type: ignore[arg-type]

    def _targets(self) -> list[Target]:
        host, port = self._dns_host, self.port  # type: ignore[attr-defined]
        if _is_address(host):
            return self.guard.targets(host, port)
        return within(min(self.limits.connect, _call.remaining()), lambda: self.guard.targets(host, port))

    def send(self, data: Any) -> None:
        if self.sock is None:  # type: ignore[attr-defined]
            self.connect()  # type: ignore[attr-defined]
        _call.left = True
        super().send(data)  # type: ignore[misc]


def _connect(targets: list[Any], limits: Limits) -> socket.socket:
    fault: OSError = OSError("the name has no address")
    for family, address in targets:
        sock = _Socket(family, socket.SOCK_STREAM)
        try:
            sock.settimeout(min(limits.connect, _call.remaining()))
            sock.connect(address)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            sock.close()
            fault = error
        else:
            return sock
    raise fault


def _is_address(host: str) -> bool:
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def _why(error: OSError) -> str:
    return str(error) if isinstance(error, Blocked) else f"{type(error).__name__}: {error.strerror or error}"


class _Adapter(HTTPAdapter):
    """Pools whose connections are guarded, each adapter with its own guard."""

    def __init__(self, guard: Guard, limits: Limits) -> None:
        facts = {"guard": guard, "limits": limits}
        plain = type("GuardedConnection", (_Guarded, HTTPConnection), facts)
        tls = type("GuardedTlsConnection", (_Guarded, HTTPSConnection), facts)
        self._pools = {
            "http": type("GuardedPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
            "https": type("GuardedTlsPool", (HTTPSConnectionPool,), {"ConnectionCls": tls}),
        }
        super().__init__(max_retries=0, pool_connections=2, pool_maxsize=4)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        context = create_urllib3_context()
        context.sslsocket_class = _TlsSocket
        super().init_poolmanager(*args, ssl_context=context, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools


class Wire:
    """Connections to one provider for one account; not shared between threads."""

    def __init__(self, guard: Guard, limits: Limits) -> None:
        self.limits = limits
        # No requests.Session: it would read whole bodies of redirects, and keep cookies.
        self._adapter = _Adapter(guard, limits)
        self._trust: bool | str = guard.ca_file or True

    def exchange(
        self,
        request: requests.PreparedRequest,
        *,
        ends: float = float("inf"),
        into: Spool | None = None,
    ) -> Reply | Broken:
        """Send, and read the whole answer, until `ends` (monotonic) at the latest; see `Way`.

        Errors of the libraries may quote the address: none gets out.
        """
        _call.deadline, _call.patience = min(ends, time.monotonic() + self.limits.total), self.limits.read
        _call.left = False
        patience = (self.limits.connect, self.limits.read)
        try:
            with self._adapter.send(request, stream=True, timeout=patience, verify=self._trust) as response:
                return self._read(response, into if response.status_code in SUCCESS else None)
        except (requests.RequestException, HTTPError, OSError, zlib.error, ValueError) as error:
            return broken(error, left=_call.left)
        finally:
            _call.deadline = float("inf")

    def close(self) -> None:
        """Close what is open."""
        self._adapter.close()

    def _read(self, response: requests.Response, into: Spool | None) -> Reply | Broken:
        due = _announced(response)
        unpacker, body, size = Unpacker(response.headers.get("Content-Encoding", "")), bytearray(), 0
        most, take, length = (into.most, into.write, 0) if into else (self.limits.body, body.extend, 0)
        if into:
            into.begin()
        if due is not None and due > most:
            return self._too_large(response, into)
        for chunk in _chunks(response):
            size += len(chunk)
            piece = unpacker.feed(chunk, most + 1 - length)
            length += len(piece)
            if max(size, length) > most:
                return self._too_large(response, into)
            take(piece)
        fault = _lack(response, due, size, unpacked=unpacker.done)
        return (
            _dropped(response, fault) if fault else Reply(response.status_code, response.headers, bytes(body))
        )

    def _too_large(self, response: requests.Response, into: Spool | None) -> Broken:
        if into:
            response.raw.close()
            raise into.too_large()
        return _dropped(response, f"the answer is larger than {self.limits.body} bytes", hopeless=True)


def _announced(response: requests.Response) -> int | None:
    """How many bytes the headers promise."""
    said = response.headers.get("Content-Length", "").strip()
    if said and not (said.isascii() and said.isdigit()):
        raise Lengthless("the answer does not announce its length in a number")
    bodiless = response.request.method == "HEAD" or response.status_code in _UNSENT
    return int(said[:20]) if said and not bodiless else None


def _lack(response: requests.Response, due: int | None, size: int, *, unpacked: bool) -> str | None:
    """What is missing in an answer that has ended."""
    if due not in {None, size}:
        return f"the answer was cut after {size} of {due} bytes of its length"
    if not size and response.request.method == "GET" and not _says_empty(response):
        return "the answer was cut before its body"
    if size and not unpacked:
        return "the answer cannot be unpacked: it was cut"
    return None


def _dropped(response: requests.Response, reason: str, *, hopeless: bool = False) -> Broken:
    """Of an answer that nobody can trust to have ended, the connection is not used again."""
    response.raw.close()
    return Broken(reason, left=True, hopeless=hopeless)


def _chunks(response: requests.Response) -> Iterator[bytes]:
    while chunk := response.raw.read1(_CHUNK, decode_content=False):
        _call.remaining()
        yield chunk


def _says_empty(response: requests.Response) -> bool:
    """Whether an answer without body says so: headers that are cut off look like an end, too."""
    return (
        response.status_code in _BODILESS
        or response.status_code < 200  # noqa: PLR2004 - interim answers, RFC 9110
        or bool({"content-length", "transfer-encoding"} & {*map(str.lower, response.headers)})
    )
