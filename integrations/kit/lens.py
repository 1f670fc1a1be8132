"""Lenses.

Each knows one common field at one provider, reads it out of a record and, if it can, writes it back.

Laws, kept by tests over every registered adapter:
- reading what was written gives it back: read(apply(write(x))) == x
- writing back what was read changes nothing (the mapping compares before it asks a lens to write)
- a lens that cannot write is never asked to
In these, values are equal that a lens says are the `same`: midnight and noon, where the day alone is kept.

A lens reads MISSING when the answer says nothing about the field, and None when it says null. It raises
Unmappable for a record that makes no sense, and Unwritable for a value that the provider cannot hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any, Final, Literal, Protocol

from integrations.kit.errors import Unmappable, Unwritable
from integrations.kit.paths import MISSING, Path, bury, dig, steps

Operation = Literal["create", "update"]


class Words(Protocol):
    """The provider's own words and their ids, as this account has them (see `endpoints.Table`)."""

    def key(self, table: str, word: str) -> str | None:
        """The id of a word, None when the account does not have it."""

    def known(self, table: str) -> list[str]:
        """All words of a table."""


@dataclass(frozen=True, kw_only=True)
class Lens:
    """What all lenses share.

    create_only: fixed once it is made. after_create: a create ignores it, so that an update has to follow.
    to: path at which it is written, where that differs from the path at which it is read.
    """

    path: Path = ""
    to: Path | None = None
    read_only: bool = False
    create_only: bool = False
    after_create: bool = False

    def __post_init__(self) -> None:
        if self.create_only + self.read_only + self.after_create > 1:
            raise TypeError(
                f"lens at {self.path!r}: read_only, create_only and after_create exclude each other"
            )

    @property
    def target(self) -> Path:
        """The path at which it is written."""
        return self.path if self.to is None else self.to

    @property
    def place(self) -> Path:
        """Where what it reads stands; empty where that may be anywhere."""
        return self.path

    @property
    def tables(self) -> frozenset[str]:
        """The account's own lists in which a write may look words up."""
        return frozenset()

    def touches(self, place: tuple[str, ...]) -> bool:
        """Whether it reads what stands at a place, above it or below it."""
        mine = steps(self.place)
        return all(one == other for one, other in zip(mine, place, strict=False))

    def writes(self, operation: Operation) -> bool:
        """Whether it may be sent."""
        return not self.read_only and not (self.create_only and operation == "update")

    def read(self, record: Any) -> Any:
        """The common value."""
        found = dig(record, self.path)
        return found if found is MISSING or found is None else self.decode(found)

    def write(self, value: Any, current: Any, words: Words) -> dict[str, Any]:  # noqa: ARG002 - others use it
        """The smallest remote object that says so. current: the record as it is, None on a create."""
        return bury(self.target, None if value is None else self.encode(value, words))

    def decode(self, found: Any) -> Any:
        """The common value of a remote one."""
        return found

    def encode(self, value: Any, words: Words) -> Any:  # noqa: ARG002 - others use it
        """The remote value of a common one."""
        return value

    def canonical(self, value: Any) -> Any:
        """The form that all common values share that are one there: of a moment its day, where that alone is kept."""
        return value

    def same(self, left: Any, right: Any) -> bool:
        """Whether two common values are one there, as the provider keeps some of them in its own way."""
        return bool(left == right or self.canonical(left) == self.canonical(right))

    def inside(self, prefix: str) -> Lens:
        """The same lens, one object further in."""
        return replace(
            self, path=f"{prefix}.{self.path}", to=None if self.to is None else f"{prefix}.{self.to}"
        )


