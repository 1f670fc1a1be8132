"""OAuth 2 (RFC 6749, 7636, 9207, 9700): what is asked of an authorization server, where, and by whom.

    authorize_address ─▶ (the end user allows it) ─▶ exchange ─▶ Granted ─▶ … ─▶ refresh ─▶ Granted ─▶ …

Whoever calls keeps state, verifier and tokens. Requests to a token endpoint go through the guarded wire, as all do;
they are never redirected, and never leave without encryption but for hosts that the operator has opened.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from string import Formatter
from typing import Any, Final
from urllib.parse import quote_plus, urlencode, urlsplit

from integrations.kit import token_answers, verdict
from integrations.kit.auth import Auth, Bearer, OAuth2, Secrets, Settings, Signature, Unsigned
from integrations.kit.errors import SHAPELESS, Gone, Misconfigured, Rejected, RetryLater, Uncertain
from integrations.kit.guard import Blocked, Guard
from integrations.kit.http import Http, Patience, Request
from integrations.kit.observation import Connection
from integrations.kit.session import fill, fill_path
from integrations.kit.setting import Setting
from integrations.kit.strict import plain
from integrations.kit.token_answers import Granted
from integrations.kit.transport import Limits, Way, Wire

#: The settings of an integration whose accounts are linked by OAuth, beside its own. They are filled by the dance; who
#: brings an account from elsewhere gives them.
TOKENS: Final = (
    Setting("access_token", "An access token, where it is at hand", required=False, secret=True),
    Setting("refresh_token", "A refresh token, where it is at hand", required=False, secret=True),
    Setting(
        "expires_at",
        "When the access token ends (seconds since 1970)",
        required=False,
        secret=True,
        kind="number",
    ),
)
#: What an answer with a token may take. Together with what is tried again far below a lease of a job.
LIMITS: Final = Limits(connect=5.0, read=15.0, total=20.0, body=256 * 1024)
PATIENCE: Final = Patience(attempts=3, wait=3.0, total=10.0)
#: What the end of an account waits for its provider: a few seconds, once.
FAREWELL: Final = Limits(connect=3.0, read=5.0, total=5.0, body=256 * 1024)
ONCE: Final = Patience(attempts=1)
#: One label of a host's name.
_LABEL: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True)
class OAuthClient:
    """An application as it is known to a provider."""

    id: str = field(repr=False)
    secret: str = field(repr=False)


@dataclass(frozen=True)
class _Proof:
    """Signs a call of a token endpoint by HTTP Basic; id and secret are encoded first (RFC 6749, 2.3.1)."""

    client: OAuthClient

    @property
    def needs(self) -> tuple[str, ...]:
        """Nothing of the account."""
        return ()

    def sign(self, settings: Settings, secrets: Secrets) -> Signature:  # noqa: ARG002 - the port's signature
        """The Authorization header."""
        pair = f"{quote_plus(self.client.id)}:{quote_plus(self.client.secret)}".encode()
        return Signature(headers={"Authorization": f"Basic {base64.b64encode(pair).decode()}"})


@dataclass(frozen=True)
class _Known:
    """A secret as `redaction` takes it."""

    text: str = field(repr=False)

    def reveal(self) -> str:
        """The secret in the clear."""
        return self.text


def challenge(verifier: str) -> str:
    """What a code is bound to (S256)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def address(template: str, settings: Settings) -> str:
    """An address of the authorization server of an account; raises Misconfigured.

    A setting can be the beginning of it, one label of its host, or a part of its path, and lead nowhere else.
    """
    own = re.match(r"\{(\w+)\}", template)
    if own:
        whole = settings.get(own[1], "").rstrip("/") + _path(template[own.end() :], settings)
    else:
        scheme, mark, rest = template.partition("://")
        host, slash, path = rest.partition("/")
        whole = f"{scheme}{mark}{_host(host, settings)}{slash}{_path(path, settings)}"
    if urlsplit(whole).scheme not in {"https", "http"}:
        raise Misconfigured("the address of the authorization server has to begin with https://")
    return whole


