"""Requests of one account.

Signed, paced, guarded, retried where that is safe, logged without what is secret.

    Request ─▶ limiter ─▶ sign ─▶ moment `started` ─▶ wire ─▶ moment `arrived` ─▶ verdict ─▶ Answer or error
       ▲                                                                             │
       └──────────────── full jitter, or Retry-After, on RetryLater ─────────────────┘

RetryLater means that nothing happened, so it is what is repeated here; everything else goes to the caller at
once.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

import requests
import structlog

from integrations.kit import bodies, verdict
from integrations.kit.addresses import below, elsewhere, follow, told
from integrations.kit.auth import Auth, Secrets, Signature, redaction
from integrations.kit.breaks import Broken
from integrations.kit.budgets import Budgets
from integrations.kit.content import Spool
from integrations.kit.errors import (
    SHAPELESS,
    Misconfigured,
    NeedsReauthorisation,
    ProviderError,
    Rejected,
    RetryLater,
)
from integrations.kit.guard import Guard
from integrations.kit.limiter import Rate
from integrations.kit.observation import Connection
from integrations.kit.redaction import Redaction
from integrations.kit.strict import Decoded, NotJson, TooMuch, plain
from integrations.kit.transport import SUCCESS, Limits, Reply, Way, Wire

log = structlog.get_logger(__name__)

#: From status, decoded body (or text) and headers to the error that it means here; None: as the kit reads it.
Refuse = Callable[[int, Any, Mapping[str, str]], ProviderError | int | None]
#: By path and headers of a 429, whether it met a limit of its own.
Narrow = Callable[[str, Mapping[str, str]], bool]
_READS = frozenset({"GET", "HEAD"})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
#: Statuses with which a whole file comes.
_FILES = frozenset({200, 203})
_MAX_REDIRECTS = 5
_HEADERS = {"Accept-Encoding": "gzip, deflate", "Accept": "application/json", "User-Agent": "Isthmus"}
#: Seconds that a provider is left alone that keeps asking to be called again at once.
_SOONEST = 2.0
#: Of a body that is no JSON: how many bytes are shown, and in how many secrets are looked for, since one that is cut
#: in two is not found.
_SHOWN = 1000
_SEARCHED = 1024 * 1024


@dataclass(frozen=True)
class Request:
    """A call below the account's base address.

    body: what is sent as JSON, a form with a file, a file, or bytes as they are. address: where a file is, as the
    provider named it, in place of the path; only on the account's own origin it is called as the account. strange:
    somebody else named that address, so that it is never called as the account.
    """

    method: str
    path: str
    params: Mapping[str, Any] = field(default_factory=dict, repr=False)
    body: Any = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    repeatable: bool = False
    address: str = field(default="", repr=False)
    strange: bool = False

    @property
    def safe(self) -> bool:
        """Whether it may leave twice."""
        return self.repeatable or self.method in _READS

    @property
    def name(self) -> str:
        """Method and path, for logs and errors; never the query, and of an address only the host."""
        return f"{self.method} {_host(self.address) or urlsplit(self.path or self.address).path}"


@dataclass(frozen=True)
class Answer:
    """A complete answer, and the moments around the exchange that brought it.

    own: whether the account's own origin gave it, to a signed request; what another host says is not about the account.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    started: int
    arrived: int
    own: bool = True

    @property
    def date(self) -> datetime | None:
        """When it left, by the provider's clock; None where that is not told."""
        try:
            moment = parsedate_to_datetime(self.headers.get("Date", ""))
            return moment.astimezone(UTC) if moment.tzinfo else None
        except (ValueError, TypeError, OverflowError):
            return None


@dataclass(frozen=True)
class Patience:
    """Attempts of one request; seconds of the first backoff, and at most so many of waiting here in all.

    total: seconds after which no further attempt begins, however they went by.
    """

    attempts: int = 4
    base: float = 0.25
    wait: float = 10.0
    total: float = math.inf


