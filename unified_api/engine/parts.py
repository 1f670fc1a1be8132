"""Fields that hold several things, each settled for itself: words of a set, entries of a log, values of a map.

A part is a small field: absent is blank, and the three-way rules of `merge` decide about it. So a set is united by
base (what one side added comes to the other, what one side removed goes there), a map merges key by key, and two
sides that meet for the first time keep what either has. A part has one name on both sides: its key in a map, the word
as side a says it in a set; a word that side a has no translation for is named by side b's spelling. Two words of one
side that mean the same are one part: they stay or go together.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace

from unified_api.engine.normal import normal
from unified_api.engine.policy import UNMAPPED, Field, FirstContact, Shape
from unified_api.engine.values import MISSING, Both, Maybe, Side, Value

Parts = Mapping[str, Value]


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
    return dict(_named(one, value, side))


def part(one: Field, value: Maybe, name: str, side: Side) -> Maybe:
    """One part of a value that is there; MISSING where the whole is."""
    return MISSING if value is MISSING else split(one, value, side).get(name)


def joined(one: Field, value: Maybe, changes: Parts, side: Side) -> Value:
    """The value with some parts set, or gone where the change says nothing; the others stay as and where they are."""
    if one.shape is Shape.MAP:
        kept = {name: held for name, held in split(one, value, side).items() if name not in changes}
        return {**kept, **{name: held for name, held in changes.items() if held is not None}}
    told = dict(changes)
    words = [told.pop(name, None) if name in changes else word for name, word in _named(one, value, side)]
    return [word for word in (*words, *told.values()) if word is not None]


def names(one: Field, values: Both[Maybe], bases: Both[Maybe]) -> Iterator[str]:
    """The parts that either side has, or had, in an order that does not depend on who is asked first."""
    found = {name for side in Side for value in (values, bases) for name in split(one, value[side], side)}
    yield from sorted(found)


def _named(one: Field, value: Maybe, side: Side) -> list[tuple[str, Value]]:
    """Each word with its name; two words of a side may mean one thing."""
    return [(_name(one, word, side), word) for word in value] if isinstance(value, list) else []


def _name(one: Field, word: Value, side: Side) -> str:
    translated = word if side is Side.A else one.translate(word, Side.A)
    if translated is UNMAPPED:
        return f"\x1fb{_text(normal(word, one.normalizer))}"  # no word of side a begins so
    return _text(normal(translated, one.normalizer))


def _text(value: Value) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
