"""Passthrough: any call to the account's provider, signed with its credential, now or by a worker.

What was sent to sign, and what of it a provider repeats, is never shown. The answer is always 200 with the provider's
inside, also when a write got no answer: a status that clients retry would let it happen twice.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.http import HttpResponse
from rest_framework.exceptions import NotFound, ParseError
from rest_framework.request import Request

from integrations.kit import errors as kit
from integrations.kit.http import Request as Call
from tenants import audit
from unified_api import registry
from unified_api.api import bodies, bulkhead
from unified_api.api.account import multipart, placeholders
from unified_api.api.endpoint import Endpoint
from unified_api.api.errors import Busy, TooSlow, answer, malformed
from unified_api.api.openapi.operation import Operation, answers
from unified_api.api.openapi.refusals import REFUSAL
from unified_api.api.openapi.schema import (
    ANY,
    ID,
    TEXT,
    WHOLE,
    Schema,
    keyed,
    many,
    maybe,
    named,
    record,
    word,
)
from unified_api.api.reading import parse_id
from unified_api.sync import async_passthrough, connect, passthrough

METHODS: Final = ("GET", "OPTIONS", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_TYPES: Final = {"JSON": "application/json", "XML": "application/xml", "MULTIPART": ""}
#: Headers that say where a message goes, how it is framed, or who sends it: not the caller's to say.
_FRAMING: Final = ("content-length", "transfer-encoding", "connection", "te", "trailer", "upgrade", "expect")
_OURS: Final = frozenset([*_FRAMING, "host", "proxy-authorization"])
#: A name with a space at its end would pass for another one here, and not at the provider.
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


_PART: Final = record(
    {
        "name": TEXT,
        "data": TEXT,
        "encoding": maybe(word(*multipart.ENCODINGS)),
        "file_name": maybe(TEXT),
        "content_type": maybe(TEXT),
    },
    optional=("encoding", "file_name", "content_type"),
)
_NORMALIZED: Final = bodies.maybe_flag("normalize_response", "Show the answer with its type.")
_CALL: Final = {
    "method": word(*METHODS),
    "path": TEXT,
    "data": maybe(TEXT),
    "headers": maybe({**keyed(TEXT), "propertyNames": {"pattern": f"^{_TOKEN.pattern}$"}}),
    "request_format": maybe(word(*_TYPES)),
    "multipart_form_data": maybe({**many(_PART), "minItems": 1}),
    "base_url_override": maybe(TEXT),
    _NORMALIZED.name: _NORMALIZED.schema,
}
_ANSWER: Final = named(
    "RemoteResponse",
    record(
        {
            "method": TEXT,
            "path": TEXT,
            "status": WHOLE,
            "response": ANY,
            "response_headers": keyed(ANY),
            "response_type": word("JSON", "BASE64_GZIP"),
            "headers": keyed(TEXT),
        }
    ),
)


#: What is sent as multipart has parts.
_PARTED: Final = (
    {"properties": {"request_format": {"enum": [None, *(form for form in _TYPES if form != "MULTIPART")]}}},
    {"properties": {"multipart_form_data": {"type": "array"}}, "required": ["multipart_form_data"]},
)
_BODY: Final[Schema] = {
    **record(_CALL, optional={*_CALL} - {"method", "path"}),
    "anyOf": list(_PARTED),
}
_RECEIPT: Final = named("AsyncPassthroughReceipt", record({"async_passthrough_receipt_id": ID}))


_SLOW: Final = (
    "By async-passthrough a worker makes the same call, several times if need be, while nobody waits for it."
)


class Calling(Endpoint):
    """A URL by which a call of the provider is asked for."""

    tag = "accounts"

    def asked_for(self, body: Mapping[str, Any]) -> tuple[Call, str | None]:
        """The call that a body asks for, and another address than the account's, if it names one."""
        call, base = _call(placeholders.fill(body, self.account)), _text(body, "base_url_override")
        if base is not None:
            try:
                passthrough.origin(base)
            except passthrough.NoAddress as error:
                raise malformed("base_url_override", str(error)) from error
        return call, base

    def put_on_record(self, call: Call) -> None:
        """Calls that may change something are in the audit trail; within the transaction that is open."""
        if call.method not in passthrough.SAFE:
            path = urlsplit(call.path).path
            audit.record("account.passthrough", subject=str(self.account.id), method=call.method, path=path)


