"""Any call to an account's provider, signed with its credential, and its answer without what was sent to sign.

The credential goes to the account's own address and nowhere else: a call to another host is made without it.
"""

from __future__ import annotations

import base64
import gzip
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlsplit

from django.db import InterfaceError, OperationalError

from integrations.kit import errors
from integrations.kit.auth import Unsigned
from integrations.kit.http import Answer, Http, Patience, Request
from integrations.kit.limiter import Unlimited
from integrations.kit.redaction import Redaction
from integrations.kit.session import fill
from integrations.kit.strict import NotJson, strictly
from integrations.kit.transport import Limits
from tenants.models import LinkedAccount
from unified_api.sync import connect, job

SAFE: Final = frozenset({"GET", "OPTIONS", "HEAD"})
#: Seconds that one call may take, and that it may wait for the account's budget. With the wait for a slot (3 s) they
#: end before the 60 s after which the official clients give up, and perhaps repeat it.
SECONDS: Final = 45.0
_WAIT: Final = 5.0
#: Headers whose values are never repeated.
REDACTED: Final = "<redacted>"


class NoServer(LookupError):
    """The account's integration has no server that could be called."""


class NoAddress(ValueError):
    """What should be the address of a server is none."""


def line(account: LinkedAccount, lease: job.Lease | None = None) -> connect.Line:
    """The way to the account's provider; raises NoServer, UnknownIntegration and what `connect.line` does."""
    provider = connect.adapter_of(account)
    if provider.hosted:
        raise NoServer(f"{provider.name} has no server of its own; there is nothing to call.")
    return connect.line(account, lease)


def perform(way: connect.Line, call: Request, base: str | None = None) -> dict[str, Any]:
    """Make a call and show what came of it, also where a write got no answer.

    base: another address than the account's. Raises NoAddress, and ProviderError where nothing was done.
    """
    http = _http(way, base)
    try:
        return _shown(http.raw(call), call, http.redaction())
    except errors.Uncertain as error:
        return nothing(str(error))
    except (OperationalError, InterfaceError):
        if call.method in SAFE:
            raise
        return nothing("Our database was lost during the call")
    finally:
        http.close()


def nothing(why: str, status: int = 504) -> dict[str, Any]:
    """The form of a write that got no answer. 504 is what a gateway says then."""
    told = {"detail": f"{why}. Look at the provider before you repeat it."}
    return {
        "status": status,
        "response": told,
        "response_headers": {},
        "response_type": "JSON",
        "headers": {},
    }


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of an address; raises NoAddress for what is none, or holds a login."""
    sentence = "an address such as https://host/path is expected, without login, query or fragment"
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    except (ValueError, KeyError) as error:
        raise NoAddress(sentence) from error
    odd = "@" in parts.netloc or {"\\", "?", "#"} & {*url} or not url.isprintable()
    if odd or not parts.hostname or any(sign.isspace() for sign in url):
        raise NoAddress(sentence)
    return parts.scheme, parts.hostname.rstrip("."), port


def _http(way: connect.Line, override: str | None) -> Http:
    """The way to the account's address, or to another one, unsigned."""
    provider, connection = way.client.provider, way.client.connection
    own = way.client.base_url
    base = own if override is None else override
    mine = origin(own) == origin(base)
    headers = {name: fill(text, connection.settings) for name, text in provider.headers.items()}
    # Another host spends nothing of the account's budget, and its wish to be left alone holds up nobody; what it takes
    # for unauthorised says nothing about the token.
    line_of = connection if mine else replace(connection, limiter=Unlimited(), renew=None)
    return Http(
        line_of,
        base_url=base,
        auth=provider.auth if mine else Unsigned(),
        headers=headers if mine else {},
        rate=provider.rate if mine else None,
        narrow=provider.narrow if mine else None,
        limits=Limits(read=SECONDS, total=SECONDS),
        patience=Patience(attempts=1, wait=_WAIT),
        at_home=provider.is_sandbox and override is None,
    )


def _shown(got: Answer, call: Request, without: Redaction) -> dict[str, Any]:
    """The provider's answer in the contract's form, without the account's secrets."""
    content, kind = _content(got.body, without)
    return {
        "status": got.status,
        "response": content,
        "response_headers": without.data(dict(got.headers)),
        "response_type": kind,
        "headers": {**call.headers, "Authorization": REDACTED},
    }


def _content(body: bytes, without: Redaction) -> tuple[Any, str]:
    try:
        return (without.data(strictly(body).data) if body.strip() else None), "JSON"
    except NotJson:
        pass
    clean = without.body(body)
    try:
        return clean.decode(), "JSON"
    except UnicodeDecodeError:
        return base64.b64encode(gzip.compress(clean)).decode(), "BASE64_GZIP"
