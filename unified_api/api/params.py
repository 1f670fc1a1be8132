"""Query parameters: empty ones count as not given, unknown ones are never looked at, malformed ones get their name."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Collection
from typing import TypeVar

from django.http import QueryDict

from unified_api.api.errors import malformed
from unified_api.models.fields import Malformed, Text, parse_id, parse_instant

T = TypeVar("T")
_FLAGS = {"true": True, "1": True, "false": False, "0": False}
_text = Text()


class Params:
    """The parameters of one request. Every method raises DRF's ValidationError with the parameter's name."""

    def __init__(self, given: QueryDict) -> None:
        self._given = given

    def __contains__(self, name: str) -> bool:
        """Whether a parameter is named, be it without a value."""
        return name in self._given

    def text(self, name: str) -> str | None:
        """The last value given."""
        value = self._given.get(name)
        return self._parse(name, value, _text.parse) if value else None

    def word(self, name: str, words: Collection[str]) -> str | None:
        """One of these words."""
        value = self.text(name)
        if value is not None and value not in words:
            raise malformed(name, f"one of {', '.join(words)} is expected")
        return value

    def csv(self, name: str) -> list[str]:
        """All values given, one parameter with commas or several; each once."""
        words = [word.strip() for value in self._given.getlist(name) for word in value.split(",")]
        return [self._parse(name, word, _text.parse) for word in dict.fromkeys(words) if word]

    def ids(self, name: str) -> list[uuid.UUID]:
        """The same, as ids of records."""
        return [self._parse(name, word, parse_id) for word in self.csv(name)]

    def instant(self, name: str) -> dt.datetime | None:
        """A point in time."""
        value = self.text(name)
        return None if value is None else self._parse(name, value, parse_instant)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """True or false."""
        known = self.maybe(name)
        return default if known is None else known

    def maybe(self, name: str) -> bool | None:
        """True, false, or not given."""
        value = self._given.get(name)
        if not value:
            return None
        if value.lower() not in _FLAGS:
            raise malformed(name, "true or false is expected")
        return _FLAGS[value.lower()]

    def whole(self, name: str, *, default: int) -> int:
        """A whole number of at least one."""
        value = self._given.get(name)
        if not value:
            return default
        if not (value.isascii() and value.isdigit() and int(value[:9])):
            raise malformed(name, "a whole number of at least 1 is expected")
        return int(value[:9])

    @staticmethod
    def _parse(name: str, value: str, parse: Callable[[str], T]) -> T:
        try:
            return parse(value)
        except Malformed as error:
            raise malformed(name, str(error)) from error
