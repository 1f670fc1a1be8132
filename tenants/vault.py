"""Secrets and their envelopes. Pure: the standard library and `cryptography`; no Django, settings or clock.

An envelope is AES-256-GCM: version, key id, nonce, ciphertext with tag. Version and key id are authenticated
together with a *binding*, which says where the envelope belongs (tenant, row, purpose): elsewhere it does not
open.

    VaultError
    ├── BadKeyRing    the text of a key ring is not understood
    ├── UnknownKey    sealed under a key that the ring does not hold; `.key_id` says which
    ├── Malformed     no envelope at all
    └── Tampered      altered, or not where it was sealed for
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

#: Gives this many random bytes; `os.urandom`, or something foreseeable in tests.
Randomness = Callable[[int], bytes]

VERSION = 1
KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
#: An envelope begins with the version and the length of the key id, a byte each.
LENGTHS = 2
#: An id that is no longer than this is shown though its line is wrong; 32 bytes are 43 characters of base64.
LONGEST_SHOWN = 40
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class VaultError(ValueError):
    """Something about a key or an envelope is wrong; the sentence never holds a secret."""


class BadKeyRing(VaultError):
    """The text of a key ring is not understood."""


class Malformed(VaultError):
    """These bytes are no envelope."""


class Tampered(VaultError):
    """The envelope was altered, or belongs to another tenant, row or purpose."""


class UnknownKey(VaultError):
    """The envelope was sealed under a key that the ring does not hold."""

    def __init__(self, key_id: str, held: Iterable[str]) -> None:
        self.key_id = key_id
        super().__init__(
            f"Sealed under key {key_id!r}, which the ring does not hold (it holds: {', '.join(held)}). "
            "Put that key back as a further line of the ring."
        )


class Secret:
    """A text that shows itself as `Secret(...)` everywhere, save to who asks by `reveal()`."""

    __slots__ = ("_value",)
    __hash__ = None  # type: ignore[assignment] # a hash would be a trace of it

    def __init__(self, value: str) -> None:
        if not isinstance(value, str):
            raise TypeError(f"A Secret holds a text, not {type(value).__name__}.")
        object.__setattr__(self, "_value", value)

    def reveal(self) -> str:
        """The text itself. Use it in the expression that needs it: tracebacks show variables."""
        value: str = object.__getattribute__(self, "_value")
        return value

    def __repr__(self) -> str:
        return "Secret(...)"

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        """Equality in constant time; with another Secret only."""
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self.reveal().encode(), other.reveal().encode())

    def __bool__(self) -> bool:
        return bool(self.reveal())

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("A Secret does not change; make another one.")

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Secret:
        return self

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("A Secret is never pickled: pass the id of the row that holds it, and open it there.")


class Key:
    """A named AES-256 key."""

    __slots__ = ("_material", "id")

    def __init__(self, key_id: str, material: bytes) -> None:
        if not _ID.fullmatch(key_id):
            raise BadKeyRing(f"{key_id!r} is no key id: letters, digits, dot, dash, underscore; at most 64.")
        if len(material) != KEY_BYTES:
            raise BadKeyRing(f"Key {key_id!r} has {len(material)} bytes; {KEY_BYTES} are needed.")
        self.id = key_id
        self._material = Secret(base64.b64encode(material).decode())

    @classmethod
    def generate(cls, key_id: str, randomness: Randomness = os.urandom) -> Key:
        """A new key."""
        return cls(key_id, randomness(KEY_BYTES))

    @classmethod
    def parse(cls, key_id: str, text: str) -> Key:
        """The key of a base64 text, standard or URL-safe; BadKeyRing if it is none."""
        try:
            material = base64.b64decode(text.translate(_STANDARD), validate=True)
        except (binascii.Error, ValueError):
            # The cause would show the text, which is the key: it stays behind.
            raise BadKeyRing(
                f"Key {key_id!r} is not base64; make one with `openssl rand -base64 32`."
            ) from None
        return cls(key_id, material)

    def text(self) -> Secret:
        """The key as base64."""
        return self._material

    def cipher(self) -> AESGCM:
        """AES-256-GCM under this key."""
        return AESGCM(base64.b64decode(self._material.reveal()))

    def __repr__(self) -> str:
        return f"Key({self.id!r}, ...)"


_STANDARD = str.maketrans("-_", "+/")


class KeyRing:
    """Keys by id. The primary seals; all of them open."""

    def __init__(self, primary: Key, *others: Key) -> None:
        self.primary = primary
        self._keys = {key.id: key for key in (primary, *others)}
        if len(self._keys) != 1 + len(others):
            raise BadKeyRing("Two keys of the ring have the same id; give each line an id of its own.")

    @classmethod
    def parse(cls, text: str) -> KeyRing:
        """Read `id:base64key` on lines of their own or between commas; the first is the primary.

        Empty lines and lines that begin with # do not count.
        """
        lines = [
            line
            for raw in text.replace(",", "\n").splitlines()
            if (line := raw.strip()) and not line.startswith("#")
        ]
        if not lines:
            raise BadKeyRing(
                "The key ring is empty; it needs a line `id:key`, the key from `openssl rand -base64 32`."
            )
        return cls(*(_parse_line(number, line) for number, line in enumerate(lines, 1)))

    def __getitem__(self, key_id: str) -> Key:
        if key_id not in self._keys:
            raise UnknownKey(key_id, sorted(self._keys))
        return self._keys[key_id]

    def __contains__(self, key_id: str) -> bool:
        return key_id in self._keys

    def __iter__(self) -> Iterator[Key]:
        """The keys, the primary first."""
        return iter(self._keys.values())

    def text(self) -> Secret:
        """The ring as `parse` reads it."""
        return Secret("\n".join(f"{key.id}:{key.text().reveal()}" for key in self))

    def __repr__(self) -> str:
        return f"KeyRing({', '.join(self._keys)})"


def _parse_line(number: int, line: str) -> Key:
    key_id, colon, text = line.partition(":")
    if not colon:
        raise BadKeyRing(f"Line {number} of the key ring is not `id:base64key`.")
    try:
        return Key.parse(key_id.strip(), text.strip())
    except BadKeyRing:
        if _may_be_a_key(key_id):
            raise BadKeyRing(
                f"Line {number} of the key ring is the wrong way round: write `id:base64key`."
            ) from None
        raise


def _may_be_a_key(text: str) -> bool:
    """Whether an id is better not shown: somebody put the key in its place."""
    return len(text.strip()) > LONGEST_SHOWN


def binding(*parts: str) -> bytes:
    """Associated data of these parts; different parts never give equal bytes."""
    encoded = [part.encode() for part in parts]
    return b"".join(len(part).to_bytes(4, "big") + part for part in encoded)


def seal(secret: Secret, *, ring: KeyRing, bound_to: bytes, randomness: Randomness = os.urandom) -> bytes:
    """The envelope of a secret under the ring's primary key, bound to where it belongs."""
    key = ring.primary
    header = bytes([VERSION, len(key.id)]) + key.id.encode()
    nonce = randomness(NONCE_BYTES)
    return header + nonce + key.cipher().encrypt(nonce, secret.reveal().encode(), header + bound_to)


