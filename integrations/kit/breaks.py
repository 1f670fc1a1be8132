"""Exchanges without a complete answer, and in words what went wrong: none of the libraries' errors gets further."""

from __future__ import annotations

import http.client
import socket
import ssl
import zlib
from dataclasses import dataclass

import requests
from urllib3.exceptions import InvalidHeader as ContradictoryHeader

from integrations.kit.guard import Blocked
from integrations.kit.strict import plain
from integrations.kit.unpacking import Unasked


@dataclass(frozen=True)
class Broken:
    """No complete answer. left: the request had begun to leave. hopeless: waiting will not help. late: time ran out."""

    reason: str
    left: bool
    hopeless: bool = False
    late: bool = False


class Lengthless(ValueError):
    """The answer announces a length that is none."""


def broken(error: Exception, *, left: bool) -> Broken:
    """What went wrong, in words that hold neither the query nor a header of the request."""
    root = _root(error)
    if isinstance(root, Blocked | Unasked):
        return Broken(plain(str(root)), left, hopeless=True)
    if isinstance(root, socket.gaierror):
        return Broken("the name of the host is not known", left, hopeless=root.errno == socket.EAI_NONAME)
    if isinstance(root, ssl.SSLCertVerificationError):
        return Broken(f"the certificate is refused: {plain(root.verify_message)}", left, hopeless=True)
    if isinstance(root, TimeoutError) or isinstance(error, requests.Timeout):
        reason = "no answer came in time" if left else "no connection came about in time"
        return Broken(reason, left, late=True)
    if not left and isinstance(error, _MALFORMED):
        return Broken("the address or a header of the request is malformed", left, hopeless=True)
    return Broken(_words(root) if left else f"the connection broke ({type(root).__name__})", left)


def _words(fault: BaseException) -> str:
    """What is wrong with what came back."""
    for kinds, words in _FAULTS:
        if isinstance(fault, kinds):
            return words or str(fault)
    return f"the connection broke ({type(fault).__name__})"


_MALFORMED = (requests.exceptions.InvalidHeader, requests.exceptions.InvalidURL, UnicodeError)
_FAULTS: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...] = (
    (Lengthless, ""),
    (zlib.error, "the answer cannot be unpacked: it is damaged"),
    (ContradictoryHeader, "the answer's headers contradict each other about its length"),
    (ConnectionError, "the connection broke before the answer was complete"),
    (http.client.LineTooLong, "the answer has a header or another line that is too long"),
    ((http.client.BadStatusLine, http.client.UnknownProtocol), "what came is no HTTP that we know"),
    (http.client.IncompleteRead, "the answer was cut, or its chunks are garbage"),
    (http.client.HTTPException, "the answer has too many headers"),
)


def _root(error: BaseException) -> BaseException:
    """The cause below the wrappers: what the system or the HTTP parser raised, if there is one in the chain."""
    seen, queue = [error], [error]
    while queue:
        node = queue.pop(0)
        following = [node.__cause__, node.__context__, getattr(node, "reason", None), *node.args]
        fresh = [n for n in following if isinstance(n, BaseException) and n not in seen]
        seen += fresh
        queue += fresh
    specific = [e for e in seen if isinstance(e, OSError) and not isinstance(e, requests.RequestException)]
    parsed = [e for e in seen if isinstance(e, http.client.HTTPException | ContradictoryHeader | zlib.error)]
    return specific[-1] if specific else parsed[-1] if parsed else error
