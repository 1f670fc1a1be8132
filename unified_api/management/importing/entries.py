"""Files of entries: one JSON object a line, so that a file may be as long as it likes and each mistake has its line.

What stands in it may be secret: errors name keys and lines, and never quote values.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

T = TypeVar("T")
#: The name of a file that stands for standard input.
STDIN: Final = "-"
#: Mistakes of a file that are told at a time.
FEW: Final = 20


class BadFile(ValueError):
    """A file that is not as it has to be; nothing was done. The sentences say what is wrong, each with its line."""

    def __init__(self, faults: Iterable[str]) -> None:
        told = list(faults)
        more = [f"… and {len(told) - FEW} more"] if len(told) > FEW else []
        super().__init__("\n".join([*told[:FEW], *more]))


class Mistake(ValueError):
    """What is wrong with one entry."""


@dataclass(frozen=True)
class Entry:
    """An entry and its line. told: by key; numbers as they are written."""

    line: int
    told: Mapping[str, Any] = field(repr=False)

    def text(self, key: str) -> str:
        """A text that has to be there; raises Mistake."""
        if not (found := self.optional(key)):
            raise Mistake(f"{key!r} is missing")
        return found

    def optional(self, key: str) -> str:
        """A text, empty where there is none; raises Mistake."""
        found = self.told.get(key)
        if found is None:
            return ""
        if not isinstance(found, str) or "\0" in found:
            raise Mistake(f"{key!r} is no text")
        return found.strip()

    def flag(self, key: str) -> bool:
        """True or false, false where nothing is said; raises Mistake."""
        found = self.told.get(key, False)
        if not isinstance(found, bool):
            raise Mistake(f"{key!r} is neither true nor false")
        return found


def read(path: str, keys: Collection[str], make: Callable[[Entry], T]) -> list[T]:
    """What is made of the entries of a file, of which no other keys are known; raises BadFile.

    make: raises Mistake for an entry that is wrong.
    """
    made, faults = [], []
    for line, text in enumerate(_text(path).split("\n"), 1):
        try:
            if text.strip():
                made.append(make(_entry(line, text, keys)))
        except Mistake as error:
            faults.append(f"line {line}: {error}")
    if faults:
        raise BadFile(faults)
    return made


def _text(path: str) -> str:
    try:
        return sys.stdin.read() if path == STDIN else Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise BadFile([f"{path} cannot be read: {error.strerror}"]) from error
    except UnicodeDecodeError:
        raise BadFile([f"{path} is no text in UTF-8"]) from None


def _entry(line: int, text: str, keys: Collection[str]) -> Entry:
    try:
        told = json.loads(text, parse_int=str, parse_float=str, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        raise Mistake(f"this is no JSON: {error.msg}, at column {error.colno}") from None
    except RecursionError:
        raise Mistake("this is nested too deep") from None
    if not isinstance(told, dict):
        raise Mistake("an object is expected, one a line")
    if unknown := sorted(set(told) - set(keys)):
        raise Mistake(f"{', '.join(map(repr, unknown))}: no such key; known are {', '.join(keys)}")
    return Entry(line, told)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object each of whose keys is given once."""
    told: dict[str, Any] = {}
    for key, value in pairs:
        if key in told:
            raise Mistake(f"{key!r} is given twice")
        told[key] = value
    return told