def unseal(envelope: bytes, *, ring: KeyRing, bound_to: bytes) -> Secret:
    """The secret of an envelope. Malformed, UnknownKey or Tampered when it does not open."""
    key_id = sealed_under(envelope)
    end = LENGTHS + len(key_id)
    header, nonce, sealed = envelope[:end], envelope[end : end + NONCE_BYTES], envelope[end + NONCE_BYTES :]
    if len(sealed) < TAG_BYTES:
        raise Malformed(f"These {len(envelope)} bytes are cut short: no envelope of this vault.")
    try:
        return Secret(ring[key_id].cipher().decrypt(nonce, sealed, header + bound_to).decode())
    except InvalidTag:
        raise Tampered(
            f"An envelope under key {key_id!r} does not open: it was altered, or moved from another tenant, "
            "row or purpose, or the key is not the one it was sealed with. Restore the row, or enter the "
            "secret again."
        ) from None


def sealed_under(envelope: bytes) -> str:
    """The id of the key that an envelope was sealed under."""
    if len(envelope) < LENGTHS or envelope[0] != VERSION:
        raise Malformed("These bytes do not begin like an envelope of this vault; was the secret erased?")
    try:
        return envelope[LENGTHS : LENGTHS + envelope[1]].decode("ascii")
    except UnicodeDecodeError:
        raise Malformed("The key id of this envelope is not readable.") from None
