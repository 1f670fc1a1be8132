"""A small help desk of our own, over real HTTP on loopback, which misbehaves when it is told to; and its adapter.

Not a judge of adapters (real servers are), but of the shell: it counts what reached it, can apply a write and then
cut the line, answer slowly, or refuse.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import HTTP
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from integrations.kit.auth import Bearer
from integrations.kit.content import Content, Form
from integrations.kit.endpoints import DELETE, GET, PATCH, POST, Api, Check, Download, Upload
from integrations.kit.lenses import at, choice, instant, ref
from integrations.kit.mapping import Mapping
from integrations.kit.paging import ByPage
from integrations.kit.provider import Provider, Resource
from integrations.kit.setting import Setting
from unified_api.models.ticketing import Attachment, Tag, Ticket, User

PAGE = 5
TOKEN = "the stub's own token"

TICKETS = Resource(
    mapping=Mapping(
        Ticket,
        remote_id="id",
        name="title",
        description="text",
        status=choice("state", {"OPEN": "open", "IN_PROGRESS": "busy", "CLOSED": "done"}),
        priority=choice("priority", {"URGENT": "p1", "NORMAL": "p2", "LOW": "p3"}),
        creator=ref("author", create_only=True),
        remote_updated_at=instant("updated", read_only=True),
        merged_into="master",
        gone="deleted",
    ),
    redirects=True,
    list=GET("/tickets", items="items", paging=ByPage(size_param="size", size=PAGE)),
    get=GET("/tickets/{remote_id}", item=""),
    create=POST("/tickets", answer=""),
    update=PATCH("/tickets/{remote_id}", answer=""),
    delete=DELETE("/tickets/{remote_id}"),
    recent=GET("/tickets", items="items", params={"newest": "1"}),
    recognise=("name",),
    required=("name",),
    custom=("x_",),
)
USERS = Resource(
    mapping=Mapping(User, remote_id="id", name="name", email_address="mail"),
    list=GET("/users", items="items", paging=ByPage(size_param="size", size=PAGE)),
    get=GET("/users/{remote_id}", item=""),
)


def _upload(api: Api, body: dict[str, Any], content: Content) -> str:
    told = {name: str(value) for name, value in body.items() if value is not None}
    return str(api.send("POST", "/files", Form(told, "file", body["name"], content))["id"])


#: Not of the desk as such: tests that want files add it.
FILES = Resource(
    mapping=Mapping(
        Attachment,
        remote_id="id",
        file_name="name",
        ticket=ref("ticket", create_only=True),
        content_type="type",
        size=at("size", read_only=True),
        is_private=at("private", read_only=True),
    ),
    list=GET("/files", items="items", paging=ByPage(size_param="size", size=PAGE)),
    get=GET("/files/{remote_id}", item=""),
    create=Upload(_upload),
    update=PATCH("/files/{remote_id}", answer=""),
    delete=DELETE("/files/{remote_id}"),
    download=Download("/files/{remote_id}", address="address"),
    recent=GET("/files", items="items", params={"newest": "1"}),
    recognise=("ticket", "file_name"),
)


TAGS = Resource(
    mapping=Mapping(Tag, remote_id="id", name="name"),
    list=GET("/tags", items="items", paging=ByPage(size_param="size", size=PAGE)),
)
PROVIDER = Provider(
    slug="stub",
    name="Stub",
    category="ticketing",
    settings=(
        Setting("base_url", "address of the stub", kind="url"),
        Setting("token", "token", secret=True),
    ),
    auth=Bearer("token"),
    resources=(TICKETS, USERS, TAGS),
    check=Check(GET("/me", item=""), identity=lambda me, _settings: me["account"]),
)


@dataclass
class Desk:
    """The stub's own store, and how it is to behave."""

    tables: dict[str, dict[str, dict[str, Any]]] = field(
        default_factory=lambda: {"tickets": {}, "users": {}, "tags": {}, "files": {}}
    )
    #: What is in the files, by id, and the signatures with which somebody asked for it.
    blobs: dict[str, bytes] = field(default_factory=dict)
    signatures: list[str | None] = field(default_factory=list)
    log: list[tuple[str, str]] = field(default_factory=list)
    account: str = "stub-1"
    token: str = TOKEN
    #: Statuses to answer instead, one per request, without doing anything.
    refuse: list[int] = field(default_factory=list)
    #: Status to answer to every write.
    refuse_writes: int | None = None
    #: Status to answer to who wants what is in a file.
    refuse_blobs: int | None = None
    #: What it makes of titles that are written.
    spell: Callable[[str], str] = str
    #: Called when a write was carried out, before its answer arrives.
    after_write: Callable[[], object] = int
    #: Writes that are applied and then not answered.
    cut_after_write: int = 0
    #: Ids of merged tickets, and of those that answer in their place.
    redirects: dict[str, str] = field(default_factory=dict)
    #: What lists do not say of their records.
    brief: tuple[str, ...] = ()
    delay: float = 0.0
    numbers: int = 0
    url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, table: str = "tickets", **values: Any) -> str:
        """Put a record in, behind everybody's back."""
        with self.lock:
            self.numbers += 1
            remote_id = str(self.numbers)
            stamp = time.time()
            self.tables[table][remote_id] = {"id": remote_id, "updated": _iso(stamp), **values}
        return remote_id

    def attach(self, ticket: str, name: str, blob: bytes, **values: Any) -> str:
        """Put a file in, behind everybody's back. address: where it is to be had, if not here."""
        told = {"name": name, "ticket": ticket, "type": "text/plain", "size": len(blob), "private": False}
        remote_id = self.add("files", **{**told, **values})
        self.blobs[remote_id] = blob
        self.tables["files"][remote_id].setdefault("address", f"/blobs/{remote_id}")
        return remote_id

    def edit(self, remote_id: str, **values: Any) -> None:
        """Change a ticket, behind everybody's back."""
        with self.lock:
            self.tables["tickets"][remote_id] |= {**values, "updated": _iso(time.time())}

    def merge(self, remote_id: str, into: str, *, redirects: bool) -> None:
        """Merge a ticket into another one, behind everybody's back.

        redirects: who asks for it is given the other one; else it is listed on, and names the other one.
        """
        with self.lock:
            if redirects:
                self.redirects[remote_id] = into
                del self.tables["tickets"][remote_id]
            else:
                self.tables["tickets"][remote_id] |= {"master": into, "updated": _iso(time.time())}

    def writes(self) -> list[tuple[str, str]]:
        """The writing requests that reached it."""
        return [(method, path) for method, path in self.log if method != "GET"]


