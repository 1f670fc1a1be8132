"""Requests of a client library that is not ours, led only where requests of this installation may go.

The library speaks through httpx, to which this is a transport: names are resolved by the same guard as those of
providers, and the connection goes to the address that was judged, under the name that was asked for.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import Any, Final

import httpx

TIMEOUT: Final = httpx.Timeout(60.0, connect=10.0)
#: Bytes of one answer.
LARGEST: Final = 32_000_000
_PORTS: Final = {"http": 80, "https": 443}


class Closed(httpx.TransportError):
    """A request that may not leave; asking again changes nothing."""


class GuardedTransport(httpx.HTTPTransport):
    """Connects to addresses that a guard opens, in clear text to private ones only."""

    def __init__(self, guard: Any, public: Any) -> None:
        trusted = ssl.create_default_context(cafile=guard.ca_file) if guard.ca_file else True
        super().__init__(verify=trusted, trust_env=False)
        self._guard, self._public = guard, public

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request to the first of the addresses that takes it."""
        url = request.url
        request.headers["Accept-Encoding"] = "identity"  # so that what is counted is what is held
        failed: httpx.ConnectError | None = None
        for address in self._addresses(url):
            request.url = url.copy_with(host=address)
            request.extensions = {**request.extensions, "sni_hostname": url.host}
            try:
                response = super().handle_request(request)
            except httpx.ConnectError as error:
                if "CERTIFICATE_VERIFY_FAILED" in str(error):
                    raise Closed(f"the certificate of {url.host} is refused: {error}") from error
                failed = error
                continue
            if (encoding := response.headers.get("Content-Encoding", "identity")) != "identity":
                response.close()
                raise Closed(f"{url.host} answers in the encoding {encoding[:40]!r}, which was not asked for")
            # Of either kind by its type, of the one that this transport makes in fact.
            stream: Any = response.stream
            response.stream = _Bounded(stream)
            return response
        raise failed or httpx.ConnectError(f"{url.host} has no address")

    def _addresses(self, url: httpx.URL) -> list[str]:
        port = url.port or _PORTS.get(url.scheme, 0)
        try:
            targets = self._guard.targets(url.host, port)
            if url.scheme == "http" and self._is_public(url.host, port):
                raise Closed(f"{url.host} would get the API key in clear text; give its address with https")
        except OSError as error:
            raise Closed(f"{url.host} cannot be called: {error}") from error
        return [str(address[0]) for _, address in targets]

    def _is_public(self, host: str, port: int) -> bool:
        try:
            self._public.targets(host, port)
        except OSError:
            return False
        return True


class _Bounded(httpx.SyncByteStream):
    """The bytes of an answer, as long as they are not too many."""

    def __init__(self, stream: httpx.SyncByteStream) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        seen = 0
        for chunk in self._stream:
            seen += len(chunk)
            if seen > LARGEST:
                raise httpx.ReadError(f"an answer has more than {LARGEST:,} bytes")
            yield chunk

    def close(self) -> None:
        """Let the connection go."""
        self._stream.close()
