"""JSON as a provider may send it: decoded within limits, or refused in a sentence.

Never a surprise further in.

Refused: what is no JSON, NaN and infinities, an object that names a key twice, nesting deeper than MAX_DEPTH.
Cleaned: NUL and lone surrogates become U+FFFD, bytes that are no UTF-8 too, integers beyond 64 bits and
numbers beyond a double become their text; Postgres, orjson and UTF-8 could not hold these. `dirty` says that
something was cleaned.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any, NoReturn

import orjson

MAX_DEPTH = 64
REPLACEMENT = "\ufffd"
_CONTAINERS = (dict, list)
_INT64 = range(-(2**63), 2**63)
_SUSPICIOUS = re.compile(r"\\u(?:[dD][89a-fA-F]|0000)")
#: Every digit becomes 0 and everything else x: nineteen zeros in a row may be an integer beyond 64 bits.
_DIGITS = bytes(ord("0") if chr(code).isdigit() and code < 128 else ord("x") for code in range(256))  # noqa: PLR2004 - ASCII
_MANY_DIGITS = b"0" * 19
_SPACE = b" \t\r\n"
_UNFIT = re.compile("[\x00\ud800-\udfff]")


class NotJson(ValueError):
    """The body is no JSON that we take; the text says why, without quoting it."""


@dataclass(frozen=True)
class Decoded:
    """A decoded body."""

    data: Any
    dirty: bool = False


def decode(body: bytes) -> Decoded:
    """The JSON value of a body; raises NotJson."""
    text = body.decode("utf-8-sig", errors="replace")
    dirty = REPLACEMENT in text or ("\\u" in text and bool(_SUSPICIOUS.search(text)))
    if not dirty and _MANY_DIGITS not in body.translate(_DIGITS):
        quick = _quick(body)
        if quick is not None:
            return Decoded(quick)
    found: list[str] = []
    data = _load(text, found)
    _measure(data)
    return Decoded(scrub(data) if dirty else data, dirty or bool(found))


def unfit(text: str) -> bool:
    """Whether a text holds characters that cannot be stored."""
    return bool(_UNFIT.search(text))


def fit(text: str) -> str:
    """The text with such characters replaced."""
    return _UNFIT.sub(REPLACEMENT, text)


def scrub(data: Any) -> Any:
    """The value with every text in it made fit; nesting is bounded by now."""
    if isinstance(data, str):
        return fit(data)
    if isinstance(data, list):
        return [scrub(item) for item in data]
    if isinstance(data, dict):
        return {fit(key): scrub(value) for key, value in data.items()}
    return data


def _quick(body: bytes) -> Any:
    """The value of a body without anything special in it, at several times the speed.

    None when it takes more care.

    A key stands before a colon, so there are at most as many keys as quotes before colons. When the objects
    hold that many entries, no key was named twice; a text that begins with a colon only costs time.
    """
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return data if _measure(data) == body.translate(None, _SPACE).count(b'":') else None


def _load(text: str, found: list[str]) -> Any:
    """The careful way. found: takes up the numbers that nothing could hold."""
    try:
        return json.loads(
            text,
            object_pairs_hook=_unique,
            parse_constant=_refuse,
            parse_int=lambda digits: _int(digits, found),
            parse_float=lambda digits: _float(digits, found),
        )
    except json.JSONDecodeError as error:
        fault = f"it is no JSON at character {error.pos}"
    except RecursionError:
        fault = f"it is nested deeper than {MAX_DEPTH} levels"
    raise NotJson(fault)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotJson("an object in it names the same key twice")
    return found


def _refuse(word: str) -> NoReturn:
    raise NotJson(f"it holds {word}, which is no JSON")


def _int(digits: str, found: list[str]) -> int | str:
    if len(digits) <= len(str(_INT64.start)) and int(digits) in _INT64:
        return int(digits)
    found.append(digits)
    return digits


def _float(digits: str, found: list[str]) -> float | str:
    number = float(digits)
    if math.isfinite(number):
        return number
    found.append(digits)
    return digits


def _measure(data: Any) -> int:
    """How many entries all objects have together; raises NotJson for nesting that is too deep."""
    level, depth, entries = [data], 0, 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise NotJson(f"it is nested deeper than {MAX_DEPTH} levels")
        objects = [node for node in level if type(node) is dict]
        entries += sum(map(len, objects))
        inner = [child for node in objects for child in node.values()]
        inner += [child for node in level if type(node) is list for child in node]
        level = [child for child in inner if type(child) in _CONTAINERS]
    return entries
