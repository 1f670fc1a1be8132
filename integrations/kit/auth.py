"""How a request is signed. The only place of the kit where secrets are opened.

A signature is made at the last moment before a request leaves, for the host that the account names and no
other. It is headers, or query values; neither is ever logged, and `redaction` cuts both out of whatever a
provider sends back.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol

from integrations.kit.errors import Misconfigured
from integrations.kit.redaction import Redaction

#: Stands in templates for where this installation itself serves a sandbox; no account has a setting of this name.
HOME: Final = "home"


class Revealable(Protocol):
    """A secret that opens only when asked."""

    def reveal(self) -> str:
        """The secret in the clear."""


Secrets = Mapping[str, Revealable]
Settings = Mapping[str, str]


@dataclass(frozen=True)
class Signature:
    """What signs one request."""

    headers: dict[str, str] = field(default_factory=dict, repr=False)
    params: dict[str, str] = field(default_factory=dict, repr=False)


class Auth(Protocol):
    """A way to sign. needs: the settings and secrets that it takes, by name."""

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the settings and secrets that it takes."""

    def sign(self, settings: Settings, secrets: Secrets) -> Signature:
        """The signature for one request."""


@dataclass(frozen=True)
class Unsigned:
    """No signature."""

    @property
    def needs(self) -> tuple[str, ...]:
        """Nothing."""
        return ()

    def sign(self, settings: Settings, secrets: Secrets) -> Signature:  # noqa: ARG002 - the port's signature
        """Nothing."""
        return Signature()


@dataclass(frozen=True)
class Basic:
    """HTTP Basic.

    user: name of the setting that holds the user. suffix: what the provider wants behind it, such as `/token`.
    literal: the password that everybody has, where the key is the user.
    """

    user: str = "username"
    password: str = "password"  # noqa: S105 - the name of a setting
    suffix: str = ""
    literal: str = ""

    @property
    def needs(self) -> tuple[str, ...]:
        """User and password."""
        return (self.user,) if self.literal else (self.user, self.password)

    def sign(self, settings: Settings, secrets: Secrets) -> Signature:
        """The Authorization header, in UTF-8."""
        user = settings[self.user] if self.user in settings else _open(secrets, self.user)
        password = self.literal or _open(secrets, self.password)
        pair = f"{user}{self.suffix}:{password}".encode()
        return Signature(headers={"Authorization": f"Basic {base64.b64encode(pair).decode()}"})


@dataclass(frozen=True)
class Bearer:
    """A bearer token. scheme: some providers say `Token` instead."""

    token: str = "token"  # noqa: S105 - the name of a setting
    scheme: str = "Bearer"

    @property
    def needs(self) -> tuple[str, ...]:
        """The token."""
        return (self.token,)

    def sign(self, settings: Settings, secrets: Secrets) -> Signature:  # noqa: ARG002 - the port's signature
        """The Authorization header."""
        return Signature(headers={"Authorization": f"{self.scheme} {_open(secrets, self.token)}"})


@dataclass(frozen=True)
class HeaderKey:
    """A key in a header of the provider's own."""

    header: str
    key: str = "api_key"

    @property
    def needs(self) -> tuple[str, ...]:
        """The key."""
        return (self.key,)

    def sign(self, settings: Settings, secrets: Secrets) -> Signature:  # noqa: ARG002 - the port's signature
        """That header."""
        return Signature(headers={self.header: _open(secrets, self.key)})


@dataclass(frozen=True)
class QueryKey:
    """A key in the query. Nothing of the kit shows a query, for this reason."""

    param: str
    key: str = "api_key"

    @property
    def needs(self) -> tuple[str, ...]:
        """The key."""
        return (self.key,)

    def sign(self, settings: Settings, secrets: Secrets) -> Signature:  # noqa: ARG002 - the port's signature
        """That parameter."""
        return Signature(params={self.param: _open(secrets, self.key)})


@dataclass(frozen=True)
class Finds:
    """Where to ask, with a new token, for settings that no token answer tells, such as which site it opens.

    url: https://. read: from the decoded answer and the settings that were given to further ones; raises Misconfigured
    where these leave open which. scheme: some say `OAuth` before the token.
    """

    url: str
    read: Callable[[Any, Settings], Mapping[str, str]]
    scheme: str = "Bearer"


@dataclass(frozen=True)
class Revokes:
    """How a token is ended where an account ends: as RFC 7009 has it, unless more is said.

    url: https://, a template over the settings and `client_id`. method: `POST`, or `DELETE`. signed: as the `client`
    proves itself at the token endpoint, as the client by HTTP `basic`, or by the `token` itself, which needs no body.
    token: which one is named, under which name: the refresh token where there is one, or the access token alone.
    as_json: in JSON, not in a form. shared: whether that ends whatever else the application got of the same user, as it
    is uninstalled by it.
    """

    url: str
    method: Literal["POST", "DELETE"] = "POST"
    signed: Literal["client", "basic", "token"] = "client"
    token: Literal["token", "access_token"] = "token"  # noqa: S105 - a name
    as_json: bool = False
    shared: bool = False

    @property
    def is_of_access(self) -> bool:
        """Whether it ends an access token, which must not have ended by itself."""
        return self.signed == "token" or self.token == "access_token"  # noqa: S105 - a name


