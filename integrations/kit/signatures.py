"""How a provider proves that a delivery of a webhook is its own, as data.

    Hmac        a keyed digest of what is sent, in a header
    Carried     the secret itself, in a header
    Unsigned    nothing: only who knows the address can send there

Whoever cannot prove it learns nothing from how long the answer takes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from string import Formatter
from typing import Any, ClassVar, Final, Literal, Protocol
from urllib.parse import parse_qsl

from integrations.kit.auth import Revealable
from integrations.kit.paths import MISSING, Path, dig
from integrations.kit.strict import NotJson, strictly

#: A moment given as a number above this is in milliseconds.
_MILLISECONDS: Final = 100_000_000_000
_PARTS: Final = frozenset({"body", "timestamp", "method", "url"})
_FORM: Final = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Header:
    """A place in a delivery: this header. Other places are paths in its body."""

    name: str


Place = Header | Path


@dataclass(frozen=True)
class Delivery:
    """One request of a provider. headers: by their names in small letters. url: as the provider was told it."""

    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    url: str = field(default="", repr=False)
    method: str = "POST"

    def content(self) -> Any:
        """The decoded body: JSON, or the fields of a form; None for what is neither."""
        if self.headers.get("content-type", "").startswith(_FORM):
            return dict(parse_qsl(self.body.decode(errors="replace"), keep_blank_values=True))
        try:
            return strictly(self.body).data if self.body.strip() else None
        except NotJson:
            return None

    def at(self, place: Place) -> str | None:
        """The text, or number, at a place; None where there is none."""
        if isinstance(place, Header):
            return self.headers.get(place.name.lower())
        return text(dig(self.content(), place))


def text(found: Any) -> str | None:
    """A name or number as a text; None for what is neither."""
    if isinstance(found, bool) or found is MISSING or not isinstance(found, str | int):
        return None
    return str(found)


class Proof(Protocol):
    """A way to prove a delivery."""

    @property
    def signed(self) -> bool:
        """Whether there is anything that a stranger could not send."""

    def holds(self, delivery: Delivery, secrets: Sequence[Revealable], now: datetime) -> bool:
        """Whether it is the provider's, by one of these secrets."""


