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

MAX_DEPTH = 64
REPLACEMENT = "\ufffd"
_INT64 = range(-(2**63), 2**63)
_SUSPICIOUS = re.compile(r"\\u(?:[dD][89a-fA-F]|0000)")
_BIG = re.compile(r"\d{19}|[eE][+-]?\d{3}")
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
    dirty = REPLACEMENT in text or bool(_SUSPICIOUS.search(text))
    big = bool(_BIG.search(text))
    data = _load(text, big=big)
    _measure(data)
    return Decoded(scrub(data) if dirty else data, dirty or big)


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


def _load(text: str, *, big: bool) -> Any:
    numbers: dict[str, Any] = {"parse_int": _int, "parse_float": _float} if big else {}
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse, **numbers)
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


def _int(digits: str) -> int | str:
    short = len(digits) <= len(str(_INT64.start)) and int(digits) in _INT64
    return int(digits) if short else digits


def _float(digits: str) -> float | str:
    number = float(digits)
    return number if math.isfinite(number) else digits


def _measure(data: Any) -> None:
    level, depth = [data], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise NotJson(f"it is nested deeper than {MAX_DEPTH} levels")
        level = [
            child
            for node in level
            if isinstance(node, dict | list)
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, dict | list)
        ]
