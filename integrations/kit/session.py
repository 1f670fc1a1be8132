"""A provider's API for one account, as adapters and the client use it.

Templates filled in, answers decoded.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from integrations.kit.content import Spool
from integrations.kit.decoding import joined, records_of
from integrations.kit.endpoints import GET, Download, Find, Table, Write
from integrations.kit.errors import (
    SHAPELESS,
    Forbidden,
    Gone,
    Misconfigured,
    Rejected,
    RetryLater,
    Uncertain,
)
from integrations.kit.http import Answer, Http, Request
from integrations.kit.observation import Connection
from integrations.kit.paging import Turn
from integrations.kit.paths import MISSING, dig
from integrations.kit.provider import Provider
from integrations.kit.strict import Decoded, flaw

#: Of what describes records, so many pages are read.
MOST_PAGES_OF_ITEMS = 100
#: A file comes as it is, whatever it is.
_ANYTHING = {"Accept": "*/*"}


class Session:
    """See `endpoints.Api`, whose methods are these; and the account's own words, each table read once."""

    def __init__(self, provider: Provider, connection: Connection, http: Http) -> None:
        self.provider = provider
        self.settings = connection.settings
        self.http = http
        self._tables: dict[str, dict[str, str]] = {}
        self._told: Mapping[str, str] = {}

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """The decoded answer of a GET."""
        return _whole(self.call(Request("GET", path, params or {})), f"GET {path}")

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        repeatable: bool = False,
    ) -> Any:
        """The decoded answer of a write; raises Uncertain when its outcome is not known."""
        request = Request(method, path, body=body, headers=headers or {}, repeatable=repeatable)
        return self.call(request)[1].data

    def ask(self, path: str, question: Any) -> Any:
        """The decoded answer of a read that is asked for by POST."""
        return _whole(self.call(Request("POST", path, body=question, repeatable=True)), f"POST {path}")

    def now(self) -> datetime:
        """The moment, in UTC."""
        return self.http.connection.clock()

    def etag(self, path: str) -> str:
        """The ETag that a GET of this path answers with."""
        answer, _decoded = self.call(Request("GET", path))
        found = answer.headers.get("ETag")
        if not found:
            raise Misconfigured(
                "the provider names no ETag, without which it cannot be written to", request=f"GET {path}"
            )
        return str(found)

    def call(self, request: Request) -> tuple[Answer, Decoded]:
        """A success and its decoded body; raises ProviderError."""
        told = self.provider
        answered = self.http.json(request, faults=told.faults, refuse=told.refuse, reason=told.reason)
        self._told = answered[0].headers
        return answered

    def read(self, endpoint: GET, extra: Mapping[str, str], **facts: str) -> tuple[Answer, Decoded]:
        """A read with its templates filled in. extra: further query parameters."""
        names = {**self.settings, **facts}
        params = {**{key: filled(told, names) for key, told in endpoint.params.items()}, **extra}
        if endpoint.of in params:
            names[endpoint.of] = str(params.pop(endpoint.of))
        path = fill_path(endpoint.path, names)
        if endpoint.body is None:
            asked = endpoint.query(params) if endpoint.query else params
            return self.call(Request("GET", path, asked))
        told = {name: word for name in endpoint.told for word in self.known(name)[:1]}
        return self.call(Request("POST", path, body=endpoint.body({**told, **params}), repeatable=True))

    def items(self, endpoint: GET) -> Iterator[Any]:
        """What a list has that is not one of records: bounded, and from its beginning."""
        state: dict[str, Any] | None = None
        for _number in range(endpoint.pages or MOST_PAGES_OF_ITEMS):
            paging = endpoint.paging.params(state) if endpoint.paging else {}
            answer, decoded = self.read(endpoint, paging)
            found = records_of(endpoint, decoded, status=answer.status)
            yield from joined(endpoint.then, self, found)[0] if endpoint.then else found
            turn = Turn(decoded.data, answer.headers, len(found))
            state = endpoint.paging.next(state, turn) if endpoint.paging else None
            if state is None:
                return

    @contextmanager
    def surely(self) -> Iterator[None]:
        """Take a 404 for "it is gone" only where the credential still sees the account; else raise Forbidden."""
        try:
            yield
        except Gone as gone:
            if self.provider.hides and gone.status == HTTPStatus.NOT_FOUND:
                self._look(gone)
            raise

    def _look(self, gone: Gone) -> None:
        try:
            self.read(self.provider.check.get, {})
        except Gone as hidden:
            told = (
                "the credential does not see the account any more, so that nobody knows whether this is there"
            )
            raise Forbidden(
                told, request=gone.request, status=hidden.status, detail=hidden.detail
            ) from hidden

    def condition(self, endpoint: Write, **facts: str) -> str | None:
        """The ETag that a conditional write has to name, as it is now; None for any other write."""
        path = fill_path(endpoint.path, {**self.settings, **facts})
        return self.etag(path) if endpoint.conditional else None

    def write(
        self, endpoint: Write, body: Any, *, condition: str | None = None, **facts: str
    ) -> tuple[Answer, Decoded]:
        """A write with its templates filled in. condition: an ETag. Raises Uncertain, also where it may be repeated."""
        names = {**self.settings, **facts}
        headers = {"If-Match": condition} if condition else {}
        headers |= {endpoint.key: uuid.uuid4().hex} if endpoint.key else {}
        path = fill_path(endpoint.path, names)
        body = _nulls(body, endpoint.null)
        request = Request(endpoint.method, path, body=body, headers=headers, repeatable=endpoint.may_repeat)
        try:
            return self.call(request)
        except RetryLater as error:
            if not error.left:
                raise
            raise Uncertain(
                f"nobody knows whether this was carried out: {error.message}",
                request=error.request,
                status=error.status,
                detail=error.detail,
            ) from error

    def one(self, endpoint: GET, remote_id: str) -> tuple[Answer, Decoded, Any]:
        """The record that a read by id finds; raises Gone."""
        if endpoint.find is not None:
            return self._found(endpoint, endpoint.find, remote_id)
        with self.surely():
            answer, decoded = self.read(endpoint, {}, remote_id=remote_id)
        found = dig(decoded.data, endpoint.items if endpoint.first else endpoint.item)
        items = found if endpoint.first else [found]
        if not isinstance(items, list) or found is MISSING:
            raise Misconfigured(
                "the answer does not have the shape of a record", request=f"GET {endpoint.path}"
            )
        there = [item for item in items[:1] if item is not None]
        if decoded.flawed and (doubt := flaw(there)):
            raise Misconfigured(f"the record does not map: {doubt}", request=f"GET {endpoint.path}")
        if there and endpoint.then:
            with beside("something that belongs to the record"):
                there, odd = joined(endpoint.then, self, there)
            if odd:
                raise Misconfigured(odd[0].reason, request=f"GET {endpoint.path}")
        if not there:
            raise Gone("there is no such record at the provider any more", request=f"GET {endpoint.path}")
        return answer, decoded, there[0]

    def _found(self, endpoint: GET, find: Find, remote_id: str) -> tuple[Answer, Decoded, Any]:
        started, self._told = self.http.connection.moments(), {}
        try:
            with self.surely():
                found = find(self, remote_id)
        except SHAPELESS as error:
            raise Misconfigured(
                "an answer on the way did not have the shape that is documented",
                request=f"GET {endpoint.path}",
            ) from error
        if found is None:
            raise Gone("there is no such record at the provider any more", request=f"GET {endpoint.path}")
        answer = Answer(HTTPStatus.OK, self._told, b"", started, self.http.connection.moments())
        return answer, Decoded(found), found

    def fetch(self, where: Download, remote_id: str, into: Spool) -> str:
        """Bring the bytes of a file, whose media type it is told."""
        path = fill_path(where.path, {**self.settings, "remote_id": remote_id})
        if where.address is None:
            return self.bring(Request("GET", path, headers=_ANYTHING), into)
        address = dig(self.get(path), where.address)
        if not isinstance(address, str) or not address:
            raise Misconfigured("the answer does not say where the file is", request=f"GET {where.path}")
        return self.bring(Request("GET", "", headers=_ANYTHING, address=address), into)

    def bring(self, request: Request, into: Spool) -> str:
        """Bring what is answered; its media type."""
        told = self.http.fetch(request, into, refuse=self.provider.refuse).headers.get("Content-Type", "")
        return told.partition(";")[0].strip().lower()

    def key(self, table: str, word: str) -> str | None:
        """The id of a word, None when the account does not have it."""
        return self._table(table).get(word)

    def known(self, table: str) -> list[str]:
        """All words of a table."""
        return list(self._table(table))

    def _table(self, name: str) -> dict[str, str]:
        if name not in self._tables:
            with beside(f"its list of {name}"):
                self._tables[name] = self._load(self.provider.tables[name])
        return self._tables[name]

    def _load(self, table: Table) -> dict[str, str]:
        pairs = ((dig(row, table.word), dig(row, table.key)) for row in self.items(table.get))
        return {
            str(word): str(key)
            for word, key in pairs
            if word not in (None, MISSING) and key not in (None, MISSING)
        }