class Http:
    """The way to one account's provider; used by one thread at a time."""

    def __init__(
        self,
        connection: Connection,
        *,
        base_url: str,
        auth: Auth,
        headers: Mapping[str, str] | None = None,
        rate: Rate | None = None,
        limits: Limits | None = None,
        patience: Patience | None = None,
        wire: Callable[[Guard, Limits], Way] = Wire,
        at_home: bool = False,
        narrow: Narrow | None = None,
    ) -> None:
        """at_home: the base address is this installation's own, and open to calls of the account; to no others.

        narrow: see Provider.
        """
        self.connection = connection
        self.base_url = base_url.rstrip("/")
        self.calls = 0
        self._auth = auth
        self._headers = headers or {}
        self._budgets = Budgets(connection, rate)
        self._narrow = narrow
        self._patience = patience or Patience()
        self._limits = limits or Limits()
        self._outside = wire(connection.guard, self._limits)
        self._wire = wire(_home(connection.guard, base_url), self._limits) if at_home else self._outside
        self._secrets = connection.secrets
        self._signed = Signature()

    def json(
        self,
        request: Request,
        *,
        faults: Callable[[Any], dict[str, str]] | None = None,
        refuse: Refuse | None = None,
        reason: str = "",
    ) -> tuple[Answer, Decoded]:
        """A success and its decoded body (None when it is empty); raises ProviderError.

        reason: the header in which a refusal without a body says why.
        """
        return self._persist(request, lambda answer: self._judge(request, answer, faults, refuse, reason))

    def redaction(self, further: Secrets = MappingProxyType({})) -> Redaction:
        """What cuts the account's and further secrets out of the last answer, and what its request was signed with."""
        return redaction({**self._secrets, **further}, self._signed)

    def raw(self, request: Request) -> Answer:
        """Any answer with a status; raises ProviderError only when there is none.

        A safe request whose token is refused leaves once more with a renewed one.
        """
        answer = self._persist(request, _as_it_is)[0]
        if answer.status != HTTPStatus.UNAUTHORIZED or not (
            answer.own and request.safe and self.connection.renew
        ):
            return answer
        try:
            self._secrets = self.connection.renew()
        except ProviderError:  # the refusal is the answer; who reads the account next finds out why
            return answer
        return self._persist(request, _as_it_is)[0]

    def fetch(self, request: Request, into: Spool, *, refuse: Refuse | None = None) -> Answer:
        """A success, whose body goes into a file; raises ProviderError, TooLarge for what does not go in there."""

        def judge(answer: Answer) -> tuple[Answer, Decoded]:
            if answer.status in _FILES:
                return answer, Decoded(None)
            if answer.status in SUCCESS:
                raise RetryLater("the answer is not a whole file", request=request.name, status=answer.status)
            return self._judge(request, answer, None, refuse)

        return self._persist(request, judge, into)[0]

    def close(self) -> None:
        """Close the connections."""
        self._wire.close()
        if self._outside is not self._wire:
            self._outside.close()

    def _persist(
        self, request: Request, judge: Callable[[Answer], tuple[Answer, Decoded]], into: Spool | None = None
    ) -> tuple[Answer, Decoded]:
        left, renewed, attempt = self._patience.wait, self.connection.renew is None, 1
        doubtful, ends = False, time.monotonic() + self._patience.total
        while True:
            try:
                return judge(self._once(request, into))
            except RetryLater as error:
                doubtful = error.left = doubtful or error.left
                wait = self._backoff(error, attempt)
                if attempt == self._patience.attempts or wait > left or time.monotonic() + wait > ends:
                    error.after = None if error.after is None else max(error.after, _SOONEST)
                    raise
                left, attempt = left - wait, attempt + 1
                self.connection.sleep(wait)
            except NeedsReauthorisation:
                if renewed or self.connection.renew is None:
                    raise
                self._secrets, renewed = self.connection.renew(), True  # no attempt: nothing was tried yet

    def _backoff(self, error: RetryLater, attempt: int) -> float:
        if error.after is not None:
            return error.after
        return float(self._patience.base * 2 ** (attempt - 1) * self.connection.random())

    def _once(self, request: Request, into: Spool | None) -> Answer:
        url, own = self._destination(request)
        signature, ends = self._admit(request) if own else None, time.monotonic() + self._limits.total
        for _hop in range(_MAX_REDIRECTS + 1):
            answer = self._exchange(request, url, signature, ends, into)
            if answer.status not in _REDIRECTS or request.method not in _READS:
                return answer
            url, same = follow(url, answer.headers.get("Location", ""), request=request.name)
            signature = signature if same else None
        raise Misconfigured("the provider redirects in circles", request=request.name)

    def _admit(self, request: Request) -> Signature:
        """Wait for the turn of a request to the account's own origin, and sign it."""
        wait = self._budgets.turn(request.path, longest=self._patience.wait, request=request.name)
        if wait > 0:
            self.connection.sleep(wait)
        self._signed = self._auth.sign(self.connection.settings, self._secrets)
        return self._signed

    def _destination(self, request: Request) -> tuple[str, bool]:
        """Where a request goes, and whether it goes there as the account: to its own origin, on the provider's word."""
        if request.strange:
            return elsewhere(request.address, request=request.name), False
        if request.address:
            return told(self.base_url, request.address, request=request.name)
        return below(self.base_url, request.path), True

    def _exchange(
        self, request: Request, url: str, signature: Signature | None, ends: float, into: Spool | None
    ) -> Answer:
        """signature: None for another host than the account's, which gets and teaches nothing of the account's."""
        prepared = self._prepare(request, url, signature)
        clock, started = time.monotonic(), self.connection.moments()
        self.calls += 1
        way = self._outside if request.strange else self._wire
        reply = way.exchange(prepared, ends=ends, into=into)
        arrived = self.connection.moments()
        self._tell(request, reply, time.monotonic() - clock)
        if isinstance(reply, Broken):
            raise verdict.of_break(reply, repeatable=request.safe, request=request.name)
        if signature is not None and self._is_narrow(request, reply):
            self._budgets.rest(request.path, reply)
        elif signature is not None:
            self._budgets.learn(reply)
        return Answer(reply.status, reply.headers, reply.body, started, arrived, own=signature is not None)

    def _prepare(self, request: Request, url: str, signature: Signature | None) -> requests.PreparedRequest:
        body, kind = bodies.encoded(request.body)
        known = self._headers if signature is not None else {}
        signed = signature or Signature()
        headers = {**_HEADERS, **known, **kind, **request.headers, **signed.headers}
        asked = request.params if url == self._destination(request)[0] else {}
        params = {**asked, **signed.params}
        prepared = None
        try:
            prepared = requests.Request(
                request.method, url, headers=headers, params=params, data=body
            ).prepare()
        except (requests.RequestException, ValueError):
            prepared = None
        if prepared is None:  # raised outside the handler: its exception quotes the address
            raise Misconfigured("the address or a header of the request is malformed", request=request.name)
        return prepared

    def _judge(
        self, request: Request, answer: Answer, faults: Any, refuse: Any, reason: str = ""
    ) -> tuple[Answer, Decoded]:
        decoded, fault = bodies.decoded(answer.body, answer.headers)
        facts: dict[str, Any] = {"repeatable": request.safe, "request": request.name}
        readable = decoded.data if fault is None else self._beginning(answer.body)
        if answer.own and (decoded.data is None or isinstance(fault, NotJson)):
            readable = (answer.headers.get(reason) if reason else None) or readable
        if not answer.own:
            refuse = faults = None
        found = _asked(refuse, answer.status, readable, answer.headers)
        if (
            found is not None or answer.status not in SUCCESS
        ):  # errors cut words short, and would halve a secret
            readable = self.redaction().data(readable)
            found = _asked(refuse, answer.status, readable, answer.headers)
        status = found if isinstance(found, int) else answer.status
        error = found if isinstance(found, ProviderError) else None
        error = error or verdict.of_status(
            status, answer.headers, readable, now=self.connection.clock(), faults=faults, **facts
        )
        if not answer.own:
            error = verdict.of_another_host(error)
        if error is None and fault is not None:
            html = answer.body.lstrip()[:1] == b"<"
            hopeless = isinstance(fault, TooMuch)
            error = verdict.not_json(str(fault), html=html, hopeless=hopeless, status=answer.status, **facts)
        if error is not None:
            is_told = error is found or answer.status not in verdict.BUSY
            if is_told and answer.own and not self._is_narrow(request, answer):
                self._budgets.slow_down(error, answer.headers)
            raise self.discreet(error)
        return answer, decoded

    def _beginning(self, body: bytes) -> str:
        """Of a body that is not read, no more is copied than what could be shown: it can fill the memory."""
        return self.redaction().body(body[:_SEARCHED])[:_SHOWN].decode("utf-8", "replace")

    def discreet(self, error: ProviderError) -> ProviderError:
        """The error without the account's secrets, and without what a terminal would take for an order."""
        cut = self.redaction().text
        error.detail = plain(cut(error.detail))
        if isinstance(error, Rejected):
            error.fields = {plain(cut(name)): plain(cut(why)) for name, why in error.fields.items()}
        return error

    def _is_narrow(self, request: Request, answer: Answer | Reply) -> bool:
        """Whether too many requests met a limit of their own, which says nothing about other calls of the account."""
        if self._narrow is None or answer.status != HTTPStatus.TOO_MANY_REQUESTS:
            return False
        return self._narrow(request.path, answer.headers)

    def _tell(self, request: Request, reply: Reply | Broken, seconds: float) -> None:
        outcome = {"status": reply.status} if isinstance(reply, Reply) else {"broken": reply.reason}
        log.info(
            "provider_call",
            method=request.method,
            path=urlsplit(request.path).path,
            ms=round(seconds * 1000),
            **outcome,
        )


def _as_it_is(answer: Answer) -> tuple[Answer, Decoded]:
    return answer, Decoded(None)


def _asked(
    refuse: Refuse | None, status: int, body: Any, headers: Mapping[str, str]
) -> ProviderError | int | None:
    """What an adapter's function says; nothing about an answer whose shape it does not know."""
    try:
        return refuse(status, body, headers) if refuse else None
    except SHAPELESS:
        return None


def _home(guard: Guard, base_url: str) -> Guard:
    """The guard of an account whose system is served by this installation itself."""
    url = urlsplit(base_url)
    return guard.at_home(url.hostname or "", url.port or (443 if url.scheme == "https" else 80))


def _host(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return "no valid address"
