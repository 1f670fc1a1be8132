"""The words in which adapters speak of lenses; what a lens is stands in `lens`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from typing import Any

from integrations.kit.lens import (
    ChoiceLens,
    ComputeLens,
    DayLens,
    EachLens,
    InstantLens,
    Lens,
    LooseLens,
    OnlyLens,
    RefLens,
)
from integrations.kit.paths import Path


def at(path: Path, **options: Any) -> Lens:
    """The value as it is."""
    return Lens(path=path, **options)


def text(path: Path, *, trims: bool = False, caseless: bool = False, **options: Any) -> Lens:
    """A text of which the provider ignores something; see LooseLens."""
    return LooseLens(path=path, trims=trims, caseless=caseless, **options)


def caseless(key: str) -> Callable[[Any], Any]:
    """For `keep`: objects in which one text is the same in capitals."""
    return lambda value: [{**one, key: one[key].lower()} if one.get(key) else one for one in value]


def choice(path: Path, words: Mapping[str, Any], *, table: str | None = None, **options: Any) -> Lens:
    """Common words to remote words, or tuples of them.

    table: the account's own list, whose ids are written.
    """
    remote = {common: found if isinstance(found, tuple) else (found,) for common, found in words.items()}
    return ChoiceLens(path=path, remote=remote, table=table, **options)


def instant(
    path: Path,
    *,
    parse: Callable[[Any], datetime] = datetime.fromisoformat,
    spell: Callable[[datetime], Any] | None = None,
    timespec: str = "auto",
    **options: Any,
) -> Lens:
    """A point in time, ISO 8601 unless functions say otherwise.

    timespec: how finely the provider keeps it, by the words of `datetime.isoformat`.
    """
    told = spell or (lambda moment: moment.isoformat(timespec=timespec))
    return InstantLens(path=path, parse=parse, spell=told, **options)


def on_day(
    path: Path,
    *,
    parse: Callable[[Any], date] = lambda found: date.fromisoformat(found[:10]),
    spell: Callable[[date], Any] = date.isoformat,
    **options: Any,
) -> Lens:
    """A point in time of which the provider keeps the day alone, the one in UTC; it is read as the day's beginning.

    parse, spell: from and to the provider's form of a day, ISO 8601 unless they say otherwise.
    """
    return InstantLens(
        path=path,
        parse=lambda found: datetime.combine(parse(found), time.min, UTC),
        spell=lambda moment: spell(moment.astimezone(UTC).date()),
        **options,
    )


def day(path: Path, **options: Any) -> Lens:
    """A calendar day."""
    return DayLens(path=path, **options)


def ref(path: Path, *, whole: bool = False, **options: Any) -> Lens:
    """The remote id of a record of another model."""
    return RefLens(path=path, whole=whole, **options)


def refs(path: Path, item: Path = "", *, whole: bool = False, **options: Any) -> Lens:
    """Remote ids in a list; item: where the id stands in each element."""
    return EachLens(path=path, item=RefLens(path=item, whole=whole), **options)


def each(path: Path, item: Lens | None = None, **options: Any) -> Lens:
    """A list, each element through a lens; without one, as it is."""
    return EachLens(path=path, item=item or Lens(), **options)


def only(inner: Lens) -> Lens:
    """A common list with the provider's single value in it."""
    return OnlyLens(
        inner=inner,
        read_only=inner.read_only,
        create_only=inner.create_only,
        after_create=inner.after_create,
    )


def nested(prefix: str, lens: Lens) -> Lens:
    """A lens, one object further in."""
    return lens.inside(prefix)


def compute(
    reader: Callable[[Any], Any],
    writer: Callable[[Any, Any], dict[str, Any]] | None = None,
    *,
    words: tuple[str, ...] | None = None,
    keep: Callable[[Any], Any] | None = None,
    **options: Any,
) -> Lens:
    """Plain functions; see ComputeLens."""
    return ComputeLens(reader=reader, writer=writer, words=words, keep=keep, **options)
