"""What a bridge wants of each field and of its records, as data.

`Policy.parse` reads the JSON of a bridge's configuration and names the place of a mistake; `as_data` is its
inverse. How a field is settled stands in `merge`, how one with parts in `parts`; what is compared, here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final, Literal, TypeAlias, TypeVar

from unified_api.engine import entry, mention
from unified_api.engine.normal import NORMALIZERS, blank, normal
from unified_api.engine.values import MISSING, Both, Maybe, Side, Value, Values


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
    """Who prevails when both sides moved since their bases.

    NEWEST: the later edit, by the providers' own times; where these cannot tell, the field's `otherwise`.
    ASK: nobody, until a person says.
    """

    A = "a"
    B = "b"
    NEWEST = "newest"
    ASK = "ask"


class Shape(StrEnum):
    """What a field holds, where that matters for merging.

    VALUE: one thing, taken or left as a whole. SET: words, each of which is added or removed for itself. LOG: the
    same, and nothing is ever removed. MAP: values by name, each merged for itself.
    """

    VALUE = "value"
    SET = "set"
    LOG = "log"
    MAP = "map"


class FirstContact(StrEnum):
    """What happens to a field that was never agreed, and differs.

    FILL: a blank is filled from the other side; else the winner prevails. WINNER: the winner prevails, even
    with a blank. KEEP: a blank is filled; two differing values stay as they are until somebody edits one.
    """

    FILL = "fill"
    WINNER = "winner"
    KEEP = "keep"


class DeleteRule(StrEnum):
    """What happens at a side when its record's counterpart was deleted.

    ASK: a person says; until then the record stays. PROPAGATE: it is deleted too, unless it was edited meanwhile.
    UNLINK: it stays, and lives alone. RESTORE: the lost counterpart is made again from it.
    """

    ASK = "ask"
    PROPAGATE = "propagate"
    UNLINK = "unlink"
    RESTORE = "restore"


class Lacking(StrEnum):
    """The answer of a value map that does not have the word."""

    UNMAPPED = "unmapped"


UNMAPPED: Final = Lacking.UNMAPPED
Translated: TypeAlias = Value | Literal[Lacking.UNMAPPED]
E = TypeVar("E", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Field:
    """The policy of one field; `words` holds the value map into each side, None where both speak alike.

    otherwise: who prevails where the winner cannot be told. blanks: whether an emptied field empties the other
    side. fills: whether it travels only to where there is nothing. reference: its words are ids of records, and its
    map who is whose counterpart. mentions: the signs by which either side calls people whom the text names, see
    `mention`; marked: whether its text is Markdown or HTML there, in which code calls nobody. Adapters tell both, so
    they are no part of the configuration.
    """

    name: str
    direction: Direction = Direction.BOTH
    winner: Winner = Winner.A
    first: FirstContact = FirstContact.FILL
    normalizer: str = "exact"
    words: Both[Mapping[str, str]] | None = None
    shape: Shape = Shape.VALUE
    otherwise: Side = Side.A
    blanks: bool = True
    fills: bool = False
    reference: bool = False
    mentions: Both[tuple[str, ...]] = field(default_factory=lambda: Both[tuple[str, ...]]((), ()))
    marked: Both[bool] = field(default_factory=lambda: Both[bool](a=False, b=False))

    def same(self, one: Value, other: Value) -> bool:
        """Whether two values of ONE side mean the same; words that a set or a value map has go without order."""
        return self._compared(one) == self._compared(other)

    def alike(self, one: Value, other: Value) -> bool:
        """Whether two values of ONE side say nothing different; of an entry, what only one says is not compared."""
        return entry.alike(self._compared(one), self._compared(other))

    def translate(self, value: Value, to: Side, held: Maybe = MISSING) -> Translated:
        """The other side's value in the spelling of side `to`, which holds `held` now; nothing stays nothing.

        A list is translated word by word; one word that the map does not have keeps back the list.
        """
        if self.words is None or normal(value, self.normalizer) is None:
            return self._uncalling(value, to, held)
        if isinstance(value, list):
            return self._each(value, to)
        words = self.words[to]
        if isinstance(value, str) and value in words:
            return words[value]
        for word, translated in words.items():
            if self.same(word, value):
                return translated
        return UNMAPPED

    def lacking(self, value: Value, to: Side) -> list[Value]:
        """What the value map has no word for at side `to`, of a list or of a single value."""
        words = value if isinstance(value, list) else [value]
        return [word for word in words if self.translate(word, to) is UNMAPPED]

    def plain(self, value: Value) -> Value:
        """A value as it is compared, apart from its normalizer: without what keeps mentions from calling people."""
        return mention.bare(value, self._signs) if isinstance(value, str) else value

    def agree(self, now: Both[Value]) -> bool:
        """Whether the sides mean the same: one of them, translated, is the other.

        Either way suffices, for a map may take many words to one: ON_HOLD and OPEN are at peace when the
        other side calls both OPEN. A word that the map knows on neither side means the same on both. What one side
        does not say of an entry, as it has no place for it, is no difference.
        """
        return any(self._matches(now[side.other], side, now[side]) for side in Side) or self._unknown(now)

    def spells(self, sent: Value, got: Value) -> bool:
        """Whether an answer can be the target's spelling of what was sent.

        Free text may come back in any form but empty; words of a value map, flags and numbers may not. Of an entry
        some words may be missing.
        """
        free = self.words is None and isinstance(sent, str) and isinstance(got, str) and not blank(got)
        return free or self.alike(sent, got)

    @property
    def _signs(self) -> tuple[str, ...]:
        return (*self.mentions.a, *self.mentions.b)

    def _uncalling(self, value: Value, to: Side, held: Maybe) -> Value:
        if not isinstance(value, str):
            return value
        there = held if isinstance(held, str) else ""
        return mention.spelt(value, there, self._signs, self.mentions[to], marked=self.marked[to])

    def _each(self, value: list[Value], to: Side) -> Translated:
        translated = [told for word in value if (told := self.translate(word, to)) is not UNMAPPED]
        several = [one for at, one in enumerate(translated) if one not in translated[:at]]  # that mean one
        return several if len(translated) == len(value) else UNMAPPED

    def _compared(self, value: Value) -> Value:
        compared = normal(self.plain(value), self.normalizer)
        if self.words is not None:
            compared = _as_words(compared)
        unordered = self.shape in {Shape.SET, Shape.LOG} or self.words is not None
        return sorted(compared, key=entry.order) if unordered and isinstance(compared, list) else compared

    def _unknown(self, now: Both[Value]) -> bool:
        """Whether both say one word that the map does not have; an id means nothing on the other side."""
        lacking = all(self.translate(now[side], side.other) is UNMAPPED for side in Side)
        return lacking and not self.reference and self.same(now.a, now.b)

    def _matches(self, value: Value, to: Side, held: Value) -> bool:
        translated = self.translate(value, to)
        return translated is not UNMAPPED and self.alike(translated, held)


@dataclass(frozen=True, slots=True)
class Policy:
    """The fields of a bridge by name, and what it does with whole records.

    creates: sides on which it may create records. constants: further fields that a record gets when it is made at a
    side. deletes: the rule at each side for a record whose counterpart was deleted.
    """

    fields: Mapping[str, Field]
    creates: frozenset[Side] = field(default_factory=lambda: frozenset(Side))
    constants: Both[Values] = field(default_factory=lambda: Both[Values]({}, {}))
    deletes: Both[DeleteRule] = field(default_factory=lambda: Both(DeleteRule.ASK, DeleteRule.ASK))

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Policy:
        """Read a configuration: {"fields": {name: {...}}, "creates": ["a", "b"], "constants": …, "deletes": …}.

        Raises PolicyError.
        """
        _known(data, {"fields", "creates", "constants", "deletes"}, "policy")
        if "fields" not in data:
            raise PolicyError("policy: 'fields' is missing; it maps names of fields to their options")
        fields = {name: parse_field(name, options) for name, options in data["fields"].items()}
        return cls(
            fields,
            frozenset(_member(Side, side, "creates") for side in data.get("creates", list(Side))),
            _constants(data.get("constants", {}), fields),
            _deletes(data.get("deletes", {})),
        )

    def as_data(self) -> dict[str, Any]:
        """The JSON form that `parse` reads."""
        return {
            "fields": {name: _field_data(one) for name, one in self.fields.items()},
            "creates": sorted(self.creates),
            "constants": {side.value: dict(self.constants[side]) for side in Side},
            "deletes": {side.value: self.deletes[side].value for side in Side},
        }

    def speaking(self, words: Mapping[str, Both[Mapping[str, str]]]) -> Policy:
        """The same with other value maps, by field: of references, whose counterparts are known only when looked at."""
        if not words:
            return self
        told = {name: replace(self.fields[name], words=both) for name, both in words.items()}
        return replace(self, fields={**self.fields, **told})

    def calling(self, mentions: Both[Mapping[str, tuple[str, ...]]], marked: Both[frozenset[str]]) -> Policy:
        """The same with the signs by which either side calls people, by field, and the fields that are marked up."""
        told = {
            name: replace(
                one,
                mentions=Both(mentions.a.get(name, ()), mentions.b.get(name, ())),
                marked=Both(a=name in marked.a, b=name in marked.b),
            )
            for name, one in self.fields.items()
            if name in mentions.a or name in mentions.b
        }
        return replace(self, fields={**self.fields, **told})


def _as_words(value: Value) -> Value:
    """Numbers as the texts that a value map has for them, whose words are texts: ids of options, for example."""
    if isinstance(value, list):
        return [_as_words(one) for one in value]
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def parse_field(name: str, options: Mapping[str, Any]) -> Field:
    """Read the options of one field; raises PolicyError."""
    place = f"fields.{name}"
    _known(options, set(_OPTIONS), place)
    normalizer = options.get("normalizer", "exact")
    if normalizer not in NORMALIZERS:
        raise PolicyError(f"{place}.normalizer: {normalizer!r} is none of {', '.join(NORMALIZERS)}")
    read = Field(
        name,
        _member(Direction, options.get("direction", "both"), f"{place}.direction"),
        _member(Winner, options.get("winner", "a"), f"{place}.winner"),
        _member(FirstContact, options.get("first", "fill"), f"{place}.first"),
        normalizer,
        _words(options.get("words"), f"{place}.words"),
        _member(Shape, options.get("shape", "value"), f"{place}.shape"),
        _member(Side, options.get("otherwise", "a"), f"{place}.otherwise"),
        blanks=_flag(options, "blanks", place),
        fills=_flag(options, "fills", place),
        reference=_flag(options, "reference", place),
    )
    if read.winner is Winner.ASK and read.shape is not Shape.VALUE:
        raise PolicyError(
            f"{place}.winner: 'ask' goes with single values; a {read.shape} merges by its parts"
        )
    return read


_FLAGS: Final = {"blanks": True, "fills": False, "reference": False}
_OPTIONS: Final = ("direction", "winner", "first", "normalizer", "words", "shape", "otherwise", *_FLAGS)


def _flag(options: Mapping[str, Any], name: str, place: str) -> bool:
    value = options.get(name, _FLAGS[name])
    if not isinstance(value, bool):
        raise PolicyError(f"{place}.{name}: {value!r} is neither true nor false")
    return value


def _words(data: Mapping[str, Mapping[str, str]] | None, place: str) -> Both[Mapping[str, str]] | None:
    if data is None:
        return None
    _known(data, {"a", "b"}, place)
    return Both(dict(data.get("a", {})), dict(data.get("b", {})))


def _constants(data: Mapping[str, Mapping[str, Value]], fields: Mapping[str, Field]) -> Both[Values]:
    _known(data, {"a", "b"}, "constants")
    for side, values in data.items():
        for name in values:
            if name in fields:
                raise PolicyError(
                    f"constants.{side}.{name}: the bridge carries this field; it has no constant"
                )
    return Both(dict(data.get("a", {})), dict(data.get("b", {})))


def _deletes(data: Mapping[str, str]) -> Both[DeleteRule]:
    _known(data, {"a", "b"}, "deletes")
    a, b = (_member(DeleteRule, data.get(side.value, "ask"), f"deletes.{side.value}") for side in Side)
    return Both(a, b)


def _field_data(one: Field) -> dict[str, Any]:
    words = None if one.words is None else {side.value: dict(one.words[side]) for side in Side}
    plain = {name: getattr(one, name) for name in _OPTIONS}
    shown = {name: str(told) if isinstance(told, StrEnum) else told for name, told in plain.items()}
    return shown | {"words": words}


def _known(data: Mapping[str, Any], names: set[str], place: str) -> None:
    for name in data:
        if name not in names:
            raise PolicyError(f"{place}: unknown option {name!r}; possible are {', '.join(sorted(names))}")


def _member(kind: type[E], value: Any, place: str) -> E:
    try:
        return kind(value)
    except ValueError:
        raise PolicyError(f"{place}: {value!r} is none of {', '.join(kind)}") from None
