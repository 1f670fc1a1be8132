"""Master keys for tests: two that are fixed, and rings of them."""

from __future__ import annotations

import base64
from typing import Final

from django.conf import settings

#: The key under which tests run.
OLD: Final[str] = settings.MASTER_KEYS
OLD_ID: Final[str] = OLD.partition(":")[0]
NEW_ID: Final = "second"


def line(key_id: str, byte: bytes) -> str:
    """A key that is one byte, 32 times."""
    return f"{key_id}:{base64.b64encode(byte * 32).decode()}"


NEW: Final = line(NEW_ID, b"2")
BOTH: Final = f"{NEW}\n{OLD}"
#: Another key of the old one's id.
WRONG: Final = line(OLD_ID, b"9")
#: What must not be seen anywhere: the text of each key.
MATERIAL: Final = tuple(text.partition(":")[2] for text in (OLD, NEW, WRONG))