@dataclass(frozen=True)
class OAuth2(Bearer):
    """An OAuth 2 access token: got and kept by `integrations.kit.oauth`, renewed when it ends or is refused.

    authorize_url, token_url: https://, templates over the settings. `{base_url}/token` is of a product that each
    customer runs: the tenant's application is registered at one address then. Elsewhere a setting within the host is
    one label of it. grant: `authorization_code`, so that an end user allows it; or `client_credentials`, by the client
    alone. client: names of the settings with its id and secret, where each account has its own; None: the tenant's
    application. proof: how the client proves itself: `basic`, in the `body`, or `none`, as it has no secret. pkce:
    whether the provider takes a code challenge. issuer: the provider's name in its answers (RFC 9207), a template; they
    have to hold it then. asks, sends: further parameters of the authorization address, and of each form to the token
    endpoint. revoked: the provider's own words for a grant that is over; refused: for an
    application that it does not know. grace: seconds for which it takes a refresh
    token again that was replaced. tells: settings that a token answer tells, by its names for them (declared as not
    required). finds: where settings are asked for that it does not tell, once, when the account is linked. instead:
    how an account signs that was linked with a key in place of tokens, where the provider takes both. revokes: how a
    token is ended at the provider, where it can be.
    """

    token: str = "access_token"  # noqa: S105 - the name of a setting
    authorize_url: str = ""
    token_url: str = ""
    scopes: tuple[str, ...] = ()
    grant: Literal["authorization_code", "client_credentials"] = "authorization_code"
    client: tuple[str, str] | None = None
    proof: Literal["basic", "body", "none"] = "basic"
    pkce: bool = True
    issuer: str = ""
    asks: Mapping[str, str] = field(default_factory=dict)
    sends: Mapping[str, str] = field(default_factory=dict)
    revoked: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    grace: float = 600.0
    tells: Mapping[str, str] = field(default_factory=dict)
    finds: Finds | None = None
    instead: Auth | None = None
    revokes: Revokes | None = None

    def __post_init__(self) -> None:
        if self.client and self.is_dance:
            raise TypeError("OAuth2: end users allow something to the tenant's application; drop client=")
        if self.is_dance and first_name(self.authorize_url) != first_name(self.token_url):
            raise TypeError(
                "OAuth2: authorize_url= and token_url= have to begin with the same setting, or none"
            )
        if self.revokes and first_name(self.revokes.url) not in (None, first_name(self.token_url)):
            raise TypeError("OAuth2: revokes= has to begin with the same setting as token_url=, or none")
        if self.site is not None and self.site in self.tells:
            raise TypeError(f"OAuth2: {self.site} is where a token is asked for; no answer can tell it")
        if not (self.pkce or self.proof != "none" or not self.is_dance):
            raise TypeError("OAuth2: without secret and code challenge anybody could use a stolen code")

    @property
    def needs(self) -> tuple[str, ...]:
        """The tokens, as `oauth.TOKENS` declares them, or the account's own client; and what there may be instead."""
        own = (self.token, "refresh_token", "expires_at") if self.is_dance else self.client or ()
        return (*own, *(self.instead.needs if self.instead else ()))

    def sign(self, settings: Settings, secrets: Secrets) -> Signature:
        """The access token, or what the account has instead."""
        if self.instead and self.is_signed_otherwise(settings, secrets):
            return self.instead.sign(settings, secrets)
        return super().sign(settings, secrets)

    def is_signed_otherwise(self, settings: Settings, secrets: Secrets) -> bool:
        """Whether an account with these has a key of its own, and no tokens."""
        if self.instead is None or self.token in secrets or "refresh_token" in secrets:
            return False
        return all(name in secrets or name in settings for name in self.instead.needs)

    @property
    def is_dance(self) -> bool:
        """Whether an end user has to allow it."""
        return self.grant == "authorization_code"

    @property
    def is_renewable(self) -> bool:
        """Whether anybody can be asked for a new token."""
        return bool(self.token_url)

    @property
    def site(self) -> str | None:
        """The name of the setting that is the address of the customer's own installation, if there is one."""
        first = first_name(self.token_url)
        return None if first == HOME else first


def first_name(template: str) -> str | None:
    """The name of the setting that a template begins with; None for one that begins with a text."""
    found = re.match(r"\{(\w+)\}", template)
    return found[1] if found else None


def redaction(secrets: Secrets, signed: Signature) -> Redaction:
    """What cuts secrets out of an answer, and what its request was signed with."""
    headers = [value.partition(" ")[2] or value for value in signed.headers.values()]
    return Redaction((*(one.reveal() for one in secrets.values()), *headers, *signed.params.values()))


def _open(secrets: Secrets, name: str) -> str:
    try:
        value = secrets[name].reveal()
    except KeyError:
        raise Misconfigured(f"the account has no {name}; link it again") from None
    if any(ord(sign) < ord(" ") for sign in value):
        raise Misconfigured(f"the account's {name} holds a line break or control character; link it again")
    return value
