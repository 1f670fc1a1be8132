"""JSON as a provider may send it: decoded within limits, or refused in a sentence.

Never a surprise further in.

Refused: what is no JSON, and more values than MOST_VALUES, which would fill the memory.
Flawed: an object that names a key twice, NaN and infinities, what is nested deeper than MAX_DEPTH. A `Flawed` stands in
its place, so that the record that holds it can be set aside, and the others of its page go on.
Cleaned: NUL and lone surrogates become U+FFFD, bytes that are no text too, integers beyond 64 bits and
numbers beyond a double become their text; Postgres, orjson and UTF-8 could not hold these. `dirty` says that
something was cleaned.
"""

from __future__ import annotations

import codecs
import json
import math
import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

import orjson

MAX_DEPTH = 64
#: Values in one answer. Each takes up to a hundred bytes when it is decoded, however few it had on the wire.
MOST_VALUES = 2_000_000
REPLACEMENT = "\ufffd"
_CONTAINERS = (dict, list)
#: What a Content-Type may name beside UTF-8. A closed list: some of Python's codecs take hours for a long text.
_CHARSETS = frozenset(
    {
        "iso8859-1",
        "iso8859-2",
        "iso8859-15",
        "cp1250",
        "cp1251",
        "cp1252",
        "koi8-r",
        "shift_jis",
        "euc_jp",
        "gb18030",
        "big5",
    }
)
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
#: A string or a bracket, for measuring depth without decoding.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
#: Stands for what was cut out of a text as too deep; an answer that spells it itself is flawed all the same.
_TOO_DEEP = "\udeed\udead"
_DEEP = f"nested deeper than {MAX_DEPTH} levels"
_INT64 = range(-(2**63), 2**63)
_SUSPICIOUS = re.compile(r"\\u(?:[dD][89a-fA-F]|0000)")
#: Every digit becomes 0 and everything else x: nineteen zeros in a row may be an integer beyond 64 bits.
_DIGITS = bytes(ord("0") if chr(code).isdigit() and code < 128 else ord("x") for code in range(256))  # noqa: PLR2004 - ASCII
_MANY_DIGITS = b"0" * 19
_SPACE = b" \t\r\n"
#: Control characters, and those that turn the direction of the text around them.
_ORDERS = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
_UNFIT = re.compile("[\x00\ud800-\udfff]")


class NotJson(ValueError):
    """The body is no JSON that we take; the text says why, without quoting it."""


class TooMuch(NotJson):
    """More values than an answer may have; asking again will not help."""


class Flawed(dict[str, Any]):
    """What stands in the place of something that JSON does not have. It holds what is not in doubt."""

    def __init__(self, reason: str, sound: dict[str, Any] | None = None) -> None:
        super().__init__(sound or {})
        self.reason = reason


@dataclass(frozen=True)
class Decoded:
    """A decoded body. dirty: something was cleaned. flawed: a Flawed is in it."""

    data: Any
    dirty: bool = False
    flawed: bool = False


def decode(body: bytes, charset: str | None = None) -> Decoded:
    """The JSON value of a body; raises NotJson. charset: as its Content-Type names it."""
    if body.count(b",") + body.count(b"[") + body.count(b"{") > MOST_VALUES:
        raise TooMuch(f"it holds more than {MOST_VALUES} values; ask for smaller pages")
    text = _text(body, charset)
    dirty = REPLACEMENT in text or ("\\u" in text and bool(_SUSPICIOUS.search(text)))
    if not dirty and _MANY_DIGITS not in body.translate(_DIGITS):
        quick = _quick(body)
        if quick is not None:
            return Decoded(quick)
    return _careful(text, dirty=dirty)


def strictly(body: bytes) -> Decoded:
    """The same, where nothing flawed is of use."""
    decoded = decode(body)
    if decoded.flawed:
        raise NotJson(flaw(decoded.data) or "it is flawed")
    return decoded


def flaw(data: Any) -> str | None:
    """What is wrong with the first flawed thing inside a value, None when nothing is."""
    level = [data]
    while level:
        for node in level:
            if isinstance(node, Flawed):
                return node.reason
        inner = [child for node in level if isinstance(node, dict) for child in node.values()]
        inner += [child for node in level if isinstance(node, list) for child in node]
        level = [child for child in inner if isinstance(child, _CONTAINERS)]
    return None


def _careful(text: str, *, dirty: bool) -> Decoded:
    """The slow way, which can take anything."""
    found: list[str] = []
    loaded = _load(text, found)
    if loaded is None or _depth(loaded) > MAX_DEPTH:
        loaded = _marked(_load(_pruned(text), found), found)
    [data] = loaded
    return Decoded(scrub(data) if dirty else data, dirty or "number" in found, "flaw" in found)