@contextmanager
def beside(what: str) -> Iterator[None]:
    """A 404 about something beside the record that is read or written says nothing about that: Forbidden, not Gone."""
    try:
        yield
    except Gone as gone:
        raise Forbidden(
            f"the provider does not show {what}, without which this cannot be read or written",
            request=gone.request,
            status=gone.status,
            detail=gone.detail,
        ) from gone


def fill(template: str, names: Mapping[str, str]) -> str:
    """A template with names in it; a name that is not known is empty."""
    return template.format_map(defaultdict(str, names))


def filled(template: str | tuple[str, ...], names: Mapping[str, str]) -> str | list[str]:
    """The same for a parameter, which may be repeated."""
    return fill(template, names) if isinstance(template, str) else [fill(one, names) for one in template]


def fill_path(template: str, names: Mapping[str, str]) -> str:
    """The same for a path: every value is percent-encoded, and none of them can be a step up."""
    safe = {key: quote(str(value), safe="") for key, value in names.items()}
    wrong = [key for key, value in safe.items() if f"{{{key}}}" in template and value in {"", ".", ".."}]
    if wrong:
        raise Rejected(
            "this cannot be part of an address", fields={key: f"is {names[key]!r}" for key in wrong}
        )
    return fill(template, safe)


def _whole(answered: tuple[Answer, Decoded], request: str) -> Any:
    """The data of an answer that an adapter's function will look into anywhere."""
    answer, decoded = answered
    if decoded.flawed:
        raise RetryLater(
            f"the answer is something that we cannot take: {flaw(decoded.data)}",
            left=True,
            request=request,
            status=answer.status,
        )
    return decoded.data


def _nulls(body: Any, null: Any) -> Any:
    if null is None or not isinstance(body, dict):
        return body
    return {key: null if value is None else value for key, value in body.items()}