@dataclass(frozen=True)
class Hmac:
    """A keyed digest.

    header: where it stands, behind a prefix. base: what it is made of, out of {body}, {timestamp}, {method} and {url};
    all else in it stands for itself. key: how the secret is to be taken. timestamp: when it was sent, in seconds or
    milliseconds since 1970, or ISO 8601; refused if it is not within so many seconds of now. optional: a delivery
    without the header counts as unsigned; one with a wrong digest never counts.
    """

    signed: ClassVar[bool] = True

    header: str
    algorithm: Literal["sha1", "sha256", "sha512"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    prefix: str = ""
    base: str = "{body}"
    key: Literal["text", "hex", "base64"] = "text"
    timestamp: Place | None = None
    tolerance: float = 300.0
    optional: bool = False

    def __post_init__(self) -> None:
        names = {name for _, name, _, _ in Formatter().parse(self.base) if name is not None}
        if unknown := names - _PARTS:
            raise TypeError(f"Hmac: base= names {sorted(unknown)}; known are {sorted(_PARTS)}")
        if "body" not in names:
            raise TypeError("Hmac: base= leaves the body out, which then anybody could write")
        if "timestamp" in names and self.timestamp is None:
            raise TypeError("Hmac: base= has a timestamp; say where it stands by timestamp=")
        if isinstance(self.timestamp, Header) and "timestamp" not in names:
            raise TypeError("Hmac: a timestamp in a header proves nothing unless base= has it")

    def holds(self, delivery: Delivery, secrets: Sequence[Revealable], now: datetime) -> bool:
        """Whether the digest is right, and fresh."""
        told = delivery.headers.get(self.header.lower())
        if told is None and self.optional:
            return True
        if told is None or not told.startswith(self.prefix) or not self._is_fresh(delivery, now):
            return False
        given = told.removeprefix(self.prefix).strip()
        given = given.lower() if self.encoding == "hex" else given
        base = self._base(delivery)
        found = [_same(self._digest(key, base), given) for key in _keys(secrets, self.key)]
        return any(found)

    def _is_fresh(self, delivery: Delivery, now: datetime) -> bool:
        if self.timestamp is None:
            return True
        sent = _moment(delivery.at(self.timestamp) or "")
        return sent is not None and abs((now - sent).total_seconds()) <= self.tolerance

    def _base(self, delivery: Delivery) -> bytes:
        stamp = delivery.at(self.timestamp) if self.timestamp is not None else None
        parts = {
            "body": delivery.body,
            "timestamp": (stamp or "").encode(),
            "method": delivery.method.encode(),
            "url": delivery.url.encode(),
        }
        told = Formatter().parse(self.base)
        return b"".join(before.encode() + (parts[name] if name else b"") for before, name, _, _ in told)

    def _digest(self, key: bytes, base: bytes) -> str:
        made = hmac.new(key, base, self.algorithm).digest()
        return made.hex() if self.encoding == "hex" else base64.b64encode(made).decode()


@dataclass(frozen=True)
class AnyOf:
    """One of several proofs, where a provider does not say which it is."""

    proofs: tuple[Proof, ...]

    @property
    def signed(self) -> bool:
        """Whether each of them is something that a stranger could not send."""
        return all(proof.signed for proof in self.proofs)

    def holds(self, delivery: Delivery, secrets: Sequence[Revealable], now: datetime) -> bool:
        """Whether any of them holds."""
        found = [proof.holds(delivery, secrets, now) for proof in self.proofs]
        return any(found)


@dataclass(frozen=True)
class Carried:
    """The secret itself, in a header, behind a prefix. user: as the password of this user of HTTP Basic."""

    signed: ClassVar[bool] = True

    header: str
    prefix: str = ""
    user: str | None = None

    def holds(self, delivery: Delivery, secrets: Sequence[Revealable], now: datetime) -> bool:  # noqa: ARG002 - the port's
        """Whether it is one of the secrets."""
        given = delivery.headers.get(self.header.lower(), "")
        found = [_same(self._expected(key), given) for key in _keys(secrets, "text")]
        return any(found)

    def _expected(self, key: bytes) -> str:
        if self.user is None:
            return self.prefix + key.decode()
        return f"Basic {base64.b64encode(f'{self.user}:'.encode() + key).decode()}"


@dataclass(frozen=True)
class Unsigned:
    """Nothing: the address itself is all that a stranger does not know."""

    signed: ClassVar[bool] = False

    def holds(self, delivery: Delivery, secrets: Sequence[Revealable], now: datetime) -> bool:  # noqa: ARG002 - the port's
        """Always."""
        return True


def _same(expected: str, given: str) -> bool:
    """In a time that does not tell where they differ; digests have one length, and secrets are compared as digests."""
    both = [hashlib.sha256(one.encode(errors="surrogatepass")).digest() for one in (expected, given)]
    return hmac.compare_digest(*both)


_TAKEN: Final[Mapping[str, Callable[[str], bytes]]] = {
    "text": str.encode,
    "hex": bytes.fromhex,
    "base64": lambda told: base64.b64decode(told, validate=True),
}


def _keys(secrets: Sequence[Revealable], how: str) -> Iterator[bytes]:
    """The secrets as they are taken; none that is empty, by which anybody could sign, or that cannot be taken so."""
    for secret in secrets:
        try:
            key = _TAKEN[how](secret.reveal())
        except (ValueError, binascii.Error):
            continue
        if key:
            yield key


def _moment(told: str) -> datetime | None:
    try:
        if told.isascii() and told.isdigit():
            number = int(told[:20])
            return datetime.fromtimestamp(number / 1000 if number > _MILLISECONDS else number, UTC)
        found = datetime.fromisoformat(told)
    except (ValueError, OverflowError, OSError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
