"""Passthrough: any call to the account's provider, signed with its credential.

The credential goes to the account's own address and nowhere else: a call to another host is made without it. What
was sent to sign, and what of it a provider repeats, is never shown. The answer is always 200 with the provider's
inside, also when a write got no answer: a status that clients retry would let it happen twice.
"""

from __future__ import annotations

import base64
import gzip
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlsplit

from django.db import InterfaceError, OperationalError, transaction
from django.http import HttpResponse
from rest_framework.exceptions import NotFound, ParseError
from rest_framework.request import Request

from integrations.kit import errors as kit
from integrations.kit.auth import Secrets, Unsigned, scrub
from integrations.kit.http import Answer, Http, Patience
from integrations.kit.http import Request as Call
from integrations.kit.limiter import Unlimited
from integrations.kit.session import fill
from integrations.kit.strict import NotJson, strictly
from integrations.kit.transport import Limits
from tenants import audit
from unified_api import registry
from unified_api.api import bulkhead
from unified_api.api.account import multipart
from unified_api.api.endpoint import Endpoint
from unified_api.api.errors import Busy, answer, malformed
from unified_api.api.openapi.operation import Operation
from unified_api.api.openapi.schema import ANY, FLAG, TEXT, WHOLE, keyed, many, maybe, named, record, word
from unified_api.sync import connect

