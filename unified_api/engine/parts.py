"""Fields that hold several things, each settled for itself: words of a set, entries of a log, values of a map.

A part is a small field: absent is blank, and the three-way rules of `merge` decide about it. So a set is united by
base (what one side added comes to the other, what one side removed goes there), a map merges key by key, and two
sides that meet for the first time keep what either has. A part has one name on both sides: its key in a map, the word
as side a says it in a set; a word that side a has no translation for is named by side b's spelling. Two words of one
side that mean the same are one part: they stay or go together. A word may be an entry with words of its own (an address
with its type), and is named by the one that it is known by, so that its type is a matter of that address; see `entry`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from unified_api.engine.entry import fuller, known
from unified_api.engine.normal import normal
from unified_api.engine.policy import UNMAPPED, Field, FirstContact, Shape
from unified_api.engine.values import MISSING, Both, Maybe, Side, Value

Parts = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Opened:
    """A value of one side, split once; not there at all where the field is not."""

    parts: Parts
    is_there: bool

    @classmethod
    def of(cls, one: Field, value: Maybe, side: Side) -> Opened:
        """Split a value."""
        return cls(split(one, value, side), value is not MISSING)

    @classmethod
    def both(cls, one: Field, values: Both[Maybe]) -> Both[Opened]:
        """Split the values of both sides."""
        return Both(cls.of(one, values.a, Side.A), cls.of(one, values.b, Side.B))

    def part(self, name: str) -> Maybe:
        """One part; MISSING where the whole is."""
        return self.parts.get(name) if self.is_there else MISSING


def has_parts(one: Field) -> bool:
    """Whether the field is settled part by part."""
    return one.shape is not Shape.VALUE


def part_field(one: Field) -> Field:
    """The policy of each part. What a log says is never taken back."""
    blanks = one.blanks and one.shape is not Shape.LOG
    return replace(one, shape=Shape.VALUE, first=FirstContact.FILL, blanks=blanks)


def split(one: Field, value: Maybe, side: Side) -> dict[str, Value]:
    """The parts of a value, by name, in the side's own spelling."""
    if isinstance(value, dict):
        return dict(value)
    parts: dict[str, Value] = {}
    for name, word in _named(one, value, side):
        parts[name] = fuller(parts[name], word) if name in parts else word
    return parts


def part(one: Field, value: Maybe, name: str, side: Side) -> Maybe:
    """One part of a value that is there; MISSING where the whole is."""
    return Opened.of(one, value, side).part(name)


def joined(one: Field, value: Maybe, changes: Parts, side: Side) -> Value:
    """The value with some parts set, or gone where the change says nothing; the others stay as and where they are."""
    if one.shape is Shape.MAP:
        kept = {name: held for name, held in split(one, value, side).items() if name not in changes}
        return {**kept, **{name: held for name, held in changes.items() if held is not None}}
    told = dict(changes)
    words = [told.pop(name, None) if name in changes else word for name, word in _named(one, value, side)]
    return [word for word in (*words, *told.values()) if word is not None]


def names(*values: Both[Opened]) -> list[str]:
    """The parts that either side has, or had, in an order that does not depend on who is asked first."""
    return sorted({name for both in values for side in Side for name in both[side].parts})


def _named(one: Field, value: Maybe, side: Side) -> list[tuple[str, Value]]:
    """Each word with its name; two words of a side may mean one thing."""
    return [(_name(one, word, side), word) for word in value] if isinstance(value, list) else []


def _name(one: Field, word: Value, side: Side) -> str:
    translated = word if side is Side.A else one.translate(word, Side.A)
    if translated is UNMAPPED:
        return f"\x1fb{_known(one, word)}"  # no word of side a begins so
    return _known(one, translated)


def _known(one: Field, word: Value) -> str:
    compared = normal(word, one.normalizer)
    name = known(compared)
    return _text(compared if name is None else name)


def _text(value: Value) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
