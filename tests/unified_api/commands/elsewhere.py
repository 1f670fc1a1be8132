"""A unified API somewhere else, of which a test says word by word what it answers, be it true or not."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tenants.scope import scope
from tests.people import Person
from tests.stub import Desk
from tests.unified_api.api.conftest import Linked
from unified_api.link.linking import Request, link
from unified_api.sync.models import Identity
from unified_api.sync.moments import Moments

KEY = "the key of an organization elsewhere"
#: Status, headers, body.
Answer = tuple[int, dict[str, str], str]
NOTHING: dict[str, Any] = {"common_models": []}


def row(remote_id: Any, record: Any = None, **more: Any) -> dict[str, Any]:
    """A record as it is listed there; with an id of its own if none is given."""
    return {
        "id": str(record or uuid.uuid4()),
        "remote_id": remote_id,
        "created_at": "2026-01-01T00:00:00Z",
        **more,
    }


@dataclass
class Elsewhere:
    """What it has: linked accounts, and what is listed at paths, be it for whichever account.

    scripted: answers by path, each given once before all else. log: what was asked for, with the query.
    """

    accounts: list[dict[str, Any]] = field(default_factory=list)
    tokens: dict[str, str] = field(default_factory=dict)
    rows: dict[str, list[Any]] = field(default_factory=dict)
    objects: dict[str, Any] = field(default_factory=dict)
    scripted: dict[str, list[Answer]] = field(default_factory=dict)
    log: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    url: str = ""

    def account(self, end_user: str = "customer-1", integration: str = "stub", **more: Any) -> uuid.UUID:
        """Another linked account; its token is `token of ` and its id."""
        account_id = uuid.uuid4()
        about = {"end_user_organization_name": "Rabbit & Co", "end_user_email_address": "white@rabbit.test"}
        told = {
            "id": str(account_id),
            "category": "ticketing",
            "status": "COMPLETE",
            "end_user_origin_id": end_user,
            **about,
            "integration": {"name": integration.title(), "slug": integration},
            "account_type": "PRODUCTION",
            "completed_at": "2025-05-05T05:05:05Z",
            **more,
        }
        self.accounts.append(told)
        self.tokens[f"token-of-{account_id}"] = str(account_id)
        return account_id

    def asked(self, path: str) -> list[dict[str, str]]:
        """The queries with which a path was asked for."""
        return [query for there, query in self.log if there == path]

    def answer(self, path: str, query: dict[str, str], token: str | None) -> Answer:
        """What is answered at a path below a category's."""
        self.log.append((path, query))
        if self.scripted.get(path):
            return self.scripted[path].pop(0)
        if path == "linked-accounts":
            test = "TEST" if query["is_test_account"] == "true" else "PRODUCTION"
            category = query["category"]
            mine = [
                a
                for a in self.accounts
                if (a.get("category", category), a["account_type"]) == (category, test)
            ]
            return _page(mine, query)
        if token not in self.tokens:
            return 401, {}, '{"detail": "Invalid account token"}'
        if path == "account-details":
            return 200, {}, json.dumps({"id": self.tokens[token]})
        if path in {"default-scopes", "linked-account-scopes", "field-mappings"}:
            return 200, {}, json.dumps(self.objects.get(path, {} if path == "field-mappings" else NOTHING))
        return _page(self.rows.get(path, []), query)

    def files(self, folder: Path, tokens: list[dict[str, str]] | None = None) -> tuple[str, ...]:
        """The words of a command that name the files of the key and of the tokens."""
        known = [{"linked_account_id": i, "account_token": token} for token, i in self.tokens.items()]
        (folder / "key").write_text(f"{KEY}\n")
        (folder / "tokens").write_text("\n".join(json.dumps(one) for one in tokens or known))
        return ("--key-file", str(folder / "key"), "--accounts", str(folder / "tokens"))

    def words(self, person: Person, folder: Path, *more: str) -> tuple[str, ...]:
        """The words of the command that brings all to a person."""
        to = ("--tenant", str(person.tenant_id), "--url", f"{self.url}/api", "--json")
        return ("import_merge", *to, *self.files(folder), *more)


def accredit(person: Person, desk: Desk) -> Linked:
    """Link the imported account again at the desk, as its end user would."""
    with scope(person.tenant_id):
        made = link(Request("stub", "customer-1", {"base_url": desk.url, "token": desk.token}))
    return Linked(person, made.account, made.token, Moments())


def identities(person: Person) -> dict[str, uuid.UUID]:
    """Ids that were taken over, by remote ids."""
    with person.at_work():
        return dict(Identity.objects.values_list("remote_id", "record_id"))


def _page(rows: list[Any], query: dict[str, str]) -> Answer:
    begin, size = int(query.get("cursor", "0")), int(query["page_size"])
    further = str(begin + size) if begin + size < len(rows) else None
    return 200, {}, json.dumps({"next": further, "previous": None, "results": rows[begin : begin + size]})


@contextmanager
def elsewhere() -> Iterator[Elsewhere]:
    """It runs on loopback."""
    there = Elsewhere()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            path = url.path.split("/v1/", 1)[1]
            known = self.headers["Authorization"] == f"Bearer {KEY}"
            token = self.headers["X-Account-Token"]
            status, headers, body = (
                there.answer(path, dict(parse_qsl(url.query)), token)
                if known
                else (401, {}, '{"detail": "no"}')
            )
            content = body.encode()
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    there.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield there
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
