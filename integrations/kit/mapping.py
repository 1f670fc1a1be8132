"""A common model at one provider: which lens knows which field.

Checked against the declaration when it is imported.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from integrations.kit.errors import SHAPELESS, Rejected, Unmappable, Unwritable
from integrations.kit.kinds import Coerce, coercion, identifier
from integrations.kit.lens import ChoiceLens, ComputeLens, Lens, RefLens, Words
from integrations.kit.lenses import at, refs
from integrations.kit.paths import MISSING, Path, merge, steps, without
from integrations.kit.searching import UNSEARCHED, Unsearched
from integrations.kit.strict import REPLACEMENT, scrub
from unified_api.models.base import CUSTOM, CommonModel, sensitive, wire_fields
from unified_api.models.fields import Choice, Ref, Refs, Texts
from unified_api.models.sealed import revealed

Operation = Literal["create", "update"]
_UNREADABLE = (Unmappable, *SHAPELESS)
_NOTHING: tuple[Any, ...] = (None, MISSING)


@dataclass(frozen=True)
class Pulled:
    """A record as common values.

    unknown: `field: word` for words that are not in the vocabulary, and what else is counted like these.
    """

    remote_id: str
    values: dict[str, Any]
    version: str | None
    unknown: tuple[str, ...]
    cleaned: tuple[str, ...]
    merged_into: str | None = None
    gone: bool = False


class Mapping:
    """Lenses by common field.

    remote_id, version: a path or lens; version must grow as text with every change, or be left out. merged_into:
    the same for the id of the record that a merged one went into, blank in all others. gone: the same for what is true
    of a record that the provider shows though it is deleted, or not of this model any more; nothing else of it is read.
    A bare path stands for the plain lens of that field's class. Raises TypeError for a field or word that the model
    lacks.
    """

    #: Fields that it neither reads nor writes, though it knows how.
    withheld: frozenset[str] = frozenset()

    def __init__(
        self,
        model: type[CommonModel],
        /,
        *,
        remote_id: str | Lens = "id",
        version: str | Lens | None = None,
        merged_into: str | Lens | None = None,
        gone: str | Lens | None = None,
        **lenses: str | Lens,
    ) -> None:
        fields = wire_fields(model)
        unknown = sorted(set(lenses) - set(fields))
        if unknown:
            raise TypeError(f"{model.__name__} has no field {', '.join(unknown)}; it has {', '.join(fields)}")
        self.model = model
        self.remote_id = at(remote_id) if isinstance(remote_id, str) else remote_id
        self.version = at(version) if isinstance(version, str) else version
        self.merged_into = at(merged_into) if isinstance(merged_into, str) else merged_into
        self.gone = at(gone) if isinstance(gone, str) else gone
        self.lenses = {name: _lens(lens, fields[name]) for name, lens in lenses.items()}
        self._coerce: dict[str, Coerce] = {name: coercion(fields[name]) for name in lenses}
        self._reads = [(name, lens.read, self._coerce[name]) for name, lens in self.lenses.items()]
        self._words = {name: f.words for name, f in fields.items() if isinstance(f, Choice)}
        self._sets = {name for name, f in fields.items() if isinstance(f, Refs | Texts)}
        self._hidden = [self.lenses[name].path for name in sensitive(model) if name in self.lenses]
        self._custom: list[tuple[str, Lens]] = []
        self._apart: tuple[Path, ...] = ()
        if not all(self._hidden):
            raise TypeError(
                f"{model.__name__}: the lens of a sensitive field needs the path at which it stands"
            )
        self._check_words()

    def pull(self, record: Any, *, dirty: bool = False) -> Pulled:
        """The common values of a record; raises Unmappable. dirty: its answer had characters replaced."""
        if not isinstance(record, dict):
            raise Unmappable(f"a record is an object, a {type(record).__name__} came")
        remote_id = self.identify(record)
        if self.gone is not None and self._dug(self.gone, record) is True:
            return Pulled(remote_id, {}, None, (), (), gone=True)
        values = self._values(record)
        unsearched: Sequence[str] = self._add_customs(record, values) if self._custom else ()
        version = self._dug(self.version, record) if self.version else None
        unknown = [
            f"{name}: {word}"
            for name, known in self._words.items()
            if (word := values.get(name)) and word not in known
        ]
        into = self._dug(self.merged_into, record) if self.merged_into else None
        cleaned = [name for name, value in values.items() if REPLACEMENT in str(value)] if dirty else ()
        return Pulled(
            remote_id,
            values,
            None if version in (None, MISSING) else str(version),
            (*unknown, *unsearched),
            tuple(f"{name}: characters that cannot be stored were replaced" for name in cleaned),
            None if into in (None, MISSING, "") else identifier(into),
        )

    @property
    def speaks_of(self) -> frozenset[str]:
        """Names of the fields of which an answer may speak, those that are withheld among them."""
        return frozenset(self.lenses)

    def says(self, record: Any, name: str) -> Any:
        """What a record says of a field that is not read, for who decides by it and keeps nothing of it.

        MISSING where it does not speak of it; raises Unmappable.
        """
        known = name in self.withheld and name in self.lenses
        return self._read(name, self.lenses[name], record) if known else MISSING

    @property
    def hides(self) -> bool:
        """Whether it has sensitive fields."""
        return bool(self._hidden)

    @property
    def sensitive(self) -> tuple[Path, ...]:
        """Where its sensitive fields stand."""
        return tuple(self._hidden)

    def bare(self, record: Any) -> Any:
        """The record without its sensitive fields, as it may be kept."""
        for path in self._hidden:
            record = without(record, path)
        return record

    def _values(self, record: Any) -> dict[str, Any]:
        """What the record says of each field; a loop of its own, as nothing is done more often."""
        values: dict[str, Any] = {}
        for name, read, coerce in self._reads:
            try:
                found = read(record)
                if found is not MISSING:
                    values[name] = None if found is None else coerce(found)
            except _UNREADABLE as error:
                raise _named(name, error) from None
        return values

    def _add_customs(self, record: Any, values: dict[str, Any]) -> list[str]:
        """What custom fields find in a record, from which all is taken that they may not see.

        One that cannot be searched there is null, for a tenant's path is no reason to set a record aside; which these
        are.
        """
        for path in self._apart:
            record = without(record, path)
        unsearched: list[str] = []
        if record is None:
            return unsearched
        for name, lens in self._custom:
            try:
                found = self._read(name, lens, record)
            except Unsearched:
                found = None
                unsearched.append(f"{name}: {UNSEARCHED}")
            if found is not MISSING:
                values[name] = found
        return unsearched

    def touching(self, places: Iterable[Path]) -> frozenset[str]:
        """The custom fields that read what stands at one of some places, or may read it."""
        told = [steps(place) for place in places]
        return frozenset(name for name, lens in self._custom if any(lens.touches(place) for place in told))

    def apart(self, places: Iterable[Path]) -> Mapping:
        """The same, whose custom fields do not see what stands at some places either."""
        if not self._custom:
            return self
        same = copy.copy(self)
        same.__dict__["_apart"] = (*self._apart, *places)
        return same

    def places(self, names: Iterable[str]) -> list[Path]:
        """Where some of its fields stand; an empty one where a function reads the whole record."""
        return [
            self.lenses[name].place for name in names if name in self.lenses and not name.startswith(CUSTOM)
        ]

    def identify(self, record: Any) -> str:
        """The remote id of a record; raises Unmappable."""
        found = self._dug(self.remote_id, record)
        if found is MISSING or found is None:
            raise Unmappable(f"the record has no {self.remote_id.path!r}, which would be its id")
        return identifier(found)

    def push(
        self, values: dict[str, Any], current: Any, operation: Operation, words: Words
    ) -> dict[str, Any]:
        """The remote object that makes a record say these values, empty when it says them already.

        current: the record as it is, None on a create. Raises Rejected, naming every field that cannot be
        sent.
        """
        patch: dict[str, Any] = {}
        faults: dict[str, str] = {}
        for name, value in values.items():
            try:
                patch = merge(patch, self._write(name, value, current, operation, words))
            except (Unwritable, Unmappable) as error:
                faults[name] = str(error)
        if faults:
            raise Rejected(f"the {self.model.__name__.lower()} cannot be written like this", fields=faults)
        return patch

    def clean(self, name: str, value: Any) -> Any:
        """A value as the field holds it; raises Unmappable."""
        return None if value is None else self._coerce[name](value)

    def canonical(self, name: str, value: Any) -> Any:
        """The form that all values of a field share that are one there; see Lens.canonical."""
        lens = self.lenses.get(name)
        return value if lens is None or value in _NOTHING else lens.canonical(value)

    def same(self, name: str, left: Any, right: Any) -> bool:
        """Whether two values of a field say the same; the order of sets does not matter. See Lens.same."""
        if name in self._sets and left is not MISSING and right is not MISSING:
            return set(self.canonical(name, left or [])) == set(self.canonical(name, right or []))
        lens = self.lenses.get(name)
        if lens is None or left in _NOTHING or right in _NOTHING:
            return bool(left == right)
        return lens.same(left, right)

    def writable(self, operation: Operation) -> frozenset[str]:
        """Names of the fields that may be sent."""
        return frozenset(name for name, lens in self.lenses.items() if lens.writes(operation))

    def words(self, name: str) -> tuple[str, ...] | None:
        """The common words that can be stored in a field; None where any value can be."""
        lens = self.lenses.get(name)
        if isinstance(lens, ChoiceLens):
            return tuple(lens.remote)
        return lens.words if isinstance(lens, ComputeLens) else None

    @staticmethod
    def _dug(lens: Lens, record: Any) -> Any:
        """What a lens reads beside the fields; raises Unmappable."""
        try:
            return lens.read(record)
        except SHAPELESS as error:
            raise _shapeless(str(lens.path), error) from error

    def _read(self, name: str, lens: Lens, record: Any) -> Any:
        try:
            found = lens.read(record)
            return found if found is MISSING else self.clean(name, found)
        except Unsearched:
            raise
        except _UNREADABLE as error:
            raise _named(name, error) from None

    def _write(
        self, name: str, value: Any, current: Any, operation: Operation, words: Words
    ) -> dict[str, Any]:
        lens = self.lenses.get(name)
        if lens is None:
            raise Unwritable("does not exist there")
        wanted = self.clean(name, value)
        if current is not None and self.same(name, self._read(name, lens, current), wanted):
            return {}
        if not lens.writes(operation):
            raise Unwritable("cannot be changed there" if operation == "update" else "cannot be set there")
        patch = lens.write(revealed(wanted), current, words)
        return {} if operation == "create" and lens.after_create else patch

    def _check_words(self) -> None:
        for name, known in self._words.items():
            wrong = sorted(set(self.words(name) or ()) - set(known)) if name in self.lenses else []
            if wrong:
                raise TypeError(
                    f"{self.model.__name__}.{name} has no word {', '.join(wrong)}; it has {', '.join(known)}"
                )


class Extended(Mapping):
    """A mapping with further fields beside those that it has, by their whole names; of these it keeps what is so.

    apart: places that they do not see, beside those of its sensitive fields.
    """

    def __init__(self, base: Mapping, further: dict[str, Lens], apart: Iterable[Path] = ()) -> None:
        self.__dict__.update(vars(base))
        self._base, self._further = base, further
        self.lenses = {**base.lenses, **further}
        self._coerce = {**self._coerce, **dict.fromkeys(further, scrub)}
        self._custom = [*self._custom, *further.items()]
        self._apart = (*self._apart, *self._hidden, *apart)

    def writable(self, operation: Operation) -> frozenset[str]:
        """Names of the fields that may be sent."""
        further = (name for name, lens in self._further.items() if lens.writes(operation))
        return self._base.writable(operation) | frozenset(further)


class Narrowed(Mapping):
    """A mapping that neither reads nor writes some of its fields; what it knows of them stays."""

    def __init__(self, base: Mapping, without: Collection[str]) -> None:
        self.__dict__.update(vars(base))
        self.withheld = frozenset(without)
        self._reads = [one for one in self._reads if one[0] not in self.withheld]
        self._custom = [one for one in self._custom if one[0] not in self.withheld]

    def writable(self, operation: Operation) -> frozenset[str]:
        """Names of the fields that may be sent."""
        return super().writable(operation) - self.withheld


def _shapeless(name: str, error: Exception) -> Unmappable:
    return (
        error
        if isinstance(error, Unmappable)
        else Unmappable(f"{name}: not the shape that is documented ({type(error).__name__})")
    )


def _named(name: str, error: Exception) -> Unmappable:
    return Unmappable(f"{name}: {error}") if isinstance(error, Unmappable) else _shapeless(name, error)


def _lens(lens: str | Lens, field: Any) -> Lens:
    if isinstance(lens, Lens):
        return lens
    if isinstance(field, Refs):
        return refs(lens)
    return RefLens(path=lens) if isinstance(field, Ref) else at(lens)
