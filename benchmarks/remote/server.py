"""The remote's server: answers from a file of pages that were made before anybody asked.

    python -m benchmarks.remote.server RECORDS PAGE_SIZE        prints its port, ends with its standard input

GET /tickets?cursor=after-3&updated_since=…     a page
POST /edition/2                                 from now on the second edition; answered when its pages are made
"""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import sys
import tempfile
from email.utils import formatdate
from typing import BinaryIO
from urllib.parse import parse_qs, urlsplit

from benchmarks.remote import records

_ARGUMENTS = 3


class Listing:
    """The answers of one list, in a file: the pages of a million records need not fit into memory."""

    def __init__(self, count: int, size: int, edition: int, since: dt.datetime | None) -> None:
        self._file: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - open for as long as the listing is
        self._ends = [0]
        for body in records.pages(count, size, edition, since):
            self._file.write(body)
            self._ends.append(self._ends[-1] + len(body))
        self._file.flush()

    def page(self, number: int) -> bytes:
        """The body of one answer; empty for a page that does not exist."""
        if not 0 <= number < len(self._ends) - 1:
            return b""
        first, end = self._ends[number : number + 2]
        return os.pread(self._file.fileno(), end - first, first)


class Remote:
    """What the server serves."""

    def __init__(self, count: int, size: int) -> None:
        self._count, self._size, self._edition = count, size, 0
        self._listings: dict[str, Listing] = {}
        self.answer("GET", "/tickets")

    def answer(self, method: str, target: str) -> bytes:
        """The body of the answer to a request."""
        url = urlsplit(target)
        if method == "POST":
            self._edition = int(url.path.rpartition("/")[2])
            self._listings.clear()
            url = urlsplit("/tickets")
        query = parse_qs(url.query)
        since = query.get("updated_since", [""])[0]
        if since not in self._listings:
            moment = dt.datetime.fromisoformat(since) if since else None
            self._listings[since] = Listing(self._count, self._size, self._edition, moment)
        return self._listings[since].page(int(query.get("cursor", ["after-0"])[0].removeprefix("after-")))


class Protocol(asyncio.Protocol):
    """As much of HTTP/1.1 as clients use that send no bodies."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote
        self._pending = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what answers are written to."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what a TCP server gives
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that has come completely."""
        self._pending += data
        while (end := self._pending.find(b"\r\n\r\n")) >= 0:
            line = self._pending[: self._pending.find(b"\r\n")].decode()
            self._pending = self._pending[end + 4 :]
            method, target, _version = line.split(" ")
            body = self._remote.answer(method, target)
            status = "200 OK" if body else "404 Not Found"
            head = (
                f"HTTP/1.1 {status}\r\nDate: {formatdate(usegmt=True)}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n"
            )
            self._transport.write(head.encode() + body)


async def serve(count: int, size: int) -> None:
    """Serve on loopback until standard input ends."""
    remote = Remote(count, size)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Protocol(remote), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    if len(sys.argv) != _ARGUMENTS:
        sys.exit(__doc__)
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2])))
