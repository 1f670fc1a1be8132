"""Tickets over HTTP, by desk. One thread, no framework: some ten thousand requests a second.

GET   /DESK/tickets                    pages by cursor: after=, size=, since=
GET   /DESK/tickets?title=…            those of exactly this title
POST  /DESK/tickets     GET and PATCH /DESK/tickets/ID
GET   /endless-N/tickets               a list of N tickets that are made up while they are asked for
POST  /DESK/_fill       {"count", "first", "age"}   tickets changed a second apart, the last so long ago
POST  /DESK/_edit       {"ids", "text"}             edited behind everybody's back
GET   /DESK/_writes     [[method, id, seconds since the epoch]]
GET   /DESK/_texts      {title: text}
"""

from __future__ import annotations

import asyncio
import datetime as dt
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from email.utils import formatdate
from itertools import islice
from typing import Any
from urllib.parse import parse_qs

import orjson

Ticket = dict[str, Any]
SIZE = 200


def _moment(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat()


class Desk:
    """Tickets of one desk; `rows` is kept in the order of their last change."""

    def __init__(self) -> None:
        self.rows: dict[str, Ticket] = {}
        self.ids: list[str] = []
        self.titles: defaultdict[str, set[str]] = defaultdict(set)
        self.writes: list[tuple[str, str, float]] = []

    def put(self, row: Ticket, moment: str) -> Ticket:
        """Store a ticket as changed at that moment, which is none before any other's."""
        number = row["id"]
        if (old := self.rows.pop(number, None)) is None:
            self.ids.append(number)
        else:
            self.titles[old["title"]].discard(number)
        self.titles[row["title"]].add(number)
        self.rows[number] = {**row, "updated": moment}
        return self.rows[number]

    def make(self, body: Ticket, moment: str) -> Ticket:
        """A new ticket."""
        empty = {"title": "", "text": None, "state": "open", "priority": None}
        return self.put({**empty, **body, "id": str(len(self.ids) + 1)}, moment)

    def since(self, moment: str) -> Iterator[Ticket]:
        """Tickets changed since then, newest first."""
        for row in reversed(self.rows.values()):
            if row["updated"] < moment:
                return
            yield row

    def page(self, query: dict[str, str]) -> Any:
        """A page of the list, or what a search finds."""
        if (title := query.get("title")) is not None:
            return {"items": [self.rows[i] for i in sorted(self.titles.get(title, ()))][:20], "next": None}
        first, size = int(query.get("after", 0)), int(query.get("size", SIZE))
        if since := query.get("since"):
            found = list(islice(self.since(since), first, first + size))
        else:
            found = [self.rows[i] for i in self.ids[first : first + size]]
        return {"items": found, "next": first + size if len(found) == size else None}


def endless(count: int, query: dict[str, str]) -> Any:
    """A page of a list that nobody stored; every reading of it differs from the one before."""
    first, size = int(query.get("after", 0)), int(query.get("size", SIZE))
    now = _moment(time.time())
    row = {
        "state": "open",
        "priority": "p2",
        "text": f"As of {now}. " + "It is on fire. " * 20,
        "updated": now,
    }
    items = [{"id": str(i), "title": f"Ticket {i}", **row} for i in range(first, min(first + size, count))]
    return {"items": items, "next": first + size if first + size < count else None}


def _fill(desk: Desk, order: dict[str, Any]) -> int:
    now, last = time.time(), order["first"] + order["count"]
    for number in range(order["first"], last):
        moment = _moment(now - order["age"] - (last - number))
        text = f"The text of ticket {number}. " + "It is on fire, and somebody should see to it. " * 5
        desk.make({"title": f"Ticket {number}", "text": text, "priority": "p2"}, moment)
    return len(desk.ids)


def _edit(desk: Desk, order: dict[str, Any]) -> float:
    now = time.time()
    for number in order["ids"]:
        desk.put({**desk.rows[number], "text": f"{order['text']} {number}"}, _moment(now))
    return now


def _writes(desk: Desk, _order: Any) -> Any:
    return desk.writes


def _texts(desk: Desk, _order: Any) -> Any:
    return {row["title"]: row["text"] for row in desk.rows.values()}


ORDERS: dict[str, Callable[[Desk, Any], Any]] = {
    "_fill": _fill,
    "_edit": _edit,
    "_writes": _writes,
    "_texts": _texts,
}
DESKS: defaultdict[str, Desk] = defaultdict(Desk)


def answer(method: str, target: str, body: Any) -> tuple[int, Any]:
    """Status and content of the answer to one request."""
    path, _, text = target.partition("?")
    query = {name: found[0] for name, found in parse_qs(text).items()} if text else {}
    name, what, *rest = path.strip("/").split("/")
    if what == "me":
        return 200, {"account": name}
    if name.startswith("endless-"):
        return 200, endless(int(name.split("-")[1]), query)
    desk = DESKS[name]
    if what in ORDERS:
        return 200, ORDERS[what](desk, body)
    return _ticket(desk, method, rest, body) if rest or method == "POST" else (200, desk.page(query))


def _ticket(desk: Desk, method: str, rest: list[str], body: Any) -> tuple[int, Any]:
    if rest and rest[0] not in desk.rows:
        return 404, {"error": "no such ticket"}
    if method == "GET":
        return 200, desk.rows[rest[0]]
    now = time.time()
    row = desk.put({**desk.rows[rest[0]], **body}, _moment(now)) if rest else desk.make(body, _moment(now))
    desk.writes.append((method, row["id"], now))
    return 200, row


class Connection(asyncio.Protocol):
    """One kept-alive connection; requests come one after the other."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self.transport = transport
        self.held = b""

    def data_received(self, data: bytes) -> None:
        """Answer every request that is complete."""
        self.held += data
        while (end := self.held.find(b"\r\n\r\n")) >= 0:
            head = self.held[:end]
            length = _length(head)
            if len(self.held) < end + 4 + length:
                return
            content = self.held[end + 4 : end + 4 + length]
            self.held = self.held[end + 4 + length :]
            method, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
            self._reply(*answer(method, target, orjson.loads(content) if content else None))

    def _reply(self, status: int, content: Any) -> None:
        body = orjson.dumps(content)
        head = (
            f"HTTP/1.1 {status} -\r\nDate: {formatdate(usegmt=True)}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self.transport.write(head.encode() + body)  # type: ignore[attr-defined] # of a stream it is a WriteTransport


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line[15:])
    return 0


async def serve() -> None:
    """Serve on a free port of loopback, which is printed, until standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve())