class Passthrough(Calling):
    """POST passthrough."""

    operations = {"post": Operation({200: _ANSWER, 408: REFUSAL}, body=_BODY)}

    def post(self, _request: Request) -> HttpResponse:
        """Make the call and show what came of it."""
        body = self.body()
        call, base = self.asked_for(body)
        is_normalized = _NORMALIZED.of(body)
        with transaction.atomic():
            self.put_on_record(call)
        with bulkhead.slot(), self._line() as line:
            try:
                shown = passthrough.perform(line, call, base)
            except kit.Late as error:
                raise TooSlow(f"{error}. {_SLOW}") from error
            except kit.RetryLater as error:
                raise Busy(str(error), after=error.after or 5.0) from error
            except kit.ProviderError as error:
                raise ParseError(str(error)) from error
        if is_normalized:
            shown["response"] = async_passthrough.normalized(shown["response"])
        return answer({"method": call.method, "path": call.path, **shown})

    def _line(self) -> connect.Line:
        try:
            return passthrough.line(self.account)
        except (registry.UnknownIntegration, passthrough.NoServer) as error:
            raise NotFound(str(error)) from error
        except kit.RetryLater as error:
            raise Busy(str(error), after=error.after or connect.LOCKED) from error
        except kit.NeedsReauthorisation as error:
            raise ParseError(str(error)) from error


class AsyncPassthrough(Calling):
    """POST async-passthrough."""

    operations = {"post": Operation({200: _RECEIPT}, body=_BODY)}

    def post(self, _request: Request) -> HttpResponse:
        """Have a worker make the call; the receipt with which its answer is fetched."""
        body = self.body()
        call, base = self.asked_for(body)
        is_normalized = _NORMALIZED.of(body)
        if connect.is_hosted(self.account):
            raise NotFound("The account's integration has no server of its own; there is nothing to call.")
        receipt = uuid.uuid4()
        enter = partial(self._enter, receipt, call, base, normalized=is_normalized)
        try:
            enter()
        except (OperationalError, InterfaceError):
            # It may have been stored all the same; of a 500 a client would make a second call.
            with suppress(OperationalError, InterfaceError, IntegrityError):
                enter()
        return answer({"async_passthrough_receipt_id": str(receipt)})

    def _enter(self, receipt: uuid.UUID, call: Call, base: str | None, *, normalized: bool) -> None:
        """Have the call made; raises IntegrityError where it was stored before, and database errors."""
        with transaction.atomic():
            self.put_on_record(call)
            async_passthrough.enter(self.account, receipt, call, base, normalized=normalized)


class AsyncPassthroughAnswer(Endpoint):
    """GET async-passthrough/{receipt}."""

    tag = "accounts"
    operations = {"get": answers(_ANSWER)}

    def get(self, _request: Request, async_passthrough_receipt_id: str) -> HttpResponse:
        """What came of the call; 404 until it is known, and once it was kept for a week."""
        receipt = parse_id(async_passthrough_receipt_id)
        with transaction.atomic():
            try:
                found = async_passthrough.answer_of(self.account, receipt)
            except LookupError as error:
                raise NotFound(str(error)) from error
        if found is None:
            raise NotFound("The call is still under way; ask again in a few seconds.")
        return answer(found)


def _call(body: Mapping[str, Any]) -> Call:
    """The call that a body asks for; raises DRF's ValidationError with the key that is wrong."""
    method, path, data = _text(body, "method"), _text(body, "path"), _text(body, "data")
    if method not in METHODS:
        raise malformed("method", f"one of {', '.join(METHODS)} is expected")
    if path is None:
        raise malformed("path", "This field is required.")
    given = _text(body, "request_format")
    form = "JSON" if given is None else given
    if form not in _TYPES:
        raise malformed("request_format", f"one of {', '.join(_TYPES)} is expected")
    headers, content = _headers(body), None if data is None else data.encode()
    parts = body.get("multipart_form_data")
    encoded = multipart.encode(parts) if parts is not None or form == "MULTIPART" else (b"", "")
    if form == "MULTIPART":
        content, headers["Content-Type"] = encoded
    elif content is not None and not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = _TYPES[form]
    return Call(method, path, body=content, headers=headers)


def _headers(body: Mapping[str, Any]) -> dict[str, str]:
    given = {} if body.get("headers") is None else body["headers"]
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise malformed("headers", "an object of strings is expected")
    if odd := sorted(name for name in given if not _TOKEN.fullmatch(name)):
        raise malformed("headers", f"{odd[0]!r} is no name of a header")
    if ours := sorted(name for name in given if name.lower() in _OURS):
        raise malformed("headers", f"{', '.join(ours)} cannot be set")
    return dict(given)


def _text(body: Mapping[str, Any], name: str) -> str | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise malformed(name, "a string is expected")
    return value