def _iso(stamp: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(stamp)) + f".{int(stamp % 1 * 1e6):06d}+00:00"


class _Handler(BaseHTTPRequestHandler):
    desk: Desk
    protocol_version = "HTTP/1.1"

    def log_message(self, *_args: Any) -> None:
        """The desk keeps a log of its own."""

    def _serve(self) -> None:
        desk, url = self.desk, urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        body = self._body(self.rfile.read(length))
        desk.log.append((self.command, url.path))
        time.sleep(desk.delay)
        if url.path.startswith("/blobs/"):
            return self._show_blob(url.path.removeprefix("/blobs/"))
        if desk.refuse:
            return self._answer(desk.refuse.pop(0), {"error": "refused by the test"})
        if self.headers.get("Authorization") != f"Bearer {desk.token}":
            return self._answer(401, {"error": "who are you?"})
        if self.command != "GET" and desk.refuse_writes:
            return self._answer(desk.refuse_writes, {"error": "refused by the test"})
        if body and "title" in body:
            body["title"] = desk.spell(body["title"])
        query = {k: v[0] for k, v in parse_qs(url.query).items()}
        status, answer = self._do(url.path.strip("/").split("/"), query, body)
        if self.command != "GET":
            answer = answer and dict(answer)
            desk.after_write()
        if self.command != "GET" and desk.cut_after_write:
            desk.cut_after_write -= 1
            self.close_connection = True
            self.connection.shutdown(2)
            return None
        return self._answer(status, answer)

    do_GET = do_POST = do_PATCH = do_DELETE = _serve  # noqa: N815 - http.server's names

    def _show_blob(self, remote_id: str) -> None:
        self.desk.signatures.append(self.headers.get("Authorization"))
        if self.desk.refuse_blobs:
            return self._answer(self.desk.refuse_blobs, {"error": "refused by the test"})
        return self._send(200, self.desk.blobs[remote_id], "text/plain; charset=utf-8")

    def _body(self, content: bytes) -> Any:
        kind = self.headers.get("Content-Type", "")
        if not kind.startswith("multipart/"):
            return json.loads(content or b"null")
        parts = message_from_bytes(
            f"Content-Type: {kind}\r\n\r\n".encode() + content, policy=HTTP
        ).iter_parts()
        told = {str(p.get_param("name", header="content-disposition")): p for p in parts}
        blob = told.pop("file")
        named = {name: bytes(part.get_payload(decode=True)).decode() for name, part in told.items()}
        return {**named, "blob": blob.get_payload(decode=True), "type": blob.get_content_type()}

    def _do(self, path: list[str], query: dict[str, str], body: Any) -> tuple[int, Any]:
        desk = self.desk
        if path == ["me"]:
            return 200, {"account": desk.account}
        table = desk.tables.get(path[0])
        if table is None:
            return 404, {"error": "no such thing"}
        if self.command == "POST" and path == ["files"]:
            return 201, table[
                desk.attach(body.pop("ticket"), body.pop("name"), body.pop("blob", b""), **body)
            ]
        if self.command == "POST":
            return 201, table[desk.add(path[0], **body)]
        if len(path) == 1:
            rows = _page(table, query)["items"]
            return 200, {"items": [{k: v for k, v in row.items() if k not in desk.brief} for row in rows]}
        return self._one(table, desk.redirects.get(path[1], path[1]), body)

    def _one(self, table: dict[str, Any], remote_id: str, body: Any) -> tuple[int, Any]:
        if remote_id not in table:
            return 404, {"error": "no such record"}
        if self.command == "PATCH":
            table[remote_id] |= {**body, "updated": _iso(time.time())}
        if self.command == "DELETE":
            del table[remote_id]
            return 204, None
        return 200, table[remote_id]

    def _answer(self, status: int, body: Any) -> None:
        self._send(status, b"" if body is None else json.dumps(body).encode(), "application/json")

    def _send(self, status: int, content: bytes, kind: str) -> None:
        self.send_response_only(status)
        self.send_header("Date", formatdate(usegmt=True))
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _page(table: dict[str, Any], query: dict[str, str]) -> dict[str, Any]:
    rows = sorted(table.values(), key=lambda row: int(row["id"]))
    if query.get("newest"):
        return {"items": rows[::-1][:20]}
    first = (int(query.get("page", 1)) - 1) * PAGE
    return {"items": rows[first : first + PAGE]}


@contextmanager
def running() -> Iterator[Desk]:
    """A desk that serves on loopback."""
    desk = Desk()
    handler = type("Handler", (_Handler,), {"desk": desk})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    desk.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield desk
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
