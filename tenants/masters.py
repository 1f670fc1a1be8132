"""The ring of master keys as this process knows it: from settings, or from a file that may change meanwhile.

Where the ring is in a file (MASTER_KEYS_FILE, or the embedded mode's own), every use looks whether the file
was changed, so that a key that is added or put first counts in running processes too. What cannot be right (a
text that is no ring, other bytes under an id that is known) is logged, and the ring stays as it was.
"""

from __future__ import annotations

import threading
from functools import cache, lru_cache
from pathlib import Path

import structlog
from django.conf import settings

from tenants.vault import BadKeyRing, KeyRing

log = structlog.get_logger(__name__)

#: What tells one state of a file from another; empty for none.
Look = tuple[int, ...]


class RingFile:
    """A ring that is read from a file again whenever the file was changed. `first`: its text at start."""

    def __init__(self, path: Path, first: str) -> None:
        self._path, self._ring = path, KeyRing.parse(first)
        self._seen: Look | None = None
        self._lock = threading.Lock()

    def ring(self) -> KeyRing:
        """The ring as it is now; as it last was, while the file cannot be used."""
        with self._lock:
            look = self._look()
            if look != self._seen:
                self._seen = look
                self._read()
            return self._ring

    def _look(self) -> Look:
        try:
            found = self._path.stat()
        except OSError:
            return ()
        return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size

    def _read(self) -> None:
        try:
            self._ring = _successor(self._ring, self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:  # a BadKeyRing is a ValueError, and so is what is no text
            reason = str(error) if isinstance(error, OSError | BadKeyRing) else "it is no text"
            log.error("master_keys.kept", file=str(self._path), reason=reason)  # noqa: TRY400 - no traceback


def _successor(known: KeyRing, text: str) -> KeyRing:
    """The ring of this text; BadKeyRing also when it gives a known id to another key."""
    ring = KeyRing.parse(text)
    for key in known:
        if key.id in ring and ring[key.id].text() != key.text():
            raise BadKeyRing(f"Key {key.id!r} has other bytes than before; give a new key an id of its own.")
    return ring


_parsed = lru_cache(maxsize=2)(KeyRing.parse)


@cache
def _file(path: Path) -> RingFile:
    return RingFile(path, settings.MASTER_KEYS)


def source() -> str:
    """Where an operator finds the ring."""
    path: Path | None = settings.MASTER_KEYS_FILE
    return f"MASTER_KEYS ({path})" if path else "MASTER_KEYS"


def master_keys() -> KeyRing:
    """The ring of master keys; BadKeyRing when there is none."""
    path: Path | None = settings.MASTER_KEYS_FILE
    return _file(path).ring() if path else _parsed(settings.MASTER_KEYS)
