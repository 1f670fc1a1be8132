"""How values are compared: each normalizer brings two spellings of one meaning to the same text. None is ever stored.

exact     as it is
trim      without white space at the ends of lines and of the whole
case      the same, in any case
instant   one moment in any zone
day       the day of a moment, in UTC: of two sides one knows days only
email     an address without its decoration, in any case
phone     digits, and the plus of an international number; 00 is a plus. What has letters before its extension, or
          no digits there, is a text in any case
rich      what a reader sees of a text, whether it is marked up or plain, see `markup`

Values come from anybody, so there is no text that a normalizer cannot bring to some form.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from unified_api.engine import markup
from unified_api.engine.values import MISSING, Maybe, Value

_EXTENSION: Final = re.compile(r"(?:ext\.?|extension|x|#)\s*(?P<inner>\d+)$")


def _exact(text: str) -> str:
    return text


def _trim(text: str) -> str:
    if text.isprintable():  # one line, so
        return text.strip()
    return "\n".join(line.rstrip() for line in text.splitlines()).strip()


def _case(text: str) -> str:
    return _trim(text).casefold()


def _instant(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC).isoformat() if moment.tzinfo else text
    except (ValueError, OverflowError):  # no moment, or one whose year in UTC is none that Python has
        return text


def _day(text: str) -> str:
    return _instant(text)[:10]


def _email(text: str) -> str:
    bare = _case(text).removeprefix("mailto:")
    return bare.rpartition("<")[2].rstrip(">").strip()


def _phone(text: str) -> str:
    number = _case(text).removeprefix("tel:").strip()
    extension = _EXTENSION.search(number)
    number, inner = (number[: extension.start()], extension["inner"]) if extension else (number, "")
    digits = "".join(letter for letter in number if letter.isdecimal())
    if not digits or any(letter.isalpha() for letter in number):
        return _case(text)
    abroad = number.lstrip("( ").startswith("+")
    if digits.startswith("00") and not abroad:
        digits, abroad = digits[2:], True
    return ("+" if abroad else "") + digits + (f"x{inner}" if inner else "")


NORMALIZERS: Final[Mapping[str, Callable[[str], str]]] = {
    "exact": _exact,
    "trim": _trim,
    "case": _case,
    "instant": _instant,
    "day": _day,
    "email": _email,
    "phone": _phone,
    "rich": markup.read,
}


def normal(value: Value, normalizer: str) -> Value:
    """The form in which a value is compared, never stored. Empty text, list and map count as nothing."""
    if isinstance(value, list):
        return [normal(item, normalizer) for item in value] or None
    if isinstance(value, dict):
        return {name: normal(item, normalizer) for name, item in value.items()} or None
    if isinstance(value, str):
        return NORMALIZERS[normalizer](value) or None
    return value


def blank(value: Maybe) -> bool:
    """Whether the value says nothing."""
    return value is MISSING or normal(value, "trim") is None
