"""How a request is signed. The only place of the kit where secrets are opened.

A signature is made at the last moment before a request leaves, for the host that the account names and no
other. It is headers, or query values; neither is ever logged, and `scrub` cuts both out of whatever a
provider sends back.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import quote, quote_plus

from integrations.kit.errors import Misconfigured

#: Shorter secrets are not searched for in answers: they would cut holes into ordinary text.
_SCRUB_FROM = 4


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
    """

    user: str = "username"
    password: str = "password"  # noqa: S105 - the name of a setting
    suffix: str = ""

    @property
    def needs(self) -> tuple[str, ...]:
        """User and password."""
        return (self.user, self.password)

    def sign(self, settings: Settings, secrets: Secrets) -> Signature:
        """The Authorization header, in UTF-8."""
        user = settings[self.user] if self.user in settings else _open(secrets, self.user)
        pair = f"{user}{self.suffix}:{_open(secrets, self.password)}".encode()
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
class OAuth2(Bearer):
    """An OAuth 2 access token. When it is refused, `Connection.renew` is asked once for new secrets.

    The addresses and scopes are facts for the linking dance, which is not the kit's business.
    """

    token: str = "access_token"  # noqa: S105 - the name of a setting
    authorize_url: str = ""
    token_url: str = ""
    scopes: tuple[str, ...] = ()


def scrub(text: str, secrets: Secrets) -> str:
    """The text without any of the secrets, nor the spellings that they have in headers and queries."""
    for secret in secrets.values():
        plain = secret.reveal()
        if len(plain) < _SCRUB_FROM:
            continue
        for spelling in (
            plain,
            quote(plain, safe=""),
            quote_plus(plain),
            base64.b64encode(plain.encode()).decode(),
        ):
            text = text.replace(spelling, "[secret]")
    return text


def _open(secrets: Secrets, name: str) -> str:
    try:
        value = secrets[name].reveal()
    except KeyError:
        raise Misconfigured(f"the account has no {name}; link it again") from None
    if any(ord(sign) < ord(" ") for sign in value):
        raise Misconfigured(f"the account's {name} holds a line break or control character; link it again")
    return value
