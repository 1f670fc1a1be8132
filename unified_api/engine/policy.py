"""What a bridge wants of each field, as data.

`Policy.parse` reads the JSON of a bridge's configuration and names the place of a mistake; `as_data` is its
inverse. Kinds that settle otherwise than by one winner (sets, appended lists, newest, ask) join `Winner` and
`merge` when they come; nothing else knows how a field is settled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Literal, TypeAlias, TypeVar

from unified_api.engine.values import NORMALIZERS, Both, Side, Value, blank, normal


class PolicyError(ValueError):
    """A configuration that cannot be meant; the message names the place and what is possible there."""


class Direction(StrEnum):
    """Which way a field travels."""

    BOTH = "both"
    A_TO_B = "a_to_b"
    B_TO_A = "b_to_a"
    NEVER = "never"

    def reaches(self, target: Side) -> bool:
        """Whether an edit may travel to that side."""
        return self is Direction.BOTH or self is (Direction.A_TO_B if target is Side.B else Direction.B_TO_A)


class Winner(StrEnum):
    """Who prevails when both sides moved since their bases."""

    A = "a"
    B = "b"


class FirstContact(StrEnum):
    """What happens to a field that was never agreed, and differs.

    FILL: a blank is filled from the other side; else the winner prevails. WINNER: the winner prevails, even
    with a blank. KEEP: a blank is filled; two differing values stay as they are until somebody edits one.
    """

    FILL = "fill"
    WINNER = "winner"
    KEEP = "keep"


class Lacking(StrEnum):
    """The answer of a value map that does not have the word."""

    UNMAPPED = "unmapped"


UNMAPPED: Final = Lacking.UNMAPPED
Translated: TypeAlias = Value | Literal[Lacking.UNMAPPED]
E = TypeVar("E", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Field:
    """The policy of one field; `words` holds the value map into each side, None where both speak alike."""

    name: str
    direction: Direction = Direction.BOTH
    winner: Winner = Winner.A
    first: FirstContact = FirstContact.FILL
    normalizer: str = "exact"
    words: Both[Mapping[str, str]] | None = None

    def same(self, one: Value, other: Value) -> bool:
        """Whether two values of ONE side mean the same."""
        return normal(one, self.normalizer) == normal(other, self.normalizer)

    def translate(self, value: Value, to: Side) -> Translated:
        """The other side's value in the spelling of side `to`; nothing stays nothing."""
        if self.words is None or normal(value, self.normalizer) is None:
            return value
        for word, translated in self.words[to].items():
            if self.same(word, value):
                return translated
        return UNMAPPED

    def agree(self, now: Both[Value]) -> bool:
        """Whether the sides mean the same: one of them, translated, is the other.

        Either way suffices, for a map may take many words to one: ON_HOLD and OPEN are at peace when the
        other side calls both OPEN.
        """
        return any(self._matches(now[side.other], side, now[side]) for side in Side)

    def spells(self, sent: Value, got: Value) -> bool:
        """Whether an answer can be the target's spelling of what was sent.

        Free text may come back in any form but empty; words of a value map, flags and numbers may not.
        """
        free = self.words is None and isinstance(sent, str) and isinstance(got, str) and not blank(got)
        return free or self.same(sent, got)

    def _matches(self, value: Value, to: Side, held: Value) -> bool:
        translated = self.translate(value, to)
        return translated is not UNMAPPED and self.same(translated, held)


@dataclass(frozen=True, slots=True)
class Policy:
    """The fields of a bridge by name, and the sides on which it may create records."""

    fields: Mapping[str, Field]
    creates: frozenset[Side] = field(default_factory=lambda: frozenset(Side))

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Policy:
        """Read a configuration: {"fields": {name: {...}}, "creates": ["a", "b"]}.

        Raises PolicyError.
        """
        _known(data, {"fields", "creates"}, "policy")
        if "fields" not in data:
            raise PolicyError("policy: 'fields' is missing; it maps names of fields to their options")
        fields = {name: _field(name, options) for name, options in data["fields"].items()}
        return cls(
            fields, frozenset(_member(Side, side, "creates") for side in data.get("creates", list(Side)))
        )

    def as_data(self) -> dict[str, Any]:
        """The JSON form that `parse` reads."""
        return {
            "fields": {name: _field_data(one) for name, one in self.fields.items()},
            "creates": sorted(self.creates),
        }


def _field(name: str, options: Mapping[str, Any]) -> Field:
    place = f"fields.{name}"
    _known(options, {"direction", "winner", "first", "normalizer", "words"}, place)
    normalizer = options.get("normalizer", "exact")
    if normalizer not in NORMALIZERS:
        raise PolicyError(f"{place}.normalizer: {normalizer!r} is none of {', '.join(NORMALIZERS)}")
    return Field(
        name,
        _member(Direction, options.get("direction", "both"), f"{place}.direction"),
        _member(Winner, options.get("winner", "a"), f"{place}.winner"),
        _member(FirstContact, options.get("first", "fill"), f"{place}.first"),
        normalizer,
        _words(options.get("words"), f"{place}.words"),
    )


def _words(data: Mapping[str, Mapping[str, str]] | None, place: str) -> Both[Mapping[str, str]] | None:
    if data is None:
        return None
    _known(data, {"a", "b"}, place)
    return Both(dict(data.get("a", {})), dict(data.get("b", {})))


def _field_data(one: Field) -> dict[str, Any]:
    words = None if one.words is None else {side.value: dict(one.words[side]) for side in Side}
    return {
        "direction": one.direction.value,
        "winner": one.winner.value,
        "first": one.first.value,
        "normalizer": one.normalizer,
        "words": words,
    }


def _known(data: Mapping[str, Any], names: set[str], place: str) -> None:
    for name in data:
        if name not in names:
            raise PolicyError(f"{place}: unknown option {name!r}; possible are {', '.join(sorted(names))}")


def _member(kind: type[E], value: Any, place: str) -> E:
    try:
        return kind(value)
    except ValueError:
        raise PolicyError(f"{place}: {value!r} is none of {', '.join(kind)}") from None