def authorize_address(
    auth: OAuth2,
    settings: Settings,
    *,
    client_id: str,
    redirect_uri: str,
    state: str,
    verifier: str,
    scopes: Sequence[str] = (),
) -> str:
    """Where the end user is sent to allow it. scopes: in place of the adapter's."""
    base, asked = address(auth.authorize_url, settings), " ".join(scopes or auth.scopes)
    bound = {"code_challenge": challenge(verifier), "code_challenge_method": "S256"} if auth.pkce else {}
    params = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "state": state,
        **({"scope": asked} if asked else {}),
        **bound,
        **auth.asks,
    }
    return f"{base}{'&' if urlsplit(base).query else '?'}{urlencode(params)}"


def is_from(auth: OAuth2, settings: Settings, issuer: str | None) -> bool:
    """Whether an answer at the callback may be of the server that was asked (RFC 9207).

    Where the adapter knows the issuer, it has to be named, and be that; where not, one that is named has to be of the
    same origin as the authorization address.
    """
    if auth.issuer:
        return issuer == fill(auth.issuer, settings)
    return issuer is None or _origin(issuer) == _origin(address(auth.authorize_url, settings))


class TokenEndpoint:
    """The token endpoint of one account, and the client that asks there.

    All methods raise NeedsReauthorisation where the grant is over, ApplicationRefused where the client is refused,
    RetryLater where the provider is out of order, Misconfigured for all that a person has to look at.
    """

    def __init__(
        self,
        auth: OAuth2,
        client: OAuthClient,
        settings: Settings,
        *,
        guard: Guard,
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
        wire: Callable[[Guard, Limits], Way] = Wire,
        at_home: bool = False,
        briefly: bool = False,
    ) -> None:
        """at_home: this installation itself serves the system, a sandbox. briefly: asked once, for a few seconds."""
        self._auth = auth
        self._client = client
        self._settings = settings
        self._url = address(auth.token_url, settings)
        parts = urlsplit(self._url)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._path = self._url.removeprefix(self._origin)
        self._line = Connection(settings={}, secrets={}, guard=guard, clock=clock, sleep=sleep)
        self._wire = wire
        self._at_home = at_home
        self._limits, self._patience = (FAREWELL, ONCE) if briefly else (LIMITS, PATIENCE)

    def exchange(self, code: str, *, verifier: str, redirect_uri: str) -> Granted:
        """The tokens for a code that came to the callback."""
        bound = {"code_verifier": verifier} if self._auth.pkce else {}
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri, **bound}
        return self._ask(form)

    def found(self, granted: Granted) -> Granted:
        """The same with the settings that no answer tells, which are asked for with the new token."""
        finds = self._auth.finds
        if finds is None:
            return granted
        _refuse_in_clear(finds.url, self._line.guard)
        parts = urlsplit(finds.url)
        way = Http(
            replace(self._line, secrets={"token": _Known(granted.access_token)}),
            base_url=f"{parts.scheme}://{parts.netloc}",
            auth=Bearer(scheme=finds.scheme),
            limits=LIMITS,
            patience=PATIENCE,
            wire=self._wire,
        )
        try:
            _answer, decoded = way.json(Request("GET", parts.path))
            found = finds.read(decoded.data, self._settings)
        except SHAPELESS as error:
            raise Misconfigured(
                "the answer about what a token opens does not have the shape that is documented",
                request=f"GET {parts.path}",
            ) from error
        finally:
            way.close()
        return replace(granted, told={**granted.told, **found})

    def refresh(self, refresh_token: str) -> Granted:
        """The tokens for a refresh token, which may be replaced by that."""
        return self._ask({"grant_type": "refresh_token", "refresh_token": refresh_token})

    def by_client(self, scopes: Sequence[str] = ()) -> Granted:
        """A token for the client itself."""
        asked = " ".join(scopes or self._auth.scopes)
        return self._ask({"grant_type": "client_credentials", **({"scope": asked} if asked else {})})

    def revoke(self, tokens: Mapping[str, str]) -> None:
        """End a grant, or its access token, as the adapter's `revokes` says; asked once, for a few seconds.

        tokens: those of the account, by their names. Raises ProviderError where it is not ended for certain,
        NeedsReauthorisation where it was over before. That there is none to delete says that it is over, too.
        """
        told = self._auth.revokes
        if told is None:
            raise Misconfigured("the provider cannot be told that a token is over")
        access = tokens.get("access_token", "")
        named = access if told.is_of_access else tokens.get("refresh_token") or access
        settings = {**self._settings, "client_id": self._client.id}
        parts = urlsplit(address(told.url, settings))
        _refuse_in_clear(parts.geturl(), self._line.guard)
        signs: dict[str, Auth] = {"token": Bearer("named"), "basic": _Proof(self._client)}
        signs["client"] = signs["basic"] if self._auth.proof == "basic" else Unsigned()
        way = Http(
            replace(self._line, secrets={"named": _Known(named)}),
            base_url=f"{parts.scheme}://{parts.netloc}",
            auth=signs[told.signed],
            limits=FAREWELL,
            patience=ONCE,
            wire=self._wire,
            at_home=self._at_home,
        )
        try:
            answer = way.raw(Request(told.method, parts.path, **self._naming(named)))
        finally:
            way.close()
        facts: dict[str, Any] = {"repeatable": True, "request": f"{told.method} the end of a token"}
        error = verdict.of_status(answer.status, answer.headers, None, now=self._line.clock(), **facts)
        if error is None or (isinstance(error, Gone) and told.method == "DELETE"):
            return
        if told.signed != "token":
            about = {"request": facts["request"], "status": answer.status}
            error = token_answers.of_end(answer, revoked=self._auth.revoked, facts=about) or error
        raise error

    def _naming(self, named: str) -> dict[str, Any]:
        """The body in which a token is named that is to end, and what it is told to be."""
        told = self._auth.revokes
        if told is None or told.signed == "token":
            return {}
        body: dict[str, str] = {told.token: named}
        if told.as_json:
            return {"body": body}
        by_form = told.signed == "client" and self._auth.proof != "basic"
        form: dict[str, str] = body | (self._named() if by_form else {})
        return {"body": urlencode(form).encode(), "headers": _FORM}

    def _ask(self, form: Mapping[str, str]) -> Granted:
        _refuse_in_clear(self._url, self._line.guard)
        proven = self._auth.proof == "basic"
        told = {**form, **self._auth.sends, **({} if proven else self._named())}
        request = Request("POST", self._path, body=urlencode(told).encode(), headers=_FORM)
        way = Http(
            self._line,
            base_url=self._origin,
            auth=_Proof(self._client) if proven else Unsigned(),
            limits=self._limits,
            patience=self._patience,
            wire=self._wire,
            at_home=self._at_home,
        )
        try:
            answer = way.raw(request)
        except (
            Uncertain
        ) as error:  # repeating it does no harm: the last token that came is the one that counts
            raise RetryLater(
                f"the token endpoint gave no usable answer: {error.message}", left=True
            ) from None
        finally:
            way.close()
        secret = {name: form.get(name, "") for name in _SECRET} | vars(self._client)
        cut = way.redaction({name: _Known(text) for name, text in secret.items()}).text
        return token_answers.read(
            answer,
            where=urlsplit(self._path).path,
            revoked=self._auth.revoked,
            refused=self._auth.refused,
            tells=self._auth.tells,
            now=self._line.clock(),
            clean=lambda text: plain(cut(text)),
        )

    def _named(self) -> dict[str, str]:
        """The client in a form: its id, and where it has one, its secret."""
        secret = {"client_secret": self._client.secret} if self._auth.proof == "body" else {}
        return {"client_id": self._client.id, **secret}


#: What is secret in a form.
_SECRET: Final = ("code", "code_verifier", "refresh_token")


def _host(template: str, settings: Settings) -> str:
    for _, name, _, _ in Formatter().parse(template):
        if name and not _LABEL.fullmatch(settings.get(name, "")):
            raise Misconfigured(f"the account's {name} is no part of the name of a host")
    return fill(template, settings)


def _path(template: str, settings: Settings) -> str:
    try:
        return fill_path(template, settings)
    except Rejected as error:
        raise Misconfigured(f"the account's settings do not fit into an address: {error}") from error


def _origin(url: str) -> tuple[str, str | None, int | None]:
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    except ValueError:
        return "", None, None


def _refuse_in_clear(url: str, guard: Guard) -> None:
    """Secrets go without encryption to nobody, but to hosts in private networks that the operator has opened."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        return
    try:
        Guard(resolve=guard.resolve).targets(parts.hostname or "", parts.port or 80)
    except Blocked:
        return  # private; whether it is open, the wire asks
    except OSError:
        return  # a name that is not known is for the wire to report
    raise Misconfigured("the token endpoint has to begin with https://, as secrets are sent there")
