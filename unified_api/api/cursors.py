"""Opaque, signed cursors: where a page ends, which way to go on, and of which list.

A cursor holds the order key of a row, not a count of rows, so that it stays right while rows come and go. It is
signed together with the list it belongs to: one that was tampered with, or is of another account, is refused.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import orjson
from django.db.models import Model, QuerySet

from unified_api.api import parameters
from unified_api.api.errors import malformed
from unified_api.api.params import Params
from unified_api.sync import signing

Row = TypeVar("Row")
Stored = TypeVar("Stored", bound=Model)
Key = tuple[str, ...]
DEFAULT_SIZE: Final = 30
LARGEST_SIZE: Final = 100
CURSOR: Final = parameters.text("cursor", "`next` or `previous` of another page of the same list.")
PAGE_SIZE: Final = parameters.whole(
    "page_size",
    f"Entries of a page, {LARGEST_SIZE} at the most; more are that many.",
    default=DEFAULT_SIZE,
    most=LARGEST_SIZE,
)
#: What every list can be asked for.
PAGING: Final = (CURSOR, PAGE_SIZE)
_SALT: Final = "unified_api.api.cursors"
_MAC: Final = 16


@dataclass(frozen=True)
class Window:
    """What part of a list is wanted: `size` rows after `key` (or before it), from an end when there is no key."""

    of: str
    size: int
    key: Key | None = None
    backwards: bool = False

    @classmethod
    def asked(cls, params: Params, of: str) -> Window:
        """The window that `cursor` and `page_size` ask for; a page larger than the largest is that one."""
        size, cursor = PAGE_SIZE.of(params), CURSOR.of(params)
        if cursor is None:
            return cls(of, size)
        backwards, key = opened(cursor, of)
        return cls(of, size, key or None, backwards)


#: From (key, backwards, limit) to rows in that direction, nearest first.
Fetch = Callable[[Key | None, bool, int], Sequence[Row]]


def turn(window: Window, fetch: Fetch[Row], key_of: Callable[[Row], Key]) -> tuple[list[Row], dict[str, Any]]:
    """The rows of a window in the list's order, and the wire form of the page without them: `next`, `previous`."""
    found = fetch(window.key, window.backwards, window.size + 1)
    more = len(found) > window.size
    rows = list(found[: window.size])
    if not rows:
        return rows, _way_out(window)
    if window.backwards:
        rows.reverse()
    after = more or window.backwards
    before = more if window.backwards else window.key is not None
    return rows, {
        "next": seal(window.of, key_of(rows[-1])) if after else None,
        "previous": seal(window.of, key_of(rows[0]), backwards=True) if before else None,
    }


def _way_out(window: Window) -> dict[str, Any]:
    """Where an empty page leads. Whatever stood behind its cursor is gone, so all that is left is on the other side."""
    return {
        "next": seal(window.of, ()) if window.backwards else None,
        "previous": seal(window.of, (), backwards=True) if window.key and not window.backwards else None,
    }


def ordered(window: Window, rows: QuerySet[Stored], column: str) -> tuple[list[Stored], dict[str, Any]]:
    """The same of stored rows, in the order of a column that no two of them have alike."""

    def fetch(key: Key | None, backwards: bool, limit: int) -> list[Stored]:  # noqa: FBT001 - Fetch
        beyond = rows if key is None else rows.filter(**{f"{column}__{'lt' if backwards else 'gt'}": key[0]})
        return list(beyond.order_by(f"-{column}" if backwards else column)[:limit])

    return turn(window, fetch, lambda row: (str(getattr(row, column)),))


def seal(of: str, key: Key, *, backwards: bool = False) -> str:
    """The cursor of what comes after a key in a list, or before it; without a key, from that end of the list."""
    payload = orjson.dumps([int(backwards), *key])
    (mac, *_) = _macs(of, payload)
    return _encode(mac + payload)


def _encode(sealed: bytes) -> str:
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def opened(cursor: str, of: str) -> tuple[bool, Key]:
    """Which way a cursor of a list goes on, and from where; raises DRF's ValidationError."""
    try:
        sealed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        sealed = b""
    mac, payload = sealed[:_MAC], sealed[_MAC:]
    if not any(hmac.compare_digest(mac, one) for one in _macs(of, payload)) or _encode(sealed) != cursor:
        raise malformed("cursor", "This is no cursor of this list; begin without one.")
    backwards, *key = orjson.loads(payload)
    return bool(backwards), tuple(key)


def _macs(of: str, payload: bytes) -> Iterator[bytes]:
    """By the secret key, then by earlier ones."""
    return (mac[:_MAC] for mac in signing.signatures(_SALT, of.encode() + b"\0" + payload))