METHODS: Final = ("GET", "OPTIONS", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_SAFE: Final = frozenset({"GET", "OPTIONS", "HEAD"})
_TYPES: Final = {"JSON": "application/json", "XML": "application/xml", "MULTIPART": ""}
#: Headers that say where a message goes, how it is framed, or who sends it: not the caller's to say.
_FRAMING: Final = ("content-length", "transfer-encoding", "connection", "te", "trailer", "upgrade", "expect")
_OURS: Final = frozenset([*_FRAMING, "host", "proxy-authorization"])
#: A name with a space at its end would pass for another one here, and not at the provider.
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PLACEHOLDER: Final = re.compile(
    r"\{\{\s*(API_KEY|USERNAME|PASSWORD|API_URL_SUBDOMAIN|LINKED_ACCOUNT_ATTR\.\w+)\s*\}\}"
)
_SECONDS: Final = 55.0


_PART: Final = record(
    {
        "name": TEXT,
        "data": TEXT,
        "encoding": word(*multipart.ENCODINGS),
        "file_name": maybe(TEXT),
        "content_type": maybe(TEXT),
    },
    optional=("encoding", "file_name", "content_type"),
)
_CALL: Final = {
    "method": word(*METHODS),
    "path": TEXT,
    "data": maybe(TEXT),
    "headers": maybe(keyed(TEXT)),
    "request_format": maybe(word(*_TYPES)),
    "multipart_form_data": many(_PART),
    "base_url_override": maybe(TEXT),
    "normalize_response": maybe(FLAG),
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


class Passthrough(Endpoint):
    """POST passthrough."""

    tag = "accounts"
    operations = {
        "post": Operation({200: _ANSWER}, body=record(_CALL, optional={*_CALL} - {"method", "path"}))
    }

    def post(self, _request: Request) -> HttpResponse:
        """Make the call and show what came of it."""
        body = self.body()
        call, base = _call(body), _text(body, "base_url_override")
        if call.method not in _SAFE:
            with transaction.atomic():
                subject, path = str(self.account.id), urlsplit(call.path).path
                audit.record("account.passthrough", subject=subject, method=call.method, path=path)
        with bulkhead.slot(), self._line() as line:
            http = _way(line, base)
            try:
                shown = _shown(http.raw(call), call, line.client.connection.secrets)
            except kit.Uncertain as error:
                shown = _nothing(error)
            except (OperationalError, InterfaceError):
                if call.method in _SAFE:
                    raise
                shown = _nothing(kit.Uncertain("Our database was lost during the call"))
            except kit.RetryLater as error:
                raise Busy(str(error), after=error.after or 5.0) from error
            except kit.ProviderError as error:
                raise ParseError(str(error)) from error
            finally:
                http.close()
        if body.get("normalize_response"):
            shown["response"] = {"type": _type(shown["response"]), "value": shown["response"]}
        return answer({"method": call.method, "path": call.path, **shown})

    def _line(self) -> connect.Line:
        try:
            provider = connect.adapter_of(self.account)
            if provider.hosted:
                raise NotFound(f"{provider.name} has no server of its own; there is nothing to call.")
            return connect.line(self.account)
        except registry.UnknownIntegration as error:
            raise NotFound(str(error)) from error
        except kit.RetryLater as error:
            raise Busy(str(error), after=error.after or connect.LOCKED) from error
        except kit.NeedsReauthorisation as error:
            raise ParseError(str(error)) from error


def _call(body: Mapping[str, Any]) -> Call:
    """The call that a body asks for; raises DRF's ValidationError with the key that is wrong."""
    method, path, data = _text(body, "method"), _text(body, "path"), _text(body, "data")
    if method not in METHODS:
        raise malformed("method", f"one of {', '.join(METHODS)} is expected")
    if path is None:
        raise malformed("path", "This field is required.")
    for name, text in (("path", path), ("data", data or "")):
        if found := _PLACEHOLDER.search(text):
            raise malformed(name, f"{found[0]} is not supported: credentials are added by Isthmus")
    form = _text(body, "request_format") or "JSON"
    if form not in _TYPES:
        raise malformed("request_format", f"one of {', '.join(_TYPES)} is expected")
    headers, content = _headers(body), None if data is None else data.encode()
    if form == "MULTIPART":
        content, kind = multipart.encode(body.get("multipart_form_data"))
        headers["Content-Type"] = kind
    elif content is not None and not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = _TYPES[form]
    return Call(method, path, body=content, headers=headers)


def _headers(body: Mapping[str, Any]) -> dict[str, str]:
    given = body.get("headers") or {}
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


def _way(line: connect.Line, override: str | None) -> Http:
    """The way to the account's address, or to another one, unsigned."""
    provider, connection = line.client.provider, line.client.connection
    own = fill(provider.base_url, connection.settings)
    base = own if override is None else override
    mine = _origin(own) == _origin(base)
    headers = {name: fill(text, connection.settings) for name, text in provider.headers.items()}
    # Another host spends nothing of the account's budget, and its wish to be left alone holds up nobody.
    line_of = connection if mine else replace(connection, limiter=Unlimited())
    return Http(
        line_of,
        base_url=base,
        auth=provider.auth if mine else Unsigned(),
        headers=headers if mine else {},
        rate=provider.rate if mine else None,
        limits=Limits(read=_SECONDS, total=_SECONDS),
        patience=Patience(attempts=1),
    )


def _origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of an address; raises DRF's ValidationError for what is none, or holds a login."""
    sentence = "an address such as https://host/path is expected, without login, query or fragment"
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    except (ValueError, KeyError) as error:
        raise malformed("base_url_override", sentence) from error
    odd = "@" in parts.netloc or {"\\", "?", "#"} & {*url} or not url.isprintable()
    if odd or not parts.hostname or any(sign.isspace() for sign in url):
        raise malformed("base_url_override", sentence)
    return parts.scheme, parts.hostname.rstrip("."), port


def _shown(got: Answer, call: Call, secrets: Secrets) -> dict[str, Any]:
    """The provider's answer in the contract's form, without the account's secrets."""
    content, kind = _content(got.body)
    return {
        "status": got.status,
        "response": _clean(content, secrets),
        "response_headers": _clean(dict(got.headers), secrets),
        "response_type": kind,
        "headers": {**call.headers, "Authorization": "<redacted>"},
    }


def _nothing(error: kit.ProviderError) -> dict[str, Any]:
    """The form of a write that got no answer. 504 is what a gateway says then."""
    told = {"detail": f"{error}. Look at the provider before you repeat it."}
    return {"status": 504, "response": told, "response_headers": {}, "response_type": "JSON", "headers": {}}


def _content(body: bytes) -> tuple[Any, str]:
    try:
        return (strictly(body).data if body.strip() else None), "JSON"
    except NotJson:
        pass
    try:
        return body.decode(), "JSON"
    except UnicodeDecodeError:
        return base64.b64encode(gzip.compress(body)).decode(), "BASE64_GZIP"


def _clean(value: Any, secrets: Secrets) -> Any:
    """The value with secrets cut out of every text in it."""
    if isinstance(value, str):
        return scrub(value, secrets)
    if isinstance(value, dict):
        return {scrub(name, secrets): _clean(inner, secrets) for name, inner in value.items()}
    return [_clean(inner, secrets) for inner in value] if isinstance(value, list) else value


def _type(value: Any) -> str:
    kinds = {bool: "boolean", int: "number", float: "number", str: "string", list: "array", dict: "object"}
    return kinds.get(type(value), "null")
