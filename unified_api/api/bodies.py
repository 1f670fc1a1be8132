"""Keys of bodies as declarations: one says to people what it means, and understands what arrives."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from unified_api.api.errors import malformed
from unified_api.api.openapi.schema import ID, INSTANT, TEXT, Schema, maybe, record
from unified_api.api.openapi.schema import word as one_of
from unified_api.models.fields import Malformed, Text, parse_id, parse_instant

T = TypeVar("T")


@dataclass(frozen=True)
class Key(Generic[T]):
    """One key of a body."""

    name: str
    about: str
    schema: Schema
    parse: Callable[[Any], T]
    is_required: bool = True

    def of(self, body: Mapping[str, Any]) -> T:
        """Its value in a body; raises DRF's ValidationError with the key's name."""
        try:
            return self.parse(body.get(self.name))
        except Malformed as error:
            raise malformed(self.name, str(error)) from error


def word(name: str, words: Collection[str], about: str) -> Key[str]:
    """One of these words."""

    def parse(told: Any) -> str:
        if told not in words:
            raise Malformed(f"one of {', '.join(words)} is expected")
        return str(told)

    return Key(name, about, one_of(*words), parse)


def text(name: str, about: str) -> Key[str]:
    """A string."""
    return Key(name, about, TEXT, Text().parse)


def maybe_text(name: str, about: str) -> Key[str | None]:
    """A string, where it is given."""
    return Key(
        name, about, maybe(TEXT), lambda told: None if told is None else Text().parse(told), is_required=False
    )


def one_id(name: str, about: str, *, is_required: bool = True) -> Key[uuid.UUID]:
    """An id."""
    return Key(name, about, ID, parse_id, is_required)


def instant(name: str, about: str) -> Key[dt.datetime]:
    """A moment."""
    return Key(name, about, INSTANT, lambda told: parse_instant(str(told)))


def maybe_instant(name: str, about: str) -> Key[dt.datetime | None]:
    """A moment, where it is given."""
    return Key(
        name,
        about,
        maybe(INSTANT),
        lambda told: None if told is None else parse_instant(str(told)),
        is_required=False,
    )


def mapping(name: str, about: str) -> Key[dict[str, Any]]:
    """An object whose keys somebody else understands."""

    def parse(told: Any) -> dict[str, Any]:
        if not isinstance(told, dict):
            raise Malformed("an object is expected")
        return told

    return Key(name, about, {"type": "object"}, parse)


def value(name: str, about: str) -> Key[Any]:
    """Any value, which somebody else understands."""
    return Key(name, about, {}, lambda told: told)


def body(*keys: Key[Any]) -> Schema:
    """The schema of a body with these keys; others are ignored."""
    properties = {key.name: {**key.schema, "description": key.about} for key in keys}
    return record(properties, optional=[key.name for key in keys if not key.is_required])
