"""Pieces of lists, and cursors that nobody can read anything from."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass

from tests.emulators.exchange import Refused
from tests.emulators.world import Record


@dataclass(frozen=True)
class Piece:
    """Some records of a list, from its `first` on, and how many it has in all."""

    items: list[Record]
    first: int
    total: int

    @property
    def behind(self) -> int:
        """The place behind the last of them."""
        return self.first + len(self.items)

    @property
    def is_last(self) -> bool:
        """Whether none follows."""
        return self.behind >= self.total


def piece(records: Sequence[Record], first: int, size: int) -> Piece:
    """So many records of a list, from a place on."""
    return Piece(list(records[first : first + size]), first, len(records))


def sealed(*parts: object) -> str:
    """A cursor."""
    return base64.urlsafe_b64encode("|".join(map(str, parts)).encode()).decode().rstrip("=")


def opened(cursor: str, parts: int) -> list[str]:
    """What a cursor was made of; raises Refused."""
    try:
        found = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().split("|")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        found = []
    if len(found) != parts:
        raise Refused(400, "this cursor is none")
    return found
