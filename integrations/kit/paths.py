"""Dotted paths into decoded JSON, and the three kinds of nothing.

Absent, null and empty are different answers.
"""

from __future__ import annotations

import enum
from functools import lru_cache
from typing import Any, Final


class Missing(enum.Enum):
    """The type of MISSING, so that mypy can tell it from a value."""

    MISSING = "missing"

    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        return False


#: An answer says nothing about a field. Not null: null is something that an answer says.
MISSING: Final = Missing.MISSING


#: Dotted steps, or a tuple of them where a step has a dot in itself. "" is the record.
Path = str | tuple[str, ...]


@lru_cache(maxsize=4096)
def steps(path: Path | None) -> tuple[str, ...]:
    """The steps of a path."""
    return path if isinstance(path, tuple) else tuple(path.split(".")) if path else ()


def dig(record: Any, path: Path | None) -> Any:
    """What stands at a path; MISSING when nothing does, null below a null."""
    if type(record) is dict and type(path) is str and path and "." not in path:
        return record.get(path, MISSING)  # most paths are one step, and there are a dozen in every record
    for step in steps(path):
        if record is None:
            return None
        if isinstance(record, dict):
            record = record.get(step, MISSING)
        elif isinstance(record, list) and step.isdigit():
            record = record[int(step)] if int(step) < len(record) else MISSING
        else:
            return MISSING
        if record is MISSING:
            return MISSING
    return record


def bury(path: Path, value: Any) -> dict[str, Any]:
    """The smallest object that has the value at a path."""
    for step in reversed(steps(path)):
        value = {step: value}
    return dict(value)


def without(record: Any, path: Path) -> Any:
    """The record with nothing at a path, in every element of lists on the way; nothing at all for an empty path.

    It shares all else with the one that was given.
    """
    if not path:
        return None
    if isinstance(record, list):
        return [without(item, path) for item in record]
    first, *rest = steps(path)
    if not isinstance(record, dict) or first not in record:
        return record
    kept = {key: value for key, value in record.items() if key != first}
    return {**kept, first: without(record[first], tuple(rest))} if rest else kept


def merge(into: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """Both objects as one, deeply; the second wins."""
    out = dict(into)
    for key, value in patch.items():
        old = out.get(key)
        out[key] = merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return out
