"""What a bridge does with the files that its records stand for: as data, and read from what somebody wrote."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Self

from unified_api.engine.policy import PolicyError

#: Bytes that a copied file may have, where nobody says: what most mailboxes take.
USUAL: Final = 10_000_000
#: And at the most: more than this does not go over a line of 2 MB/s within the minute that a call may take.
LARGEST: Final = 100_000_000
_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(|[kMG]?B)", re.IGNORECASE)
_UNITS: Final = {"": 1, "b": 1, "kb": 1_000, "mb": 1_000_000, "gb": 1_000_000_000}


class Files(StrEnum):
    """What becomes of a file.

    SKIP: it stays where it is. LINK: the other side gets its address. COPY: the other side gets its bytes.
    """

    SKIP = "skip"
    LINK = "link"
    COPY = "copy"


@dataclass(frozen=True)
class AttachmentChoice:
    """What becomes of the files, and how many bytes one may have that is copied."""

    files: Files
    cap: int = USUAL

    @classmethod
    def parse(cls, data: Mapping[str, Any] | None) -> Self | None:
        """Read the stored form; raises PolicyError."""
        if data is None:
            return None
        try:
            files = Files(data["files"])
        except ValueError:
            raise PolicyError(f"content: {data['files']!r} is none of {', '.join(Files)}") from None
        return cls(files, size(data.get("cap", USUAL)))

    def as_data(self) -> dict[str, Any]:
        """The stored form that `parse` reads."""
        return {"files": self.files.value, "cap": self.cap}


def size(told: Any) -> int:
    """A number of bytes, or a text such as `10 MB`; raises PolicyError."""
    found = _SIZE.fullmatch(told.strip()) if isinstance(told, str) else None
    number = round(float(found[1]) * _UNITS[found[2].lower()]) if found else told
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= LARGEST:
        raise PolicyError(f"cap: {told!r} is no size such as 10 MB, up to {shown(LARGEST)}")
    return number


def shown(number: int) -> str:
    """A size as people write it."""
    for unit in ("GB", "MB", "kB"):
        if number % _UNITS[unit.lower()] == 0 and number:
            return f"{number // _UNITS[unit.lower()]} {unit}"
    return f"{number} B"