@dataclass(frozen=True, kw_only=True)
class ChoiceLens(Lens):
    """Common words for remote ones.

    Several remote words may mean the same; the first known one is written.
    """

    remote: Mapping[str, tuple[Any, ...]]
    table: str | None = None
    _common: dict[Any, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        pairs = [((type(word), word), common) for common, words in self.remote.items() for word in words]
        if len(dict(pairs)) != len(pairs):
            raise TypeError(f"choice({self.path!r}): a remote word stands for two common ones")
        object.__setattr__(self, "_common", dict(pairs))

    @property
    def tables(self) -> frozenset[str]:
        """That of its words."""
        return frozenset() if self.table is None else frozenset({self.table})

    def decode(self, found: Any) -> Any:
        """The common word; one that nobody mapped passes through, and is counted by the mapping."""
        if isinstance(found, dict | list):
            raise Unmappable(f"a word is due at {self.path!r}, a {type(found).__name__} came")
        return self._common.get((type(found), found), str(found))

    def encode(self, value: Any, words: Words) -> Any:
        """The remote word, or its id where the provider wants that."""
        candidates = self.remote.get(value, (value,))
        if self.table is None and value in self.remote:
            return candidates[0]
        for word in candidates if self.table else ():
            key = words.key(self.table or "", word)
            if key is not None:
                return key
        known = self.remote if self.table is None else [*self.remote, *words.known(self.table)]
        raise Unwritable(f"cannot be {value!r} there; known are {', '.join(map(str, known))}")


#: Two times of one day.
_MORNING: Final = datetime(2001, 2, 3, 4, tzinfo=UTC)
_EVENING: Final = datetime(2001, 2, 3, 21, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class InstantLens(Lens):
    """A point in time. parse and spell: from and to the provider's form."""

    parse: Callable[[Any], datetime]
    spell: Callable[[datetime], Any]

    def decode(self, found: Any) -> Any:
        """An aware datetime; one without zone is UTC."""
        try:
            moment = self.parse(found)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        except (TypeError, ValueError, OverflowError, OSError, AttributeError):
            raise Unmappable(f"what stands at {self.path!r} is no moment that exists") from None

    def encode(self, value: Any, words: Words) -> Any:  # noqa: ARG002 - see Lens
        """The provider's form."""
        return self.spell(value)

    def canonical(self, value: Any) -> Any:
        """As it is read again: whatever the provider's form does not say is lost."""
        return self.decode(self.spell(value))

    @property
    def keeps_days(self) -> bool:
        """Whether the provider keeps nothing of what is written but the day, the one in UTC."""
        return not self.read_only and self.same(_MORNING, _EVENING)


@dataclass(frozen=True, kw_only=True)
class DayLens(Lens):
    """A calendar day, ISO 8601."""

    def decode(self, found: Any) -> Any:
        """A date; the time of a date-time is dropped."""
        try:
            return date.fromisoformat(found[:10])
        except (TypeError, ValueError):
            raise Unmappable(f"what stands at {self.path!r} is no day that exists") from None

    def encode(self, value: Any, words: Words) -> Any:  # noqa: ARG002 - see Lens
        """ISO 8601."""
        return value.isoformat()


@dataclass(frozen=True, kw_only=True)
class LooseLens(Lens):
    """A text that is one with others there.

    trims: with those that have blanks around it. caseless: with those in capitals.
    """

    trims: bool = False
    caseless: bool = False

    def canonical(self, value: Any) -> Any:
        """Without what makes no difference."""
        bare = value.strip() if self.trims else value
        return bare.lower() if self.caseless else bare


@dataclass(frozen=True, kw_only=True)
class RefLens(Lens):
    """A remote id. whole: the provider takes it as an integer."""

    whole: bool = False

    def encode(self, value: Any, words: Words) -> Any:  # noqa: ARG002 - see Lens
        """The id in the provider's form."""
        return _whole(value) if self.whole else value


@dataclass(frozen=True, kw_only=True)
class EachLens(Lens):
    """A list, each element through a lens of its own."""

    item: Lens

    @property
    def tables(self) -> frozenset[str]:
        """Those of its elements."""
        return self.item.tables

    def decode(self, found: Any) -> Any:
        """The list without nulls."""
        if not isinstance(found, list):
            raise Unmappable(f"a list is due at {self.path!r}, a {type(found).__name__} came")
        plain = self.item.path in {"", ()} and type(self.item).decode is Lens.decode
        read = found if plain else [self.item.read(element) for element in found]
        if MISSING in read:
            raise Unmappable(f"an element of the list at {self.path!r} lacks {self.item.path!r}")
        return [value for value in read if value is not None]

    def encode(self, value: Any, words: Words) -> Any:
        """The list in the provider's form."""
        if self.item.path in {"", ()} or self.item.to in {"", ()}:
            return [self.item.encode(element, words) for element in value]
        return [self.item.write(element, None, words) for element in value]

    def canonical(self, value: Any) -> Any:
        """Each element in that form."""
        return [self.item.canonical(element) for element in value]


@dataclass(frozen=True, kw_only=True)
class OnlyLens(Lens):
    """A list of at most one, where the provider has a single value."""

    inner: Lens

    def read(self, record: Any) -> Any:
        """The list."""
        found = self.inner.read(record)
        return found if found is MISSING else [] if found is None else [found]

    def write(self, value: Any, current: Any, words: Words) -> dict[str, Any]:
        """The single value."""
        if value and len(value) > 1:
            raise Unwritable("can only be one there")
        return self.inner.write(value[0] if value else None, current, words)

    def canonical(self, value: Any) -> Any:
        """The single value in that form."""
        return [self.inner.canonical(element) for element in value]

    @property
    def tables(self) -> frozenset[str]:
        """Those of the single value."""
        return self.inner.tables

    @property
    def place(self) -> Path:
        """That of the single value."""
        return self.inner.place

    @property
    def target(self) -> Path:
        """That of the single value."""
        return self.inner.target

    def inside(self, prefix: str) -> Lens:
        """The same, one object further in."""
        return replace(self, inner=self.inner.inside(prefix))


@dataclass(frozen=True, kw_only=True)
class ComputeLens(Lens):
    """Plain functions, for what no path says.

    reader: from the record. writer: from value and current record (None on a create) to the remote object;
    without one the field is read-only. words: what it can write, where it is words. keep: from a value to its
    canonical form.
    """

    reader: Callable[[Any], Any]
    writer: Callable[[Any, Any], dict[str, Any]] | None = None
    words: tuple[str, ...] | None = None
    keep: Callable[[Any], Any] | None = None

    def read(self, record: Any) -> Any:
        """What the function says."""
        return self.reader(record)

    def canonical(self, value: Any) -> Any:
        """What the function says."""
        return value if self.keep is None else self.keep(value)

    def write(self, value: Any, current: Any, words: Words) -> dict[str, Any]:  # noqa: ARG002 - see Lens
        """What the function says."""
        if self.writer is None:
            raise Unwritable("is read-only there")
        return self.writer(value, current)

    def inside(self, prefix: str) -> Lens:
        """Refused: the functions know their own way."""
        raise TypeError(f"compute() reads the whole record; it cannot be nested in {prefix!r}")

    def writes(self, operation: Operation) -> bool:
        """Only with a writer."""
        return self.writer is not None and super().writes(operation)


def _whole(value: Any) -> int:
    try:
        return int(value)
    except ValueError:
        raise Unwritable(f"is no id of this provider: {value!r}") from None
