"""Packed bodies: gzip and deflate, no others, and never unpacked to more than there is room for."""

from __future__ import annotations

import zlib


class Unasked(ValueError):
    """The answer is packed in a way that nobody asked for."""


class Unpacker:
    """Undoes gzip or deflate, never making more than there is room for. done: nothing is missing, nothing too much."""

    def __init__(self, encoding: str) -> None:
        name = encoding.strip().lower()
        if name not in {"", "identity", "gzip", "x-gzip", "deflate"}:
            raise Unasked(f"the answer is packed as {name[:20]!r}, which was not asked for")
        self._engine = None if name in {"", "identity"} else zlib.decompressobj(zlib.MAX_WBITS | 32)
        self._may_be_raw = name == "deflate"

    @property
    def done(self) -> bool:
        """Whether what was packed has ended."""
        return self._engine is None or (self._engine.eof and not self._engine.unused_data)

    def feed(self, chunk: bytes, room: int) -> bytes:
        """What is in the next bytes of the body, `room` bytes of it at the most."""
        if self._engine is None:
            return chunk
        raw, self._may_be_raw = self._may_be_raw, False
        if self._engine.eof:
            raise zlib.error("more follows than was packed")
        try:
            return self._engine.decompress(chunk, max(1, room))
        except zlib.error:
            if not raw:
                raise
        # Some servers take "deflate" for the bare format, without the header of RFC 1950.
        self._engine = zlib.decompressobj(-zlib.MAX_WBITS)
        return self._engine.decompress(chunk, max(1, room))
