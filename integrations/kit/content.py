"""Files on their way from one system to another: through a temporary file without a name, never whole in memory."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from tempfile import TemporaryFile
from typing import IO, Final, Self

from integrations.kit.errors import TooLarge

_PIECE: Final = 65_536
#: What a form has for the signs that would end a name in it, by the HTML standard.
_ESCAPES: Final = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})


class Spool:
    """What a download brings, `most` bytes of it at the most; gone when it is closed. size: of what has come."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.size = 0
        self._file = TemporaryFile()  # noqa: SIM115 - closed by who made the spool

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the file go."""
        self._file.close()

    def rewound(self) -> IO[bytes]:
        """The file itself, from the beginning; whoever closes it closes the spool."""
        self._file.seek(0)
        return self._file

    def begin(self) -> None:
        """Forget what came by an attempt that broke."""
        self.size = 0
        self._file.seek(0)
        self._file.truncate()

    def write(self, piece: bytes) -> None:
        """Keep the next bytes."""
        self._file.write(piece)
        self.size += len(piece)

    def too_large(self) -> TooLarge:
        """The error for a file that does not go in here."""
        return TooLarge(f"the file is larger than {self.most} bytes, which is the most that is carried")

    def read(self) -> Iterator[bytes]:
        """All of it, in pieces, from the beginning."""
        self._file.seek(0)
        while piece := self._file.read(_PIECE):
            yield piece


@dataclass(frozen=True)
class Content:
    """A file that is here completely. kind: its media type."""

    spool: Spool
    kind: str


class Form:
    """A form in parts, RFC 7578, with a file as its last; read in pieces, and from the beginning at every attempt."""

    def __init__(self, fields: Mapping[str, str], part: str, file_name: str, content: Content) -> None:
        self._boundary = uuid.uuid4().hex
        self._content = content
        texts = "".join(
            self._head(f'name="{_safe(n)}"') + f"\r\n\r\n{text}\r\n" for n, text in fields.items()
        )
        named = self._head(f'name="{_safe(part)}"; filename="{_safe(file_name)}"')
        self._before = f"{texts}{named}\r\nContent-Type: {content.kind}\r\n\r\n".encode()
        self._after = f"\r\n--{self._boundary}--\r\n".encode()

    @property
    def kind(self) -> str:
        """The media type of the whole."""
        return f"multipart/form-data; boundary={self._boundary}"

    def __len__(self) -> int:
        return len(self._before) + self._content.spool.size + len(self._after)

    def __iter__(self) -> Iterator[bytes]:
        yield self._before
        yield from self._content.spool.read()
        yield self._after

    def _head(self, disposition: str) -> str:
        return f"--{self._boundary}\r\nContent-Disposition: form-data; {disposition}"


class Bare:
    """A file as the whole body of a request; read in pieces, and from the beginning at every attempt."""

    def __init__(self, content: Content) -> None:
        self._content = content

    @property
    def kind(self) -> str:
        """The media type."""
        return self._content.kind

    def __len__(self) -> int:
        return self._content.spool.size

    def __iter__(self) -> Iterator[bytes]:
        return self._content.spool.read()


class Reading:
    """A body as the HTTP library reads it: it wants a length, and to say how much it takes at a time."""

    def __init__(self, body: Form | Bare) -> None:
        self._length = len(body)
        self._pieces = iter(body)
        self._held = BytesIO()

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    def read(self, most: int = _PIECE) -> bytes:
        """The next bytes; none at the end."""
        while not (taken := self._held.read(most)):
            following = next(self._pieces, None)
            if following is None:
                return b""
            self._held = BytesIO(following)
        return taken


def _safe(name: str) -> str:
    return name.translate(_ESCAPES)
