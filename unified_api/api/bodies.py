"""Keys of bodies as declarations: one says to people what it means, and understands what arrives."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from unified_api.api.errors import malformed
from unified_api.api.openapi.schema import (
    ANY,
    FLAG,
    ID,
    INSTANT,
    TEXT,
    Schema,
    keyed,
    many,
    maybe,
    record,
)
from unified_api.api.openapi.schema import word as one_of
from unified_api.models.fields import Malformed, Text, parse_id, parse_instant

T = TypeVar("T")
#: Some character that `str.strip` leaves.
_FILLED: Final = {**TEXT, "pattern": r"[^\s\u001c-\u001f]"}


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


def formed_text(name: str, about: str, pattern: str) -> Key[str]:
    """A string that looks so, which the taker sees to."""
    return Key(name, about, {"type": "string", "pattern": pattern}, Text().parse)


def filled_text(name: str, about: str) -> Key[str]:
    """A string that is not blank, without white space at its ends."""

    def parse(told: Any) -> str:
        text = Text().parse(told).strip()
        if not text:
            raise Malformed("a text that is not blank is expected")
        return text

    return Key(name, about, _FILLED, parse)


def maybe_text(name: str, about: str) -> Key[str | None]:
    """A string, where it is given."""
    return Key(
        name, about, maybe(TEXT), lambda told: None if told is None else Text().parse(told), is_required=False
    )


def words(name: str, known: Collection[str], about: str) -> Key[list[str]]:
    """Several of these words, one at least."""

    def parse(told: Any) -> list[str]:
        if not isinstance(told, list) or not told or not all(one in known for one in told):
            raise Malformed(f"a list of one or more of {', '.join(known)} is expected")
        return list(dict.fromkeys(told))

    return Key(name, about, {**many(one_of(*known)), "minItems": 1}, parse)


def maybe_words(name: str, known: Collection[str], about: str) -> Key[list[str]]:
    """Some of these words; none where it is not given."""

    def parse(told: Any) -> list[str]:
        if told is not None and not (isinstance(told, list) and all(one in known for one in told)):
            raise Malformed(f"a list of {', '.join(known)} is expected")
        return list(dict.fromkeys(told or ()))

    return Key(name, about, maybe(many(one_of(*known))), parse, is_required=False)


def maybe_word(name: str, known: Collection[str], about: str, *, default: str) -> Key[str]:
    """One of these words, where it is given."""

    def parse(told: Any) -> str:
        if told is not None and told not in known:
            raise Malformed(f"one of {', '.join(known)} is expected")
        return default if told is None else str(told)

    return Key(name, about, maybe(one_of(*known)), parse, is_required=False)


def flag(name: str, about: str) -> Key[bool]:
    """True or false."""
    return Key(name, about, FLAG, _flag)


def maybe_flag(name: str, about: str) -> Key[bool]:
    """True or false; false where it is not given."""
    return Key(name, about, maybe(FLAG), lambda told: told is not None and _flag(told), is_required=False)


def _flag(told: Any) -> bool:
    if not isinstance(told, bool):
        raise Malformed("true or false is expected")
    return told


def maybe_whole(name: str, about: str, *, default: int, least: int, most: int) -> Key[int]:
    """A whole number within bounds, where it is given."""

    def parse(told: Any) -> int:
        if told is None:
            return default
        if isinstance(told, bool) or not isinstance(told, int) or not least <= told <= most:
            raise Malformed(f"a whole number from {least} to {most} is expected")
        return told

    schema = {"type": "integer", "default": default, "minimum": least, "maximum": most}
    return Key(name, about, maybe(schema), parse, is_required=False)


def objects(
    name: str, about: str, item: Schema, *, is_required: bool = True, most: int | None = None
) -> Key[list[dict[str, Any]]]:
    """A list of objects that somebody else understands, of so many at most; none where it need not be given."""

    def parse(told: Any) -> list[dict[str, Any]]:
        if told is None and not is_required:
            return []
        if not isinstance(told, list) or not all(isinstance(one, dict) for one in told):
            raise Malformed("a list of objects is expected")
        if most is not None and len(told) > most:
            raise Malformed(f"a list of at most {most} objects is expected")
        return told

    schema = many(item) if most is None else {**many(item), "maxItems": most}
    return Key(name, about, schema if is_required else maybe(schema), parse, is_required)


def maybe_mapping(name: str, about: str, value: Schema = ANY) -> Key[dict[str, Any]]:
    """An object whose keys somebody else understands; an empty one where it is not given. value: of each key."""

    def parse(told: Any) -> dict[str, Any]:
        if told is not None and not isinstance(told, dict):
            raise Malformed("an object is expected")
        return told or {}

    return Key(name, about, maybe(keyed(value)), parse, is_required=False)


def one_id(name: str, about: str, *, is_required: bool = True) -> Key[uuid.UUID]:
    """An id."""
    return Key(name, about, ID, parse_id, is_required)


def instant(name: str, about: str) -> Key[dt.datetime]:
    """A moment."""
    return Key(name, about, INSTANT, lambda told: parse_instant(str(told)))


def maybe_id(name: str, about: str) -> Key[uuid.UUID | None]:
    """An id, where one is given."""
    return Key(
        name, about, maybe(ID), lambda told: None if told is None else parse_id(told), is_required=False
    )


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
