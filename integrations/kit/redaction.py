"""What is secret, cut out of what somebody sends back, however it is spelled there.

Whoever is shown a credential may repeat it: as it was sent, escaped for an address, for JSON or for a web page, or in
base64 with something before it, as HTTP Basic has it.
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

#: Stands where something was cut out.
SECRET: Final = "[secret]"  # noqa: S105 - not one
#: Shorter secrets are not searched for, nor backslashes alone: they would cut holes into ordinary text.
_FROM: Final = 4
#: Nor are shorter pieces of base64.
_PIECE_FROM: Final = 8
#: How many signs tell of what stands before a secret as well, by its bytes among the three that make four signs.
_SHARED: Final = (0, 2, 3)
_OUTSIDE_ASCII: Final = "surrogateescape"
#: A sign of a secret, or backslashes that follow each other.
_SIGNS: Final = re.compile(r"\\+|[^\\]")
#: Backslashes, as many as there are, or none.
_RUN: Final = r"(?:(?<!\\)\\++)?"
_BEHIND_RUN: Final = r"(?<=\\)"
#: How many times a percent sign may be escaped once more; to try each of millions takes memory.
_AGAIN: Final = 8


class Redaction:
    """Cuts secrets out. They are opened already: it lives no longer than an answer is looked at."""

    def __init__(self, secrets: Iterable[str]) -> None:
        known = {one for one in secrets if len(one) >= _FROM and one.strip("\\")}
        self._known = sorted(known, key=len, reverse=True)
        found = [spelling for one in self._known for spelling in _spellings(one)]
        self._pattern = re.compile("|".join(found)) if found else None

    def text(self, text: str) -> str:
        """The text without them."""
        return self._pattern.sub(SECRET, text) if self._pattern else text

    def body(self, body: bytes) -> bytes:
        """The bytes without them, in UTF-8 or UTF-16, and whatever stands around them."""
        for one in self._known:
            for encoding in ("utf-16-le", "utf-16-be"):
                body = body.replace(one.encode(encoding), SECRET.encode(encoding))
        return self.text(body.decode("utf-8", _OUTSIDE_ASCII)).encode("utf-8", _OUTSIDE_ASCII)

    def data(self, value: Any) -> Any:
        """Decoded JSON without them: names, texts, and numbers that are one."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(name): self.data(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.data(inner) for inner in value]
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return SECRET if is_number and str(value) in self._known else value


def _spellings(secret: str) -> Iterator[str]:
    """Patterns of a secret and of its base64, the longest first."""
    for text in dict.fromkeys((*_encoded(secret.encode()), secret)):
        yield "".join(map(_sign, _SIGNS.findall(text)))


def _encoded(secret: bytes) -> Iterator[str]:
    """What base64 makes of it, alone or with anything before and behind."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(secret).decode()
        for before, shared in enumerate(_SHARED):
            whole = encode(bytes(before) + secret).decode()
            piece = whole[shared : (before + len(secret)) * 8 // 6]
            if len(piece) >= _PIECE_FROM:
                yield piece


def _sign(sign: str) -> str:
    """A pattern of a sign, or of a row of backslashes: itself, or as addresses, JSON and pages escape it, also twice.

    All backslashes before it go, however often they were doubled. They are looked at from the first one only: else a
    text of nothing but backslashes would be looked through as often as it is long.
    """
    if sign.isascii() and sign.isalnum():
        return sign
    itself = _BEHIND_RUN if sign[0] == "\\" else re.escape(sign)
    percent = "".join(f"%(?:25){{0,{_AGAIN}}}{byte:02x}" for byte in sign.encode())
    units = sign.encode("utf-16-be").hex(" ", 2).split()
    escaped = _BEHIND_RUN + r"\\++".join(f"u{unit}" for unit in units)
    numbered = ("".join(form % ord(one) for one in sign) for form in ("&#%d;", "&#x%x;"))
    page = "|".join(map(re.escape, {html.escape(sign), *numbered}))
    return rf"{_RUN}(?:(?i:{percent}|{escaped}|{page})|{itself}{'|[+]' if sign == ' ' else ''})"