def _text(body: bytes, charset: str | None) -> str:
    """The body as text; what is no text in it becomes U+FFFD."""
    marked = next((name for mark, name in _MARKS if body.startswith(mark)), None)
    try:
        return body.decode(marked or "utf-8-sig")
    except UnicodeDecodeError:
        return body.decode(marked or _known(charset) or "utf-8-sig", errors="replace")


def _known(charset: str | None) -> str | None:
    try:
        name = codecs.lookup(charset or "").name
    except (LookupError, ValueError):
        return None
    return name if name in _CHARSETS else None


def _pruned(text: str) -> str:
    """The text with everything too deep replaced by a mark; nothing here recurses."""
    kept: list[str] = []
    depth = begin = 0
    for token in _TOKEN.finditer(text):
        sign = token[0]
        if sign in "[{":
            depth += 1
            if depth == MAX_DEPTH + 1:
                kept.append(text[begin : token.start()])
        elif sign in "]}":
            depth -= 1
            if depth == MAX_DEPTH:
                kept.append(f'"{_TOO_DEEP}"')
                begin = token.end()
    if depth > MAX_DEPTH:
        raise NotJson(f"it is {_DEEP}, and does not end")
    return "".join([*kept, text[begin:]])


def unfit(text: str) -> bool:
    """Whether a text holds characters that cannot be stored."""
    return bool(_UNFIT.search(text))


def fit(text: str) -> str:
    """The text with such characters replaced."""
    return _UNFIT.sub(REPLACEMENT, text)


def plain(text: str) -> str:
    """The text on one line, without what moves a cursor, turns the direction of writing, or cannot be stored."""
    return " ".join(_ORDERS.sub(" ", text).split())


def scrub(data: Any) -> Any:
    """The value with every text in it made fit; nesting is bounded by now."""
    if isinstance(data, str):
        return fit(data)
    if isinstance(data, list):
        return [scrub(item) for item in data]
    if isinstance(data, dict):
        clean = {fit(key): scrub(value) for key, value in data.items()}
        return Flawed(data.reason, clean) if isinstance(data, Flawed) else clean
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
    return data if _entries(data) == body.translate(None, _SPACE).count(b'":') else None


def _marked(data: Any, found: list[str]) -> Any:
    """The value with a Flawed wherever a text was cut out; nesting is bounded by now."""
    if data == _TOO_DEEP and isinstance(data, str):
        return _flawed(f"it is {_DEEP}", found)
    if isinstance(data, list):
        return [_marked(item, found) for item in data]
    if isinstance(data, dict):
        whole = {key: _marked(value, found) for key, value in data.items()}
        return Flawed(data.reason, whole) if isinstance(data, Flawed) else whole
    return data


def _load(text: str, found: list[str]) -> list[Any] | None:
    """The value, in a list of its own; None when it is nested too deep. found: takes up what was met on the way."""
    try:
        return [
            json.loads(
                text,
                object_pairs_hook=lambda pairs: _object(pairs, found),
                parse_constant=lambda word: _flawed(f"it holds {word}, which is no JSON", found),
                parse_int=lambda digits: _int(digits, found),
                parse_float=lambda digits: _float(digits, found),
            )
        ]
    except json.JSONDecodeError as error:
        fault = f"it is no JSON at character {error.pos}"
    except RecursionError:
        return None
    raise NotJson(fault)


def _object(pairs: list[tuple[str, Any]], found: list[str]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    times = Counter(key for key, _value in pairs)
    sound = {key: value for key, value in pairs if times[key] == 1}
    return _flawed("an object in it names the same key twice", found, sound)


def _flawed(reason: str, found: list[str], sound: dict[str, Any] | None = None) -> Flawed:
    found.append("flaw")
    return Flawed(reason, sound)


def _int(digits: str, found: list[str]) -> int | str:
    if len(digits) <= len(str(_INT64.start)) and int(digits) in _INT64:
        return int(digits)
    found.append("number")
    return digits


def _float(digits: str, found: list[str]) -> float | str:
    number = float(digits)
    if math.isfinite(number):
        return number
    found.append("number")
    return digits


def _entries(data: Any) -> int:
    """How many entries all objects have together; -1 for nesting that is too deep."""
    level, depth, entries = [data], 0, 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            return -1
        objects = [node for node in level if type(node) is dict]
        entries += sum(map(len, objects))
        inner = [child for node in objects for child in node.values()]
        inner += [child for node in level if type(node) is list for child in node]
        level = [child for child in inner if type(child) in _CONTAINERS]
    return entries


def _depth(data: Any) -> int:
    """How many levels of objects and lists there are within a list, itself not counted."""
    level, depth = [data], -1
    while level:
        depth += 1
        inner = [child for node in level if isinstance(node, dict) for child in node.values()]
        inner += [child for node in level if isinstance(node, list) for child in node]
        level = [child for child in inner if isinstance(child, _CONTAINERS)]
    return depth
